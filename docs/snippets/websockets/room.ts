import { App, channel } from 'millrace'
import { z } from 'zod'

const app = new App()
const Line = z.object({ from: z.string(), text: z.string() })
const room = channel('room', Line, { history: 100, slow: 'drop-oldest' })

app.websocket('/room/:name', { receives: z.string(), sends: Line }, async ({ socket, params }) => {
  socket.follow(room, { replay: 10 })
  room.publish({ from: params.name, text: 'came in' })
  for await (const text of socket) room.publish({ from: params.name, text })
  room.publish({ from: params.name, text: 'left' })
})

await app.listen()
