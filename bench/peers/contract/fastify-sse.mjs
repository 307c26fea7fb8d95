/** @fastify/sse: `reply.sse.send(generator)`, the hook `reply.sse.onClose`, Fastify's `close()` at SIGTERM. */
import compress from '@fastify/compress'
import sse from '@fastify/sse'
import Fastify from 'fastify'
import { port, ready, streams, told, variant } from '../../src/contract/server/producer.mjs'

const forbidden = () => Object.assign(new Error('Forbidden'), { statusCode: 403 })

const app = Fastify()
if (variant === 'compress') await app.register(compress)
await app.register(sse)

for (const [path, make] of Object.entries(streams)) {
  app.get(path, { sse: 'only' }, async (request, reply) => {
    const { id } = request.query
    const { signal } = request
    reply.sse.onClose(() => told(id))
    const items = make({ id, signal, forbidden })
    if (variant !== 'catch') return reply.sse.send(items)
    // The README's error handling.
    try {
      await reply.sse.send(items)
    } catch {
      await reply.sse.send({ event: 'error', data: { message: 'Stream error occurred' } })
    }
  })
}

const guard = async () => {
  throw forbidden()
}
app.get('/guarded', { sse: 'only', preHandler: guard }, async (request, reply) => reply.sse.send('secret'))
app.get('/ping', async () => 'pong')

process.on('SIGTERM', () => app.close())
await app.listen({ port, host: '127.0.0.1' })
ready(app.server.address().port)
