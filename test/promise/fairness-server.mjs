/** Streams that never await anything real, beside /ping. With `bare`, the loop that everybody writes. */
import { createServer } from 'node:http'

async function* endless(item) {
  for (;;) yield item
}

function* endlessSync(item) {
  for (;;) yield item
}

async function startMillrace() {
  const { App, bytes, jsonl, sse, text } = await import('millrace')
  const app = new App()
  const copying = async (_, next) =>
    (await next()).transform(async function* (chunks) {
      for await (const chunk of chunks) yield chunk
    })
  app.get('/ping', () => 'pong')
  app.get('/text', { streams: text }, () => endless('x'.repeat(100)))
  app.get('/sync', { streams: text }, () => endlessSync('x'.repeat(100)))
  app.get('/bytes', { streams: bytes() }, () => endless(new Uint8Array(100)))
  app.get('/jsonl', { streams: jsonl() }, () => endless({ n: 1, name: 'x'.repeat(80) }))
  app.get('/sse', { streams: sse() }, () => endless({ n: 1, name: 'x'.repeat(80) }))
  app.get('/transformed', { streams: text, middleware: Array(10).fill(copying) }, () =>
    endless('x'.repeat(100)),
  )
  return (await app.listen({ port: 0, signals: false })).port
}

async function startBare() {
  const server = createServer(async (request, response) => {
    if (request.url === '/ping') return response.end('pong')
    response.write('begun')
    await new Promise(setImmediate)
    let items = 0
    for await (const chunk of endless('x'.repeat(100))) if (++items % 10_000 === 0) response.write(chunk)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

process.send(await (process.argv[2] === 'bare' ? startBare() : startMillrace()))
