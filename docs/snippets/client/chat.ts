import { App } from 'millrace'
import { createClient } from 'millrace/client'
import { WebSocket } from 'ws'
import { z } from 'zod'

const app = new App()
const Point = z.object({ x: z.number(), y: z.number() })

export const mirror = app.websocket('/mirror', { receives: Point, sends: Point }, async ({ socket }) => {
  for await (const { x, y } of socket) await socket.send({ x: y, y: x })
})

const { url } = await app.listen()

// Node 20 has no WebSocket of its own, so the client is given one.
const api = createClient<{ mirror: typeof mirror }>(url, { WebSocket })
const socket = await api.websocket('/mirror', { json: true })

socket.send({ x: 1, y: 2 })
for await (const point of socket) {
  console.log(JSON.stringify(point))
  break // closes the socket
}
