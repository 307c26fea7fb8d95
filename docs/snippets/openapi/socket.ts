import { App, channel } from 'millrace'
import { z } from 'zod'

const Line = z.object({ from: z.string(), text: z.string() })

export const lines = channel('lines', Line)

export const app = new App({
  title: 'Chat',
  asyncapi: {
    servers: { production: { host: 'chat.example', protocol: 'wss' } },
    channels: [lines],
  },
})

export const chat = app.websocket(
  '/rooms/:room',
  { summary: 'A room', receives: z.string(), sends: Line },
  async ({ socket, params }) => {
    socket.follow(lines)
    for await (const text of socket) lines.publish({ from: params.room, text })
  },
)
