import { App, channel } from 'millrace'
import { z } from 'zod'

const app = new App()
const chat = channel('chat', z.string())

app.websocket('/ws', { receives: z.string(), sends: z.string() }, async ({ socket }) => {
  socket.follow(chat)
  for await (const line of socket) chat.publish(`Message: ${line}`)
})

await app.listen({ port: 8000 })
