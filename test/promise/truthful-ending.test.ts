/**
 * Promise 1 and 2: a stream that fails never looks like one that ended, and what fails before the
 * first item is a real status. 1 000 failures over every combination of protocol, format, source,
 * point of failure, depth of middleware and content coding; what the wire says decides.
 */
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { App, bytes, HttpError, jsonArray, jsonl, jsonSeq, type Middleware, sse, text } from 'millrace'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { certificate } from '../contract/certificate.ts'
import { openTls } from '../contract/http2-link.ts'
import { CutError, RawConnection } from '../contract/raw-client.ts'
import { inParallel, show } from './measure.ts'
import { Random } from './random.ts'
import { http1Client, http2Client, type WireClient, type WireReply } from './wire-reply.ts'

const CASES = 1000
const SEED = 20260101
/** The most middlewares that stand in front of a stream; there is an app for each number. */
const DEEPEST = 10

const Row = z.object({ n: z.number(), pad: z.string() })
const AsyncRow = Row.refine(async () => true)

/** Each format, and an item of it. A row is what JSON formats get. */
const row = (n: number, size: number) => ({ n, pad: 'x'.repeat(size) })
const line = (n: number, size: number) => `${n} ${'x'.repeat(size)}\n`
const octets = (n: number, size: number) => Buffer.from(line(n, size))
const FORMATS = {
  text: { streams: text, item: line },
  bytes: { streams: bytes('text/x-bytes'), item: octets },
  jsonl: { streams: jsonl(Row), item: row },
  'jsonl-async': { streams: jsonl(AsyncRow), item: row },
  sse: { streams: sse(Row), item: row },
  'json-seq': { streams: jsonSeq(Row), item: row },
  'json-array': { streams: jsonArray(Row), item: row },
}
type FormatName = keyof typeof FORMATS
/** The formats that tell of the failure in a last item. */
const SPEAKING: readonly string[] = ['jsonl', 'jsonl-async', 'sse', 'json-seq']

interface Failing {
  readonly count: number
  readonly item: (n: number) => unknown
}

const broken = () => new HttpError(403, { detail: 'injected' })

/** The ways to fail after `count` items. */
const SOURCES = {
  sync: function* ({ count, item }: Failing) {
    for (let n = 0; n < count; n++) yield item(n)
    throw broken()
  },
  async: async function* ({ count, item }: Failing) {
    for (let n = 0; n < count; n++) {
      yield item(n)
      if (n % 3 === 0) await nextTurn()
    }
    throw broken()
  },
  microtask: async function* ({ count, item }: Failing) {
    for (let n = 0; n < count; n++) yield item(n)
    throw broken()
  },
  encode: async function* ({ count, item }: Failing) {
    for (let n = 0; n < count; n++) yield item(n)
    yield 1n
  },
  validation: function* ({ count, item }: Failing) {
    for (let n = 0; n < count; n++) yield item(n)
    yield { n: 'not a number' }
  },
  readable({ count, item }: Failing) {
    let n = 0
    return new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        if (n < count) setImmediate(() => this.push(item(n++)))
        else setImmediate(() => this.destroy(broken()))
      },
    })
  },
  'web stream'({ count, item }: Failing) {
    let n = 0
    return new ReadableStream<unknown>(
      {
        async pull(controller) {
          await nextTurn()
          if (n < count) controller.enqueue(item(n++))
          else controller.error(broken())
        },
      },
      { highWaterMark: 0 },
    )
  },
}
type SourceName = keyof typeof SOURCES

const plain: Middleware = (_, next) => next()
const asynchronous: Middleware = async (_, next) => {
  await nextTurn()
  const reply = await next()
  reply.headers['x-seen'] = '1'
  return reply
}
const transforming: Middleware = async (_, next) => {
  const reply = await next()
  // A problem document stays as it is.
  return reply.body.kind !== 'stream'
    ? reply
    : reply.transform(async function* (chunks) {
        for await (const chunk of chunks) yield chunk
      })
}

