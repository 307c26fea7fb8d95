import { App } from 'millrace'

const app = new App()

app.get('/whoami', ({ request }) => ({
  address: request.peer.address,
  secure: request.peer.encrypted,
  host: request.headers['host'],
}))

// nginx stands on the same machine; whatever else connects is not believed.
await app.listen({ port: 8000, trustProxy: ['loopback'] })
