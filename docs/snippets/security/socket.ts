import { apiKey, App } from 'millrace'

const session = apiKey({ in: 'cookie', key: 'session' }, (key) =>
  key === 's-1' ? { name: 'ada' } : undefined,
)

const app = new App()

app.websocket('/chat', { use: { user: session } }, async ({ socket, user }) => {
  await socket.send(`hello ${user.name}`)
})

await app.listen()
