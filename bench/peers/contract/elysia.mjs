/** Elysia on @elysiajs/node: the handler is a generator; the request's signal; SIGTERM as its adapter handles it. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { node } from '@elysiajs/node'
import { Elysia, status } from 'elysia'
import { port, ready, streams, tellOf } from '../../src/contract/server/producer.mjs'

const app = new Elysia({ adapter: node() })
const forbidden = () => status(403)

for (const [path, make] of Object.entries(streams)) {
  app.get(path, async function* (context) {
    const { id } = context.query
    const { signal } = context.request
    tellOf(signal, id)
    yield* make({ id, signal, forbidden })
  })
}

app.get(
  '/guarded',
  function* () {
    yield 'secret\n'
  },
  { beforeHandle: () => status(403) },
)
app.get('/ping', () => 'pong')

// It does not tell which port it got, so it gets one that was free a moment ago.
const probe = createServer().listen(port, '127.0.0.1')
await once(probe, 'listening')
const free = probe.address().port
probe.close()
await once(probe, 'close')
app.listen({ port: free, hostname: '127.0.0.1' }, () => ready(free))
