/** The bare `node:http` server: the floor that every ratio is taken against. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { endless, file, fileChunks, frames, item, pacedFrames, ready, stats } from './source.mjs'

/** The loop anybody writes: await each item, write it, wait for `drain` when told to. */
async function send(
  /** @type {import('node:http').ServerResponse} */ res,
  /** @type {AsyncIterable<string>} */ items,
) {
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  for await (const chunk of items) if (!res.write(chunk)) await once(res, 'drain')
  res.end()
}

function sendJson(/** @type {import('node:http').ServerResponse} */ res, /** @type {unknown} */ value) {
  const body = JSON.stringify(value)
  res.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  res.end(body)
}

async function runDry(
  /** @type {import('node:http').ServerResponse} */ res,
  /** @type {AsyncGenerator<string | Buffer>} */ items,
) {
  const started = performance.now()
  let size = 0
  for (let next = await items.next(); !next.done; next = await items.next()) size += next.value.length
  sendJson(res, { size, seconds: (performance.now() - started) / 1000 })
}

/** @type {Record<string, (res: import('node:http').ServerResponse, query: URLSearchParams) => unknown>} */
const routes = {
  '/json': (res) => sendJson(res, item()),
  '/burst': (res, query) => send(res, frames(Number(query.get('frames')))),
  '/paced': (res, query) => send(res, pacedFrames(Number(query.get('frames')))),
  '/endless': (res, query) => send(res, endless(query.get('reader') ?? '')),
  '/stats': (res, query) => sendJson(res, stats(query.get('gc'))),

  '/download': async (res) => {
    const { size } = await stat(file)
    res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size })
    // A client that has it all may close before we have heard that it has.
    await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), res).catch(() => {})
  },

  '/async-download': async (res, query) => {
    const chunk = Number(query.get('chunk'))
    const bytes = Number(query.get('bytes'))
    res.writeHead(200, { 'content-type': 'application/octet-stream' })
    const handle = await open(file)
    for (let position = 0; position < bytes;) {
      const buffer = Buffer.allocUnsafe(chunk)
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunk, bytes - position), position)
      if (bytesRead === 0) break
      position += bytesRead
      if (!res.write(buffer.subarray(0, bytesRead))) await once(res, 'drain')
    }
    await handle.close()
    res.end()
  },

  // The same generators run dry, nothing sent: what no server that really runs them can beat.
  '/burst-alone': (res, query) => runDry(res, frames(Number(query.get('frames')))),
  '/async-download-alone': (res, query) =>
    runDry(res, fileChunks(Number(query.get('chunk')), Number(query.get('bytes')))),
}

const noQuery = new URLSearchParams()
const server = createServer((req, res) => {
  const url = req.url ?? '/'
  const mark = url.indexOf('?')
  const route = routes[mark < 0 ? url : url.slice(0, mark)]
  if (!route) return res.writeHead(404).end()
  route(res, mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1)))
})
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  ready(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
})
