/** Trailers of replies (RFC 9110 section 6.5), read from the wire. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingHttpHeaders, get as getHttp1, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { App, type Logger, jsonl, reply, sse, text } from 'millrace'
import { connect } from 'millrace/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { openSession } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Got {
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly trailers: Readonly<Record<string, unknown>>
  /** Whether the body came to a clean end. */
  readonly whole: boolean
}
type Ask = (
  port: number,
  path: string,
  headers?: Readonly<Record<string, string>>,
  method?: string,
) => Promise<Got>

/** The body of a message, and whether it was cut. */
async function drain(body: Readable): Promise<{ bytes: Buffer; whole: boolean }> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of body) pieces.push(piece as Uint8Array)
    return { bytes: Buffer.concat(pieces), whole: true }
  } catch {
    return { bytes: Buffer.concat(pieces), whole: false }
  }
}

const overHttp1: Ask = async (port, path, headers = {}, method = 'GET') => {
  const request = getHttp1({ host: '127.0.0.1', port, path, headers, method, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { headers: response.headers, ...(await drain(response)), trailers: response.trailers }
}

const overHttp2: Ask = async (port, path, headers = {}, method = 'GET') => {
  const session = await openSession(port, false)
  cleanups.push(() => session.destroy())
  const stream = session.request({ ':path': path, ':method': method, ...headers })
  let trailers: Record<string, unknown> = {}
  stream.on('trailers', (fields) => (trailers = Object.fromEntries(Object.entries(fields))))
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  return { headers: head, ...(await drain(stream)), trailers }
}

const PROTOCOLS = [
  ['HTTP/1.1', false, overHttp1],
  ['HTTP/2', true, overHttp2],
] as const

const DECODERS: Record<string, (bytes: Buffer) => Buffer> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
}

async function serve(app: App, http2: boolean): Promise<number> {
  const { port } = await app.listen({ port: 0, signals: false, http2 })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

const LINE = 'one of many lines that are much alike\n'

function makeApp(logged: unknown[] = []): App {
  const quiet = () => {}
  const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: (...each) => logged.push(each) }
  const app = new App({ compress: true, log })
  app.get('/rows', { streams: text }, async function* ({ head, sleep }) {
    let rows = 0
    head.trailer('Server-Timing', 'db;dur=53').trailer('X-Rows', () => String(rows))
    for (; rows < 100; rows++) {
      yield LINE
      if (rows === 50) await sleep(1)
    }
  })
  app.get('/empty', { streams: text }, async function* ({ head }) {
    head.trailer('x-rows', '0')
    yield* []
  })
  app.get('/failing', { streams: text }, async function* ({ head, sleep }) {
    head.trailer('x-constant', 'here').trailer('x-called', () => String(logged.push('called')))
    yield LINE
    await sleep(1)
    throw new Error('in the middle')
  })
  app.get('/failed-first', { streams: text }, async function* ({ head }) {
    head.trailer('x-constant', 'here').set('x-request-id', '7')
    yield* []
    throw new Error('before the first item')
  })
  app.get('/awkward', { streams: text }, async function* ({ head }) {
    head.trailer('x-none', () => undefined)
    head.trailer('x-broken', () => {
      throw new Error('no value')
    })
    head.trailer('x-split', () => 'a\r\nx-injected: b')
    // Its failure would end the process, were nobody to look at it.
    head.trailer('x-late', (async () => Promise.reject(new Error('late'))) as unknown as () => string)
    head.trailer('x-good', () => 'fine')
    yield LINE
  })
  app.get('/value', ({ head }) => {
    head.trailer('x-constant', 'here')
    return { a: 1 }
  })
  app.get('/bodiless', { streams: text }, async function* ({ head }) {
    head.status = 204
    head.trailer('x-constant', 'here')
    yield LINE
  })
  app.get('/sized', ({ head }) => {
    head.trailer('x-constant', 'here')
    return reply.stream(['12345'], { mediaType: 'text/x', length: 5 })
  })
  app.get('/aged', { streams: sse(undefined, { maxAge: 200 }) }, async function* ({ head, signal }) {
    head.trailer('x-constant', 'here')
    yield { data: 'first' }
    await once(signal, 'abort')
  })
  app.get('/digest', { streams: text }, async function* ({ head }) {
    const hash = createHash('sha256')
    head.trailer('Content-Digest', () => `sha-256=:${hash.digest('base64')}:`)
    for (let n = 0; n < 100; n++) {
      hash.update(LINE)
      yield LINE
    }
  })
  return app
}

describe.each(PROTOCOLS)('trailers over %s', (_, http2, ask) => {
  test.each(['identity', 'gzip', 'br'])('follow a stream whose coding is %s', async (coding) => {
    const port = await serve(makeApp(), http2)
    const got = await ask(port, '/rows', { 'accept-encoding': coding })
    expect(got.headers['content-encoding'] ?? 'identity').toBe(coding)
    expect(String(DECODERS[coding]!(got.bytes))).toBe(LINE.repeat(100))
    expect(got.headers['trailer']).toBe('server-timing, x-rows')
    expect(got.trailers).toEqual({ 'server-timing': 'db;dur=53', 'x-rows': '100' })
    expect(got.whole).toBe(true)
  })

  test('follow an empty stream', async () => {
    const got = await ask(await serve(makeApp(), http2), '/empty')
    expect(got).toMatchObject({ whole: true, trailers: { 'x-rows': '0' } })
    expect(got.bytes.byteLength).toBe(0)
  })

  test.each(['identity', 'gzip'])('a stream that fails has none, in %s', async (coding) => {
    const logged: unknown[] = []
    const port = await serve(makeApp(logged), http2)
    const got = await ask(port, '/failing', { 'accept-encoding': coding })
    expect(got).toMatchObject({ whole: false })
    expect(got.trailers).toEqual({})
    expect(got.headers['trailer']).toBe('x-constant, x-called')
    expect(logged).not.toContain('called')
  })

  test('the error that is sent instead of a stream has none, and keeps its headers', async () => {
    const got = await ask(await serve(makeApp(), http2), '/failed-first')
    expect(got).toMatchObject({ whole: true, headers: { 'x-request-id': '7' } })
    expect(got.trailers).toEqual({})
    expect(got.headers['trailer']).toBeUndefined()
  })

  test('nor has one that is a stream itself', async () => {
    const app = makeApp()
    app.onError(() => reply.stream(['sorry'], { mediaType: 'text/plain', status: 500 }))
    const got = await ask(await serve(app, http2), '/failed-first')
    expect(String(got.bytes)).toBe('sorry')
    expect(got.trailers).toEqual({})
    expect(got.headers['trailer']).toBeUndefined()
  })

  test('a value that throws or would split is logged and left out, and the end stays clean', async () => {
    const logged: unknown[] = []
    const got = await ask(await serve(makeApp(logged), http2), '/awkward')
    expect(got).toMatchObject({ whole: true, trailers: { 'x-good': 'fine' } })
    expect(Object.keys(got.trailers)).toEqual(['x-good'])
    expect(logged.map((each) => (each as unknown[])[1])).toEqual([
      'The trailer "x-broken" could not be sent',
      'The trailer "x-split" could not be sent',
      'The trailer "x-late" could not be sent',
    ])
  })

  test.each([
    ['a value', '/value', 'GET'],
    ['a stream of known length', '/sized', 'GET'],
    ['a status without a body', '/bodiless', 'GET'],
    ['HEAD', '/rows', 'HEAD'],
  ])('%s has none, and announces none', async (_name, path, method) => {
    const got = await ask(await serve(makeApp(), http2), path, {}, method)
    expect(got).toMatchObject({ whole: true })
    expect(got.trailers).toEqual({})
    expect(got.headers['trailer']).toBeUndefined()
  })

  test('a reader who is sent away before the end gets none', async () => {
    const got = await ask(await serve(makeApp(), http2), '/aged')
    expect(String(got.bytes)).toContain('first')
    expect(got).toMatchObject({ whole: true, headers: { trailer: 'x-constant' } })
    expect(got.trailers).toEqual({})
  })

  test('a digest that follows is of the bytes that were sent, so they are not compressed', async () => {
    const got = await ask(await serve(makeApp(), http2), '/digest', { 'accept-encoding': 'gzip' })
    const digest = createHash('sha256').update(got.bytes).digest('base64')
    expect(got.trailers).toEqual({ 'content-digest': `sha-256=:${digest}:` })
    expect(got.headers['content-encoding']).toBeUndefined()
  })
})

describe('where there is no room for trailers', () => {
  test('HTTP/1.0 gets the stream without', async () => {
    const connection = await RawConnection.open(await serve(makeApp(), false))
    cleanups.push(() => connection.destroy())
    connection.socket.write('GET /rows HTTP/1.0\r\n\r\n')
    const { bytes } = await drain(connection.socket)
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 200 /)
    expect(String(bytes)).toContain(LINE.repeat(100))
    expect(String(bytes)).not.toMatch(/^(trailer|x-rows|server-timing):/im)
  })

  test('fetch and connections in memory announce none', async () => {
    const response = await makeApp().fetch(new Request('http://x/rows'))
    expect(await response.text()).toBe(LINE.repeat(100))
    expect(response.headers.get('trailer')).toBeNull()
    const got = await connect(makeApp()).request('GET', '/rows')
    expect(await got.text()).toBe(LINE.repeat(100))
    expect(got.headers['trailer']).toBeUndefined()
  })
})

