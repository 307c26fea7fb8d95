import { App, channel } from 'millrace'
import { z } from 'zod'

const app = new App()
export const prices = channel('prices', z.object({ price: z.number() }))

app.websocket('/prices', { sends: z.object({ price: z.number() }) }, async ({ socket }) => {
  socket.follow(prices)
  await socket.closed
})

await app.listen()
