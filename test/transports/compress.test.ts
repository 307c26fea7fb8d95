/** Compression of replies on Node: what is compressed with what, and what is left alone. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import { App, type AppOptions, HttpError, type RouteOptions, reply, sse, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { openSession, requestHttp2 } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'

const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }
const WITHOUT_ZSTD = 'the zlib of this Node has no zstd: it came with 22.15 and 23.8'

const LONG = JSON.stringify(Array.from({ length: 200 }, (_, n) => ({ n, name: `item ${n}` })))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly bytes: Buffer
  /** Decoded by what the headers say. */
  readonly text: string
}

async function serve(app: App, http2 = false): Promise<number> {
  const { port } = await app.listen({ port: 0, signals: false, http2 })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

async function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = { 'accept-encoding': 'gzip' },
  method = 'GET',
): Promise<Got> {
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  const got = await connection.request(method, path, { headers })
  const pieces: Uint8Array[] = []
  for (let piece = await got.bytes(); piece !== undefined; piece = await got.bytes()) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  return {
    status: got.status,
    headers: got.headers,
    bytes,
    text: decode(bytes, got.headers['content-encoding']),
  }
}

function decode(bytes: Buffer, coding: unknown): string {
  if (bytes.byteLength === 0) return ''
  if (coding === 'gzip') return String(gunzipSync(bytes))
  if (coding === 'br') return String(brotliDecompressSync(bytes))
  if (coding === 'zstd') return String(zstdDecompressSync!(bytes))
  expect(coding ?? 'identity').toBe('identity')
  return String(bytes)
}

/** An app of one route that answers with a long text. */
async function oneRoute(
  make: () => unknown,
  options: AppOptions<{}> = { compress: true },
  route: RouteOptions = {},
): Promise<number> {
  const app = new App(options)
  app.get('/', route, () => make() as string)
  return serve(app)
}

const long = (headers: Record<string, string> = {}, init: { status?: number } = {}) =>
  reply.text(LONG, { ...init, headers })

describe('the coding', () => {
  const best = zstdDecompressSync === undefined ? 'br' : 'zstd'
  test.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', best],
    ['gzip;q=1.0, br;q=0.5, zstd;q=0.5', 'gzip'],
    ['GZIP', 'gzip'],
    ['*', best],
    ['*, br;q=0, zstd;q=0', 'gzip'],
    ['gzip;q=0, *;q=0.1, zstd;q=0', 'br'],
    ['identity;q=0, gzip', 'gzip'],
    ['gzip;q=0.5, identity', undefined],
    ['gzip;q=0', undefined],
    ['deflate', undefined],
    ['', undefined],
    [undefined, undefined],
    ['identity', undefined],
  ])('of Accept-Encoding %j is %j, and the reply varies by it', async (accept, coding) => {
    const port = await oneRoute(long)
    const got = await ask(port, '/', accept === undefined ? {} : { 'accept-encoding': accept })
    expect(got.headers['content-encoding']).toBe(coding)
    expect(got.headers['vary']).toBe('Accept-Encoding')
    expect(got.text).toBe(LONG)
    expect(Number(got.headers['content-length'])).toBe(got.bytes.byteLength)
    if (coding !== undefined) expect(got.bytes.byteLength).toBeLessThan(LONG.length / 3)
  })

  test('zstd, where Node has it', async (context) => {
    if (zstdDecompressSync === undefined) return context.skip(WITHOUT_ZSTD)
    const port = await oneRoute(long)
    const got = await ask(port, '/', { 'accept-encoding': 'zstd' })
    expect([got.headers['content-encoding'], got.text]).toEqual(['zstd', LONG])
  })

  test.each(['identity;q=0', '*;q=0', 'deflate, *;q=0'])(
    'a client that accepts nothing at all (%s) gets 406, unless something was done for it',
    async (accept) => {
      const app = new App({ compress: true })
      app.get('/', () => long())
      app.post('/', () => long())
      app.get('/stream', { streams: text }, async function* () {
        yield 'a'
      })
      app.get('/bad', () => {
        throw new HttpError(404, { detail: 'x'.repeat(2000) })
      })
      const port = await serve(app)
      for (const path of ['/', '/stream']) {
        const refused = await ask(port, path, { 'accept-encoding': accept })
        expect([refused.status, refused.headers['vary']]).toEqual([406, 'Accept-Encoding'])
        expect(refused.text).toContain('gzip, identity')
      }
      const done = await ask(port, '/', { 'accept-encoding': accept }, 'POST')
      expect([done.status, done.text]).toEqual([200, LONG])
      expect((await ask(port, '/bad', { 'accept-encoding': accept })).status).toBe(404)
    },
  )

  test('the order among equals is ours to choose', async () => {
    const port = await oneRoute(long, { compress: { codings: ['gzip', 'br'] } })
    const got = await ask(port, '/', { 'accept-encoding': 'zstd, br, gzip' })
    expect(got.headers['content-encoding']).toBe('gzip')
  })
})

