// The server under siege: one app behind three doors. Run by server-process.ts.
import './gauge.mjs'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, bytes, file, form, jsonl, multipart, reply, resumable, text } from 'millrace'
import { diskStore } from 'millrace/node'
import { z } from 'zod'

const folder = mkdtempSync(join(tmpdir(), 'millrace-siege-'))
const path = join(folder, 'file.bin')
writeFileSync(path, Buffer.alloc(8 * 1024 * 1024, 'x'))
const big = 'b'.repeat(4 * 1024 * 1024)
const block = Buffer.alloc(64 * 1024, 'x')
const nothing = () => {}
const log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: (fields, text) => console.error(text, fields),
}

function createApp() {
  const app = new App({ log })
  app.get('/json', () => ({ hello: 'world' }))
  app.post('/json', { body: z.object({ n: z.number() }) }, ({ body }) => ({ n: body.n + 1 }))
  app.get('/query', { query: z.object({ q: z.string().optional() }) }, ({ query }) => query)
  app.get('/cookie', { cookies: z.object({ a: z.string().optional() }) }, ({ cookies }) => cookies)
  app.get('/path/:a/:b', ({ params }) => params)
  app.get('/rest/*rest', ({ params }) => ({ length: params.rest.length }))
  app.get('/big', () => big)
  app.get('/big-compressed', { compress: true }, () => big)
  app.get('/stream-compressed', { compress: true, streams: jsonl() }, async function* () {
    for (let n = 0; ; n++) yield { n, text: 'a text that can be compressed' }
  })
  app.get('/wait', async ({ sleep }) => {
    await sleep(30_000)
    return 'waited'
  })
  app.get('/quiet', { streams: text }, async function* ({ sleep }) {
    yield 'one'
    await sleep(30_000)
  })
  app.get('/endless', { streams: bytes() }, async function* () {
    for (;;) yield block
  })
  app.get('/file', () => reply.file(path, { digest: 'wanted' }))
  app.get('/negotiated', { streams: [jsonl(), text] }, function* () {
    yield 'one'
  })
  app.post('/bytes', { bodyLimit: 16 * 1024 * 1024 }, async ({ body }) => {
    let length = 0
    for await (const chunk of body) length += chunk.byteLength
    return { length }
  })
  app.post('/whole', { bodyLimit: 4 * 1024 * 1024 }, async ({ body }) => (await body.bytes()).byteLength)
  app.post('/unread', () => 'no need')
  app.post('/late', async ({ sleep, body }) => {
    await sleep(30_000)
    return body.bytes()
  })
  app.post('/fields', { body: form({ title: z.string().optional() }) }, () => 'ok')
  app.post(
    '/form',
    { body: form({ title: z.string().optional(), photo: file({ optional: true }) }) },
    () => 'ok',
  )
  app.post('/parts', { body: multipart() }, async ({ body }) => {
    let parts = 0
    for await (const _ of body) parts++
    return { parts }
  })
  app.include(resumable('/upload', { store: diskStore(join(folder, 'upload')), onComplete: () => 'ok' }))
  app.websocket('/echo', {}, async ({ socket }) => {
    for await (const message of socket) await socket.send(message)
  })
  app.websocket('/sink', { receives: z.object({ n: z.number() }) }, async ({ socket }) => {
    for await (const _ of socket);
  })
  app.websocket('/slow', {}, async ({ socket, sleep }) => {
    for await (const _ of socket) await sleep(1000)
  })
  app.websocket('/feed', {}, async ({ socket }) => {
    while (socket.open) await socket.send(block)
  })
  return app
}

const { tls } = JSON.parse(process.argv[2])
const doors = { http1: {}, http2: { http2: true }, tls: { tls } }
const ports = {}
for (const [name, options] of Object.entries(doors)) {
  const trustProxy = { addresses: ['loopback'], fields: 'forwarded' }
  const { port } = await createApp().listen({ port: 0, signals: false, trustProxy, ...options })
  ports[name] = port
}
process.send({ ports })
