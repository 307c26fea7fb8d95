/** A server of HTTP/2 that tells how many connections it still has in memory. A process of its own: it collects. */
import { createServer } from 'node:http2'
import { Socket } from 'node:net'
import { queryObjects } from 'node:v8'
import { App, bytes } from 'millrace'

const kept = []
/** More than a connection takes from a server whose client does not read. */
const SIZE = 8 << 20
/** How long a client may take nothing. */
const STALL_MS = 60

async function listen(name) {
  if (name === 'millrace') {
    const app = new App()
    app.get('/', () => 'ok')
    app.post('/', { streams: bytes(), timeouts: { stall: STALL_MS } }, async function* ({ body }) {
      yield new Uint8Array(SIZE)
      yield* body
    })
    return (await app.listen({ port: 0, http2: true, signals: false })).port
  }
  const server = createServer()
  if (name === 'keeping') server.on('connection', (connection) => kept.push(connection))
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    stream.respond()
    stream.write(Buffer.alloc(SIZE))
    setTimeout(() => stream.destroy(), STALL_MS)
  })
  server.on('session', (session) => session.on('error', () => {}))
  server.on('sessionError', () => {})
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

process.on('message', () => {
  for (let i = 0; i < 3; i++) globalThis.gc()
  process.send(queryObjects(Socket, { format: 'count' }))
})
process.once('disconnect', () => process.exit())
process.send(await listen(process.argv[2]))