describe('head.trailer', () => {
  test('refuses what could not be sent, or must come before the body', async () => {
    const app = new App()
    const refusals: string[] = []
    app.get('/', { streams: jsonl() }, async function* ({ head }) {
      const refused = (name: string, value: unknown = 'x') => {
        try {
          head.trailer(name, value as string)
          refusals.push(`${name}: taken`)
        } catch (error) {
          refusals.push(`${name}: ${String(error)}`)
        }
      }
      for (const name of ['Content-Length', 'Set-Cookie', 'access-control-allow-origin']) refused(name)
      refused('x y')
      refused('x-split', 'a\r\nb')
      refused('x-number', 7)
      refused('etag')
      yield 1
      refused('x-late')
    })
    await connect(app)
      .request('GET', '/')
      .then((got) => got.text())
    const early = (name: string) =>
      `${name}: TypeError: "${name}" cannot be a trailer: it is needed before the body (RFC 9110 section 6.5.1). Use head.set.`
    expect(refusals).toEqual([
      early('Content-Length'),
      early('Set-Cookie'),
      early('access-control-allow-origin'),
      'x y: TypeError: Header name "x y" is not a valid token.',
      expect.stringMatching(/^x-split: TypeError: Header "x-split" has a line break/),
      'x-number: TypeError: Trailer "x-number" takes a string or a function that returns one.',
      'etag: taken',
      'x-late: Error: The head has been sent already. Set status and headers before the first yield.',
    ])
  })
})
