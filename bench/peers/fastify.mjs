/** Fastify: streams are values, a generator goes through `Readable.from`; files by @fastify/static. */
import { basename, dirname } from 'node:path'
import { Readable } from 'node:stream'
import files from '@fastify/static'
import Fastify from 'fastify'
import { endless, file, fileChunks, frames, item, pacedFrames, ready, stats } from '../src/server/source.mjs'

const app = Fastify()
app.register(files, { root: dirname(file), serve: false })

// A response schema is how Fastify gets its fast serialiser.
const response = {
  200: {
    type: 'object',
    properties: {
      hello: { type: 'string' },
      id: { type: 'integer' },
      name: { type: 'string' },
      price: { type: 'number' },
      tags: { type: 'array', items: { type: 'string' } },
      active: { type: 'boolean' },
    },
  },
}

app.get('/json', { schema: { response } }, async () => item())
app.get('/burst', (request, reply) => reply.type('text/plain').send(Readable.from(frames(Number(request.query.frames)))))
app.get('/paced', (request, reply) => reply.type('text/plain').send(Readable.from(pacedFrames(Number(request.query.frames)))))
app.get('/endless', (request, reply) => reply.type('text/plain').send(Readable.from(endless(request.query.reader))))
app.get('/download', (request, reply) => reply.sendFile(basename(file)))
app.get('/async-download', ({ query }, reply) =>
  reply.type('application/octet-stream').send(Readable.from(fileChunks(Number(query.chunk), Number(query.bytes)))),
)
app.get('/stats', async (request) => stats(request.query.gc))

await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
ready(app.server.address().port)