const KINDS = [plain, asynchronous, transforming]

function failingApp(depth: number): App {
  const app = new App({
    compress: { events: true },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    middleware: Array.from({ length: depth }, (_, i) => KINDS[(i + depth) % KINDS.length]!),
  })
  for (const [format, { streams, item }] of Object.entries(FORMATS)) {
    for (const [source, make] of Object.entries(SOURCES)) {
      app.get(`/${format}/${source.replace(' ', '-')}/:count/:size`, { streams }, ({ params }) => {
        const size = Number(params.size)
        return make({ count: Number(params.count), item: (n) => item(n, size) }) as never
      })
    }
  }
  return app
}

interface Case {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
  readonly depth: number
  readonly format: FormatName
  readonly source: SourceName
  readonly count: number
  readonly size: number
  readonly coding: string
}

function drawCases(): Case[] {
  const random = new Random(SEED)
  return Array.from({ length: CASES }, (_, i) => ({
    protocol: i % 2 === 0 ? 'HTTP/1.1' : 'HTTP/2',
    depth: (i >> 1) % (DEEPEST + 1),
    format: random.pick(Object.keys(FORMATS) as FormatName[]),
    source: random.pick(Object.keys(SOURCES) as SourceName[]),
    count: random.pick([0, 1, 2, 3 + random.below(60)]),
    size: random.pick([0, 10, 1000, 20_000]),
    coding: random.pick(['identity', 'gzip', 'br']),
  }))
}

interface Pair {
  readonly 'HTTP/1.1': WireClient
  readonly 'HTTP/2': WireClient
}

const apps: App[] = []
const clients: Pair[] = []

beforeAll(async () => {
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const app = failingApp(depth)
    apps.push(app)
    const options = { port: 0, signals: false }
    const http1 = await app.listen(options)
    const http2 = await app.listen({ ...options, http2: true })
    clients.push({ 'HTTP/1.1': http1Client(http1.port), 'HTTP/2': http2Client(http2.port) })
  }
})

afterAll(async () => {
  for (const pair of clients) for (const client of Object.values(pair)) client.close()
  await Promise.all(apps.map((app) => app.close({ grace: 0 })))
})

test(`${CASES} injected failures: no clean end, and real statuses before the first item`, async () => {
  const cases = drawCases()
  for (const axis of ['protocol', 'depth', 'format', 'source', 'coding'] as const) {
    for (const value of new Set(cases.map((each) => each[axis]))) {
      const count = cases.filter((each) => each[axis] === value).length
      expect(count, `${axis} ${value}`).toBeGreaterThan(50)
    }
  }
  const wrong: string[] = []
  let real = 0
  let cut = 0
  await inParallel(cases, 16, async (each) => {
    const path = `/${each.format}/${each.source.replace(' ', '-')}/${each.count}/${each.size}`
    const reply = await clients[each.depth]![each.protocol].get(path, { 'accept-encoding': each.coding })
    const complaint = each.count === 0 ? judgeStatus(each, reply) : judgeCut(each, reply)
    if (complaint !== undefined) wrong.push(`${JSON.stringify(each)}: ${complaint}`)
    else if (each.count === 0) real++
    else cut++
  })
  show('injected failures', { cases: cases.length, cut, 'real statuses': real, wrong: wrong.length })
  expect(wrong).toEqual([])
  expect(real + cut).toBe(CASES)
}, 60_000)

/** @returns what is wrong with a reply to what failed before the first item. */
function judgeStatus(
  { source }: Case,
  { status, contentType, endedCleanly, body }: WireReply,
): string | undefined {
  const wanted = source === 'encode' || source === 'validation' ? 500 : 403
  if (status !== wanted) return `status ${status} instead of ${wanted}`
  if (contentType !== 'application/problem+json') return `a ${contentType}`
  if (!endedCleanly) return 'the problem document was cut'
  return (JSON.parse(String(body)) as { status: number }).status === wanted ? undefined : String(body)
}

