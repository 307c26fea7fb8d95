/** Routes that differ by what they reply. */
import { bytes, HttpError, jsonArray, jsonl, jsonSeq, reply, sse, text } from 'millrace'
import { z } from 'zod'
import { counted, OnPurpose, streamed } from './live.mjs'

const LARGE = 'large '.repeat(40_000)

async function* numbers({ sleep }) {
  for (let n = 0; n < 20; n++) {
    yield { n }
    if (n % 5 === 4) await sleep(2)
  }
}

async function* words({ sleep }) {
  for (let n = 0; n < 20; n++) {
    yield `word ${n}\n`
    if (n % 5 === 4) await sleep(2)
  }
}

const upper = async (_context, next) => {
  const made = await next()
  return made.transform(async function* (chunks) {
    for await (const chunk of chunks) yield typeof chunk === 'string' ? chunk.toUpperCase() : chunk
  })
}

/** Anything whose prototype cannot be asked. */
function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function refused() {
  throw new HttpError(409)
}

export function replyRoutes(app, parts) {
  valueRoutes(app, parts)
  streamRoutes(app, parts)
  crashRoutes(app)
}

function valueRoutes(app, { place, resource }) {
  const get = (path, handler, options = {}) => app.get(path, options, counted(handler))
  get('/', () => 'root')
  get('/json', () => ({ hello: 'world' }))
  get('/large', () => LARGE)
  get('/bytes', () => reply.bytes(new Uint8Array(5000)))
  get('/nothing', () => undefined)
  get('/items/:id', ({ params }) => params, { params: z.object({ id: z.coerce.number().int() }) })
  get('/files/*rest', ({ params }) => params.rest)
  get('/query', ({ query }) => query)
  get('/typed-query', ({ query }) => query, {
    query: z.object({ a: z.string().optional(), list: z.array(z.string()).optional() }),
  })
  get('/cookies', ({ cookies }) => cookies)
  get('/headers', ({ headers }) => headers)
  get('/peer', ({ request }) => ({ ...request.peer, protocol: request.protocol }))
  get('/file', () => reply.file(place.file, { digest: 'wanted' }))
  get('/report', () => reply.file(place.file, { downloadAs: 'größen.txt', cache: { maxAge: 1 } }))
  get('/resource', ({ resource }) => resource, { use: { resource } })
  get('/slow', async ({ sleep }) => {
    await sleep(30)
    return 'slow'
  })
  get('/wait', async ({ sleep }) => {
    await sleep(5000)
    return 'never'
  })
  get('/redirect', () => reply.redirect('/'))
  app.get('/finish', { onDisconnect: 'finish' }, async ({ after }) => {
    after(() => {})
    await new Promise((resolve) => setTimeout(resolve, 20))
    return 'finished'
  })
}

function streamRoutes(app, { resource, news }) {
  const get = (path, streams, generate, options = {}) =>
    app.get(path, { streams, ...options }, streamed(generate))
  get('/jsonl', jsonl(), numbers)
  get('/sse', sse(), numbers)
  get('/seq', jsonSeq(), numbers)
  get('/array', jsonArray(), numbers)
  get('/text', text, words)
  get('/any', [jsonl(), sse(), jsonArray()], numbers, { use: { resource } })
  get('/upper', text, words, { middleware: [upper] })
  get('/blocks', bytes(), async function* () {
    for (let n = 0; n < 40; n++) yield new Uint8Array(16 * 1024)
  })
  get('/endless', text, async function* ({ sleep }) {
    for (;;) {
      yield 'endless '.repeat(100)
      await sleep(1)
    }
  })
  get('/trailer', text, async function* ({ head }) {
    head.trailer('x-count', () => '1')
    yield 'one'
  })
  app.get('/news', { streams: sse() }, () => news.subscribe({ replay: 5 }))
  app.get('/stream', () => reply.stream(['by', ' ', 'hand'], { mediaType: 'text/plain' }))
}

function crashRoutes(app) {
  const get = (path, handler) => app.get(path, counted(handler))
  get('/throw', () => {
    throw new OnPurpose('thrown')
  })
  get('/handled', () => {
    throw new OnPurpose('handled')
  })
  get('/refuse', () => {
    throw new HttpError(418)
  })
  get('/throw-proxy', () => {
    throw revoked()
  })
  const stream = (path, generate) => app.get(path, { streams: jsonl() }, streamed(generate))
  stream('/stream-throws', async function* () {
    yield 1
    throw new OnPurpose('stream')
  })
  stream('/stream-proxy', async function* () {
    yield 1
    throw revoked()
  })
  stream('/first-throws', async function* ({ sleep }) {
    await sleep(1)
    yield* refused()
  })
}
