import { anyOf, apiKey, App, basic, sameSecret } from 'millrace'

const secret = 'correct horse battery staple'

const machine = apiKey({ in: 'header', key: 'x-api-key' }, (key) =>
  sameSecret(key, secret) ? { name: 'machine' } : undefined,
)

const person = basic({ realm: 'Kitchen' }, async ({ username, password }) =>
  username === 'ada' && sameSecret(password, secret) ? { name: username } : undefined,
)

const app = new App()

app.get('/stock', { use: { caller: anyOf(machine, person) } }, ({ caller }) => `12 tins, ${caller.name}`)

await app.listen()