/** @returns what is wrong with a reply that failed after some items. */
function judgeCut({ format, count }: Case, { status, endedCleanly, body }: WireReply): string | undefined {
  if (endedCleanly) return `a clean end after ${body.byteLength} bytes`
  if (status !== 200) return `status ${status}`
  const seen = String(body)
  if (format === 'json-array' && isJson(seen)) return 'a whole JSON array'
  if (SPEAKING.includes(format)) {
    if (!/"status":(403|500)/.test(seen)) return `no error item in ${seen.slice(-200)}`
    const items = seen.split('"pad"').length - 1
    if (items !== count) return `${items} of ${count} items`
  }
  return undefined
}

function isJson(seen: string): boolean {
  try {
    JSON.parse(seen)
    return true
  } catch {
    return false
  }
}

test('a middleware whose own transform fails is no clean end either', async () => {
  const failing: Middleware = async (context, next) =>
    (await next()).transform(async function* (chunks) {
      let left = Number(context.headers['x-left'])
      for await (const chunk of chunks) {
        if (left-- === 0) throw broken()
        yield chunk
      }
    })
  const app = new App({
    compress: true,
    middleware: [plain, failing, transforming],
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  app.get('/', { streams: text }, async function* () {
    for (let n = 0; n < 100; n++) {
      yield line(n, 100)
      await nextTurn()
    }
  })
  apps.push(app)
  const options = { port: 0, signals: false }
  const [http1, http2] = [await app.listen(options), await app.listen({ ...options, http2: true })]
  for (const client of [http1Client(http1.port), http2Client(http2.port)]) {
    for (const left of [0, 1, 2, 50]) {
      for (const coding of ['identity', 'gzip', 'br']) {
        const reply = await client.get('/', { 'x-left': String(left), 'accept-encoding': coding })
        // Before its first chunk there is still a status to choose.
        const wanted = left === 0 ? [403, true] : [200, false]
        expect([left, coding, reply.status, reply.endedCleanly]).toEqual([left, coding, ...wanted])
      }
    }
    client.close()
  }
})

test('HTTP/1.0, where only the close of the connection ends a body: a cut is a reset, also below TLS', async () => {
  const app = new App({ log: { debug() {}, info() {}, warn() {}, error() {} } })
  app.get('/', { streams: text }, async function* () {
    yield 'one '
    // libuv reads data and a reset that arrive together as data and an end.
    await wait(500)
    throw broken()
  })
  apps.push(app)
  const plainPort = (await app.listen({ port: 0, signals: false })).port
  const tlsPort = (await app.listen({ port: 0, signals: false, tls: certificate() })).port
  for (const connection of [await RawConnection.open(plainPort), await openTls(tlsPort)]) {
    const reply = await connection.request('GET', '/', { version: '1.0' })
    expect(String(await reply.bytes())).toBe('one ')
    await expect(reply.bytes()).rejects.toThrow(CutError)
  }
})

test('control: servers that swallow the error are caught', async () => {
  /** What a server does that pipes a generator and ends the reply whatever happens. */
  const swallow = async (response: { write(chunk: string): unknown; end(): unknown }) => {
    try {
      for (const chunk of SOURCES.sync({ count: 2, item: (n) => line(n, 10) }))
        response.write(chunk as string)
    } catch {
      // nobody is told
    } finally {
      response.end()
    }
  }
  const http1 = createServer((_, response) => void swallow(response)).listen(0, '127.0.0.1')
  const http2 = createHttp2Server((_, response) => void swallow(response)).listen(0, '127.0.0.1')
  const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port
  await nextTurn()
  const control = [http1Client(port(http1)), http2Client(port(http2))]
  const each: Case = {
    protocol: 'HTTP/1.1',
    depth: 0,
    format: 'text',
    source: 'sync',
    count: 2,
    size: 10,
    coding: '',
  }
  for (const client of control) expect(judgeCut(each, await client.get('/', {}))).toContain('a clean end')
  for (const client of control) client.close()
  http1.close()
  http2.close()
})
