import { App, reply, throttle } from 'millrace'

const perAccount = throttle({
  rate: '20 kB/s',
  burst: 10_000,
  per: 'client',
  client: ({ request }) => String(request.headers['x-account'] ?? request.peer.address),
})

const app = new App({ fileMemory: 64 * 1024 * 1024, middleware: [perAccount] })

app.get('/archive', () => reply.bytes(new Uint8Array(20_000)))

await app.listen()