describe('is compressed', () => {
  test.each([
    ['JSON', () => JSON.parse(LONG) as unknown],
    ['bytes of a text type', () => reply.bytes(Buffer.from(LONG), { mediaType: 'text/csv' })],
    [
      'a stream of stated length',
      () => reply.stream([LONG], { mediaType: 'text/plain', length: LONG.length }),
    ],
    ['a short stream, whose length nobody knows', () => reply.stream(['short'], { mediaType: 'text/plain' })],
    ['SVG', () => reply.text(LONG, { headers: { 'content-type': 'image/svg+xml' } })],
    ['an error', () => Promise.reject(new HttpError(404, { detail: LONG }))],
  ])('%s', async (_, make) => {
    const port = await oneRoute(make)
    const plain = await ask(port, '/', {})
    const got = await ask(port, '/')
    expect([plain.headers['content-encoding'], got.headers['content-encoding']]).toEqual([undefined, 'gzip'])
    expect(got.text).toBe(plain.text)
    expect(got.status).toBe(plain.status)
  })

  test('over HTTP/2 the same', async () => {
    const app = new App({ compress: true })
    app.get('/', () => long())
    const session = await openSession(await serve(app, true), false)
    cleanups.push(() => session.destroy())
    const got = await requestHttp2(session, 'GET', '/', { headers: { 'accept-encoding': 'gzip' } })
    expect(got.headers['content-encoding']).toBe('gzip')
  })

  test('HEAD has the headers of its GET, for values and for streams', async () => {
    const app = new App({ compress: true })
    app.get('/value', () => long({ etag: '"a"' }))
    app.get('/stream', { streams: text }, async function* () {
      yield 'a'
    })
    const port = await serve(app)
    for (const path of ['/value', '/stream']) {
      const [get, head] = [await ask(port, path), await ask(port, path, undefined, 'HEAD')]
      const { date: _, 'content-length': length, 'transfer-encoding': __, ...fields } = get.headers
      const { date: ___, 'transfer-encoding': ____, ...same } = head.headers
      expect(same).toEqual(fields)
      expect(same['content-encoding']).toBe('gzip')
      expect(head.bytes.byteLength).toBe(0)
      expect(head.headers['content-length'] ?? length).toBe(length)
    }
  })
})

describe('is left alone', () => {
  test.each<[string, () => unknown]>([
    ['what is coded already', () => long({ 'content-encoding': 'identity' })],
    ['a part', () => long({ 'content-range': 'bytes 0-9/10' }, { status: 206 })],
    ['what has a digest', () => long({ 'repr-digest': 'sha-256=:AAAA:' })],
    ['no-transform', () => long({ 'cache-control': 'public, No-Transform' })],
    ['an image', () => reply.bytes(Buffer.alloc(5000), { mediaType: 'image/png' })],
    ['an archive', () => reply.bytes(Buffer.alloc(5000), { mediaType: 'application/zip' })],
    ['no type', () => reply.stream([LONG])],
    ['events', () => reply.stream(['data: x\n\n'], { mediaType: 'text/event-stream' })],
    ['a small body', () => 'x'.repeat(1023)],
    ['204', () => reply.empty()],
  ])('%s', async (_, make) => {
    const port = await oneRoute(make)
    const got = await ask(port, '/')
    expect(got.headers['content-encoding']).not.toBe('gzip')
    expect(got.headers['vary']).toBeUndefined()
    // The same without a word about codings.
    expect(got.bytes.equals((await ask(port, '/', {})).bytes)).toBe(true)
  })

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['with a cookie', { cookie: 'session=1' }, {}],
    ['with Authorization', { authorization: 'Bearer x' }, {}],
    ['that is answered with a cookie', {}, { 'set-cookie': 'session=1' }],
  ])('the reply to a request %s, unless it is asked for', async (_, request, headers) => {
    const app = new App({ compress: true })
    app.get('/', () => long(headers))
    app.get('/public', { compress: { credentials: true } }, () => long(headers))
    const port = await serve(app)
    const [kept, asked] = [
      await ask(port, '/', { 'accept-encoding': 'gzip', ...request }),
      await ask(port, '/public', { 'accept-encoding': 'gzip', ...request }),
    ]
    expect([kept.headers['content-encoding'], kept.headers['vary'], kept.text]).toEqual([
      undefined,
      'Accept-Encoding',
      LONG,
    ])
    expect([asked.headers['content-encoding'], asked.text]).toEqual(['gzip', LONG])
  })
})

test('the threshold is an option; who refuses the plain body gets small ones compressed', async () => {
  const port = await oneRoute(() => 'small', { compress: { threshold: 5 } })
  expect((await ask(port, '/')).headers['content-encoding']).toBe('gzip')
  const usual = await oneRoute(() => 'small')
  // Who likes one less than another, or refuses one, takes the plain body all the same.
  for (const accept of ['gzip, br;q=0.9', 'gzip;q=0.5, *;q=0.1', 'br;q=0, gzip', 'identity, gzip, *;q=0'])
    expect((await ask(usual, '/', { 'accept-encoding': accept })).headers['content-encoding']).toBeUndefined()
  const got = await ask(usual, '/', { 'accept-encoding': 'gzip, identity;q=0' })
  expect([got.headers['content-encoding'], got.text]).toEqual(['gzip', 'small'])
})

