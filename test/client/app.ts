/** The app that our own client is tested against: a route of every kind, exported as a user's module would. */
import { App, bytes, event, HttpError, jsonArray, jsonl, jsonSeq, reply, Router, sse, text } from 'millrace'
import { z } from 'zod'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

export const Row = z.object({ id: z.int(), text: z.string() })
/** Characters of every length in UTF-8, and of every kind that a format has to escape. */
export const ROWS = ['plain', 'ä\u20ac😀', 'two\nlines\r\n', '\u2028 "quoted" \\ {[,]}', ''].map(
  (text, id) => ({
    id,
    text,
  }),
)

async function* rows() {
  for (const row of ROWS) yield event(row, { id: String(row.id) })
}

/** Makes the app anew, and the routes that a module would export. */
export function makeApp() {
  const app = new App({ log: quiet, unwindMs: 500 })
  const seen: { signal?: AbortSignal; finished: number } = { finished: 0 }

  const items = new Router({ prefix: '/items' })
  const nested = new Router({ prefix: '/v2' })
  nested.include(items)
  app.include(items)
  app.include(nested)

  const routes = {
    value: app.get('/value', { returns: z.object({ at: z.date(), n: z.number().default(1) }) }, () => ({
      at: new Date(0),
    })),
    plain: app.get('/plain', () => 'text'),
    html: app.get('/html', () => reply.html('<p>ü')),
    octets: app.get('/octets', () => new Uint8Array([1, 2, 255])),
    nothing: app.get('/nothing', async () => {}),
    number: app.get('/number', { returns: z.number() }, () => 5),
    null: app.get('/null', { returns: z.null() }, () => null),
    head: app.get('/head', ({ head }) => {
      head.set('x-seen', 'yes')
      return { n: 1 }
    }),

    text: app.get('/text', { streams: text }, async function* () {
      for (const row of ROWS) yield row.text
    }),
    bytes: app.get('/bytes', { streams: bytes() }, async function* () {
      for (const row of ROWS) yield new TextEncoder().encode(row.text)
    }),
    jsonl: app.get('/jsonl', { streams: jsonl(Row) }, rows),
    jsonSeq: app.get('/json-seq', { streams: jsonSeq(Row) }, rows),
    jsonArray: app.get('/json-array', { streams: jsonArray(Row) }, rows),
    sse: app.get('/sse', { streams: sse(Row, { retry: 5 }) }, rows),
    strings: app.get('/strings', { streams: sse(z.string()) }, async function* () {
      for (const row of ROWS) yield row.text
    }),
    every: app.get('/every', { streams: [jsonl(Row), sse(Row), jsonSeq(Row), jsonArray(Row)] }, rows),
    inferred: app.get('/inferred', async function* () {
      yield* ROWS
    }),
    empty: app.get('/empty', { streams: [jsonl(Row), sse(Row), jsonSeq(Row), jsonArray(Row)] }, () => []),
    lookalike: app.get('/lookalike', { streams: [jsonl(), sse()] }, async function* () {
      yield { $end: true }
      yield event({}, { event: 'end' })
      yield { $error: { title: 'mine', status: 500 } }
      yield 'last'
    }),

    fails: app.get(
      '/fails',
      { streams: [jsonl(Row), sse(Row), jsonSeq(Row), jsonArray(Row)] },
      async function* () {
        yield ROWS[0]!
        throw new Error('secret')
      },
    ),
    failsAsText: app.get('/fails/text', { streams: text }, async function* ({ sleep }) {
      yield 'begun'
      await sleep(20)
      throw new Error('secret')
    }),
    refuses: app.get('/refuses', { streams: sse(Row) }, async function* ({ head }) {
      head.set('retry-after', '1')
      if (ROWS.length > 0) throw new HttpError(403, { detail: 'Not you.', extensions: { owner: 'ann' } })
      yield ROWS[0]!
    }),
    broken: app.get('/broken', () => {
      throw new HttpError('CONFLICT', { code: 'ALREADY_TAKEN' })
    }),
    foreign: app.get('/foreign', () => reply.html('<h1>Bad gateway</h1>', { status: 502 })),

    endless: app.get('/endless', { streams: [jsonl(Row), sse(Row)] }, async function* ({ signal, sleep }) {
      seen.signal = signal
      try {
        for (let id = 0; ; id++) {
          yield { id, text: 'more' }
          await sleep(2)
        }
      } finally {
        seen.finished++
      }
    }),
    silent: app.get('/silent', { streams: sse(Row) }, async function* ({ signal, sleep }) {
      seen.signal = signal
      await sleep(60_000)
      yield ROWS[0]!
    }),

    inputs: app.post(
      '/inputs/:id/*rest',
      {
        query: z.object({
          n: z.coerce.number(),
          since: z.coerce.date().optional(),
          tag: z.array(z.string()),
        }),
        headers: z.object({ 'x-trace': z.string() }),
        cookies: z.object({ session: z.string() }),
        body: z.object({ name: z.string() }),
      },
      ({ params, query, headers, cookies, body }) => ({ params, query, headers, cookies, body }),
    ),
    param: app.get('/params/:id', ({ params }) => params),
    echoText: app.post('/echo/text', { body: text }, ({ body }) => ({ body })),
    echoBytes: app.post('/echo/bytes', { body: bytes(), bodyLimit: 1 << 24 }, async ({ body }) => {
      let size = 0
      for await (const piece of body) size += piece.byteLength
      return { size }
    }),
    echoItems: app.post('/echo/items', { body: jsonl(Row), streams: jsonl(Row) }, async function* ({ body }) {
      yield* body
    }),
    echoAny: app.post('/echo/any', async ({ body, headers }) => ({
      type: headers['content-type']?.toString() ?? null,
      text: await body.text(),
    })),
    purge: app.route('PURGE', '/cache/:key', ({ params }) => params.key),
    find: app.query('/find', { body: z.object({ q: z.string() }) }, ({ body }) => body.q),

    item: items.get('/:id', ({ params }) => ({ id: params.id })),

    chat: app.websocket('/chat', { receives: z.string(), sends: z.string() }, async ({ socket }) => {
      for await (const line of socket) await socket.send(`you said ${line}`)
    }),
    points: app.websocket(
      '/points/:room',
      { receives: Row, sends: Row, query: z.object({ from: z.coerce.number().default(0) }) },
      async ({ socket, params, query }) => {
        await socket.send({ id: query.from, text: params.room })
        for await (const row of socket) await socket.send({ ...row, id: row.id + 1 })
      },
    ),
    drops: app.websocket('/drops', { receives: z.string(), sends: z.string() }, async ({ socket }) => {
      for await (const line of socket) {
        if (line === 'bye') return
        if (line === 'drop') socket.close(1012, 'restart')
        else if (line === 'refuse') socket.close(4001, 'no')
        else await socket.send(line)
      }
    }),
  }
  return { app, routes, seen }
}

export type Routes = ReturnType<typeof makeApp>['routes']
