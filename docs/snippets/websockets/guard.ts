import { App, dependency, HttpError } from 'millrace'
import { z } from 'zod'

const user = dependency({ query: z.object({ token: z.string() }) }, ({ query }) => {
  if (query.token !== 'secret') throw new HttpError(401)
  return { name: 'ada' }
})

const app = new App()

app.websocket(
  '/private',
  { use: { user }, origins: ['https://app.example'], messageLimit: 4096 },
  async ({ socket, user }) => {
    await socket.send(`hello ${user.name}`)
    for await (const message of socket) if (message === 'bye') socket.close(4000, 'as you wish')
  },
)

await app.listen()