test('per app and per route: off, on, and other options', async () => {
  const app = new App({ compress: { threshold: 2000 } })
  const body = 'x'.repeat(1500)
  app.get('/app', () => body)
  app.get('/off', { compress: false }, () => long())
  app.get('/other', { compress: { codings: ['br'], threshold: 1000 } }, () => body)
  app.get('/on', { compress: true }, () => body)
  const port = await serve(app)
  const coding = async (at: number, path: string) =>
    (await ask(at, path, { 'accept-encoding': 'gzip, br' })).headers['content-encoding']
  expect(await coding(port, '/app')).toBeUndefined()
  expect(await coding(port, '/off')).toBeUndefined()
  expect(await coding(port, '/other')).toBe('br')
  expect(await coding(port, '/on'), 'the options of the app stay').toBeUndefined()
  const off = new App()
  off.get('/app', () => long())
  off.get('/on', { compress: true }, () => long())
  const other = await serve(off)
  expect(await coding(other, '/app')).toBeUndefined()
  expect((await ask(other, '/app')).headers['vary']).toBeUndefined()
  expect(await coding(other, '/on')).not.toBeUndefined()
})

test('events when asked for; they come with no-transform, which is meant for others', async () => {
  const app = new App({ compress: { events: true } })
  app.get('/', { streams: sse() }, async function* () {
    yield { n: 1 }
  })
  const got = await ask(await serve(app), '/')
  expect([got.headers['content-encoding'], got.headers['cache-control']]).toEqual([
    'gzip',
    'no-cache, no-transform',
  ])
  expect(got.text).toContain('{"n":1}')
})

describe('tags', () => {
  /** A route that knows conditional requests as RFC 9110 section 13.1.2 says: tags are compared weakly. */
  const conditional = (tag: string) => {
    const app = new App({ compress: true })
    app.get('/', ({ request }) => {
      const asked = String(request.headers['if-none-match'] ?? '')
      const matches = asked
        .split(/\s*,\s*/)
        .some((each) => each.replace(/^W\//, '') === tag.replace(/^W\//, ''))
      return matches ? reply.empty({ status: 304, headers: { etag: tag } }) : long({ etag: tag })
    })
    return serve(app)
  }

  test('a strong tag is weakened, and a conditional request with it gets 304 with the same tag', async () => {
    const port = await conditional('"v1"')
    const first = await ask(port, '/')
    expect(first.headers['etag']).toBe('W/"v1"')
    const again = await ask(port, '/', { 'accept-encoding': 'gzip', 'if-none-match': 'W/"v1"' })
    expect([again.status, again.headers['etag'], again.headers['vary'], again.bytes.byteLength]).toEqual([
      304,
      'W/"v1"',
      'Accept-Encoding',
      0,
    ])
    const strong = await ask(port, '/', { 'if-none-match': '"v1"' })
    expect([strong.status, strong.headers['etag']]).toEqual([304, '"v1"'])
    expect((await ask(port, '/', { 'if-none-match': 'W/"v0"' })).status).toBe(200)
  })

  test('a plain reply keeps its strong tag, a weak one stays as it is', async () => {
    expect((await ask(await conditional('"v1"'), '/', {})).headers['etag']).toBe('"v1"')
    expect((await ask(await conditional('W/"v1"'), '/')).headers['etag']).toBe('W/"v1"')
  })
})

test.each([
  ['Origin', 'Origin, Accept-Encoding'],
  ['origin, accept-encoding', 'origin, accept-encoding'],
  ['*', '*'],
])('a Vary of %j becomes %j', async (given, expected) => {
  const port = await oneRoute(() => long({ vary: given }))
  expect((await ask(port, '/')).headers['vary']).toBe(expected)
})

test('middleware sees and changes the body before it is compressed', async () => {
  const app = new App({
    compress: true,
    middleware: [
      async (_, next) =>
        (await next()).transform(async function* (chunks) {
          for await (const chunk of chunks) yield String(chunk).toUpperCase()
        }),
    ],
  })
  app.get('/', () => long())
  expect((await ask(await serve(app), '/')).text).toBe(LONG.toUpperCase())
})

test('after() is told the bytes that left, and a client that leaves while it is compressed', async () => {
  const endings: unknown[] = []
  const app = new App({ compress: true })
  const huge = LONG.repeat(3000)
  app.get('/:size', ({ params, after }) => {
    after(({ outcome, bytes, items }) => void endings.push([outcome, bytes, items]))
    return params.size === 'long' ? long() : reply.text(huge)
  })
  const port = await serve(app)
  const { bytes } = await ask(port, '/long')
  await expect.poll(() => endings).toEqual([['complete', bytes.byteLength, 0]])
  const connection = await RawConnection.open(port)
  connection.send('GET /huge HTTP/1.1\r\nhost: x\r\naccept-encoding: br\r\n\r\n')
  setTimeout(() => connection.destroy(), 20)
  await expect.poll(() => endings.length, { timeout: 10_000 }).toBe(2)
  expect(endings[1]).toEqual(['disconnect', 0, 0])
})
