import { App, reply, throttle } from 'millrace'

/** Who was given which key; yours are in a database. */
const accounts = new Map([
  ['key-of-ada', 'ada'],
  ['key-of-bob', 'bob'],
])

const perAccount = throttle({
  rate: '20 kB/s',
  burst: 10_000,
  per: 'client',
  // A key that nobody was given counts for nothing.
  client: ({ request }) => accounts.get(String(request.headers['x-api-key'])) ?? request.peer.address,
})

const app = new App({ fileMemory: 64 * 1024 * 1024, middleware: [perAccount] })

app.get('/archive', () => reply.bytes(new Uint8Array(20_000)))

await app.listen()
