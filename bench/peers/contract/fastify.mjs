/** Fastify: `reply.send(Readable.from(...))`, the hook `onRequestAbort`, `close()` at SIGTERM. */
import { Readable } from 'node:stream'
import compress from '@fastify/compress'
import Fastify from 'fastify'
import { port, ready, streams, told, variant } from '../../src/contract/server/producer.mjs'

const forbidden = () => Object.assign(new Error('Forbidden'), { statusCode: 403 })

const app = Fastify(variant === 'force' ? { forceCloseConnections: true } : {})
if (variant === 'compress') await app.register(compress)

app.addHook('onRequestAbort', async (request) => told(request.query.id))

for (const [path, make] of Object.entries(streams)) {
  app.get(path, (request, reply) => {
    const { signal } = request
    const items = make({ id: request.query.id, signal, forbidden })
    return reply.type('text/plain').send(Readable.from(items))
  })
}

app.get('/guarded', { preHandler: async () => { throw forbidden() } }, (request, reply) =>
  reply.send(Readable.from(['secret\n'])),
)
app.get('/ping', async () => 'pong')

process.on('SIGTERM', () => app.close())
await app.listen({ port, host: '127.0.0.1' })
ready(app.server.address().port)
