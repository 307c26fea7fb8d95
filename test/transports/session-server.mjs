/** A server of HTTP/2 that tells how many connections it still has in memory. A process of its own: it collects. */
import { createServer } from 'node:http2'
import { Socket } from 'node:net'
import { queryObjects } from 'node:v8'
import { App } from 'millrace'

const kept = []

async function listen(name) {
  if (name === 'millrace') {
    const app = new App()
    app.get('/', () => 'ok')
    return (await app.listen({ port: 0, http2: true, signals: false })).port
  }
  const server = createServer()
  server.on('connection', (connection) => kept.push(connection))
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
