/** Files that are compressed on their way: which are, what is said of them, and what they hold. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import {
  App,
  type AppOptions,
  type FileOptions,
  type FileSource,
  memoryFile,
  reply,
  throttle,
} from 'millrace'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { openSession } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'
import { recorder } from '../contract/transport.ts'

const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer }
const WITHOUT_ZSTD = 'the zlib of this Node has no zstd: it came with 22.15 and 23.8'
const GZIP = { 'accept-encoding': 'gzip' }
const MODIFIED = new Date('2026-01-02T03:04:05Z')
const TEXT = Array.from({ length: 4000 }, (_, n) => `line ${n} of a file that compresses well\n`).join('')

const folder = mkdtempSync(join(tmpdir(), 'millrace-compress-'))
const files: Record<string, string | Buffer> = {
  'tale.txt': TEXT,
  'app.3f2a9c1b.js': TEXT,
  'photo.png': Buffer.alloc(5000),
  'small.txt': 'x'.repeat(1023),
  'both.txt': TEXT,
  'both.txt.gz': 'gzipped beforehand',
}
for (const [name, contents] of Object.entries(files)) {
  writeFileSync(join(folder, name), contents)
  utimesSync(join(folder, name), MODIFIED, MODIFIED)
}
afterAll(() => rmSync(folder, { recursive: true }))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(app: App, http2 = false): Promise<number> {
  const { port } = await app.listen({ port: 0, signals: false, http2 })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

/** An app with the folder at `/`, and one of its files from a handler. */
function siteApp(options: FileOptions = {}, appOptions: AppOptions<{}> = { compress: true }): App {
  const app = new App(appOptions)
  app.static('/', folder, { precompressed: true })
  app.get('/handler', () => reply.file(join(folder, 'tale.txt'), options))
  return app
}

async function ask(port: number, path: string, headers: Record<string, string> = GZIP, method = 'GET') {
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  const got = await connection.request(method, path, { headers })
  const pieces: Uint8Array[] = []
  for (let piece = await got.bytes(); piece !== undefined; piece = await got.bytes()) pieces.push(piece)
  return { status: got.status, headers: got.headers, bytes: Buffer.concat(pieces) }
}

/** A file of letters that knows what is done to it. */
class Watched implements FileSource {
  readonly name = 'watched.txt'
  size = 64 * 1024 * 1024
  /** What is there to read, which may differ from what was said. */
  available = Infinity
  read = 0
  closed = 0

  async open() {
    return {
      size: this.size,
      read: async (target: Uint8Array, position: number) => {
        const count = Math.max(0, Math.min(target.byteLength, this.available - position))
        // Hard to compress, so that its reader is what holds it up.
        for (let i = 0; i < count; i++) target[i] = 32 + Math.floor(Math.random() * 90)
        this.read += count
        return count
      },
      close: async () => void this.closed++,
    }
  }
}

function watchedApp(watched: Watched): { app: App; endings: unknown[] } {
  const endings: unknown[] = []
  const app = new App({ compress: true, log: recorder([]) })
  app.get('/', ({ after }) => {
    after(({ outcome, items }) => void endings.push([outcome, items]))
    return reply.file(watched)
  })
  return { app, endings }
}

describe('a file of a compressible type', () => {
  test.for([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ] as const)(
    'leaves as %s, from handlers and from folders, and its headers say so',
    async ([coding, decode], context) => {
      if (decode === undefined) return context.skip(WITHOUT_ZSTD)
      const port = await serve(siteApp())
      const plain = await ask(port, '/tale.txt', {})
      expect(plain.headers).toMatchObject({ 'accept-ranges': 'bytes', vary: 'Accept-Encoding' })
      expect(plain.headers['etag']).toMatch(/^"/)
      for (const path of ['/tale.txt', '/handler']) {
        const got = await ask(port, path, { 'accept-encoding': coding })
        expect([got.status, got.headers['content-encoding']]).toEqual([200, coding])
        expect(String(decode(got.bytes))).toBe(TEXT)
        expect(got.bytes.byteLength).toBeLessThan(TEXT.length / 4)
        expect(got.headers).toMatchObject({
          'content-type': 'text/plain; charset=utf-8',
          'transfer-encoding': 'chunked',
          'last-modified': MODIFIED.toUTCString(),
          etag: `W/${plain.headers['etag'] as string}`,
          vary: 'Accept-Encoding',
        })
        expect(got.headers['content-length']).toBeUndefined()
        expect(got.headers['accept-ranges']).toBeUndefined()
      }
    },
  )

  test('HEAD has the headers of its GET, and reads nothing', async () => {
    const watched = new Watched()
    const { app } = watchedApp(watched)
    app.static('/site', folder)
    const port = await serve(app)
    const { date: _, 'transfer-encoding': __, ...fields } = (await ask(port, '/site/tale.txt')).headers
    const head = await ask(port, '/site/tale.txt', GZIP, 'HEAD')
    const { date: ___, 'transfer-encoding': ____, ...same } = head.headers
    expect(same).toEqual(fields)
    const other = await ask(port, '/', GZIP, 'HEAD')
    expect([other.headers['content-encoding'], other.headers['content-length']]).toEqual(['gzip', undefined])
    await expect.poll(() => watched.closed).toBe(1)
    expect(watched.read).toBe(0)
  })

  test('over HTTP/2 the same', async () => {
    const session = await openSession(await serve(siteApp(), true), false)
    cleanups.push(() => session.destroy())
    const stream = session.request({ ':path': '/tale.txt', ...GZIP })
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(headers['content-encoding']).toBe('gzip')
    expect(String(gunzipSync(Buffer.concat((await stream.toArray()) as Buffer[])))).toBe(TEXT)
  })

  test('one that was compressed beforehand goes first; where none fits, it is done on the way', async () => {
    const port = await serve(siteApp())
    const ready = await ask(port, '/both.txt')
    expect([ready.headers['content-encoding'], String(ready.bytes)]).toEqual(['gzip', 'gzipped beforehand'])
    expect(ready.headers['etag']).toMatch(/^".*-gzip"$/)
    const made = await ask(port, '/both.txt', { 'accept-encoding': 'br' })
    expect(made.headers['content-encoding']).toBe('br')
    expect(String(brotliDecompressSync(made.bytes))).toBe(TEXT)
  })

  test.each<[string, string, Record<string, string>, FileOptions]>([
    ['of a type that gains nothing', '/photo.png', GZIP, {}],
    ['that is small', '/small.txt', GZIP, {}],
    ['for who accepts nothing', '/tale.txt', {}, {}],
    ['for who refuses', '/tale.txt', { 'accept-encoding': 'gzip;q=0' }, {}],
    ['with a cookie at play', '/tale.txt', { ...GZIP, cookie: 'a=b' }, {}],
    ['that must not change', '/handler', GZIP, { cache: { noTransform: true } }],
    ['that has a digest', '/handler', GZIP, { digest: 'always' }],
    [
      'whose digest is wanted',
      '/handler',
      { ...GZIP, 'want-repr-digest': 'sha-256=1' },
      { digest: 'wanted' },
    ],
  ])('one %s is left as it is, with its length, its tag and its parts', async (_, path, headers, options) => {
    const port = await serve(siteApp(options))
    const got = await ask(port, path, headers)
    const bytes = files[path.slice(1)] ?? TEXT
    expect(got.headers['content-encoding']).toBeUndefined()
    expect(got.headers).toMatchObject({ 'content-length': String(bytes.length), 'accept-ranges': 'bytes' })
    expect(got.headers['etag']).toMatch(/^"/)
    expect(got.bytes.equals(Buffer.from(bytes))).toBe(true)
  })

  test('control: without `compress` nothing is compressed, and nothing varies', async () => {
    for (const app of [siteApp({}, {}), siteApp({}, { compress: false })]) {
      const got = await ask(await serve(app), '/handler')
      expect([got.headers['content-encoding'], got.headers['vary'], String(got.bytes)]).toEqual([
        undefined,
        undefined,
        TEXT,
      ])
    }
  })

  test('what is public has no secret in it, whoever asks', async () => {
    const got = await ask(await serve(siteApp()), '/app.3f2a9c1b.js', { ...GZIP, cookie: 'a=b' })
    expect(got.headers).toMatchObject({ 'content-encoding': 'gzip', 'cache-control': /^public/ })
  })

  test('a folder has options of its own', async () => {
    const app = new App({ compress: true })
    app.static('/off', folder, { compress: false })
    app.static('/on', folder, { compress: { credentials: true } })
    const port = await serve(app)
    expect((await ask(port, '/off/tale.txt')).headers['content-encoding']).toBeUndefined()
    const on = await ask(port, '/on/tale.txt', { ...GZIP, cookie: 'a=b' })
    expect(on.headers['content-encoding']).toBe('gzip')
  })
})

describe('conditions and parts', () => {
  test('who has the weakened tag gets a 304 with it, and so does who has the strong one', async () => {
    const port = await serve(siteApp())
    const strong = String((await ask(port, '/tale.txt', {})).headers['etag'])
    for (const tag of [`W/${strong}`, strong]) {
      for (const accept of [GZIP, {}]) {
        const got = await ask(port, '/tale.txt', { ...accept, 'if-none-match': tag })
        expect([got.status, got.headers['etag'], got.headers['vary'], got.bytes.byteLength]).toEqual([
          304,
          tag,
          'Accept-Encoding',
          0,
        ])
      }
    }
    const other = await ask(port, '/tale.txt', { ...GZIP, 'if-none-match': 'W/"other"' })
    expect([other.status, other.headers['content-encoding']]).toEqual([200, 'gzip'])
  })

  test('a part is one of the file as it is', async () => {
    const port = await serve(siteApp())
    const strong = String((await ask(port, '/tale.txt', {})).headers['etag'])
    for (const ifRange of [{}, { 'if-range': strong }]) {
      const got = await ask(port, '/tale.txt', { ...GZIP, range: 'bytes=5-14', ...ifRange })
      expect([got.status, got.headers['content-encoding'], String(got.bytes)]).toEqual([
        206,
        undefined,
        TEXT.slice(5, 15),
      ])
      expect(got.headers).toMatchObject({
        'content-range': `bytes 5-14/${TEXT.length}`,
        'accept-ranges': 'bytes',
        etag: strong,
        vary: 'Accept-Encoding',
      })
    }
  })

  test('the rest of a compressed one is not to be had: neither its tag nor its date are good for that', async () => {
    const port = await serve(siteApp())
    const { headers } = await ask(port, '/tale.txt')
    for (const known of [headers['etag'], headers['last-modified']]) {
      const got = await ask(port, '/tale.txt', { ...GZIP, range: 'bytes=100-', 'if-range': String(known) })
      expect([got.status, got.headers['content-encoding']]).toEqual([200, 'gzip'])
      expect(String(gunzipSync(got.bytes))).toBe(TEXT)
    }
    // Control: who never had a compressed one goes on by the date.
    const date = { range: 'bytes=100-', 'if-range': String(headers['last-modified']) }
    expect((await ask(port, '/handler', date)).status).toBe(206)
  })

  test('412 and 416 vary like the file', async () => {
    const port = await serve(siteApp())
    for (const [status, asked] of [
      [412, { 'if-match': '"other"' }],
      [416, { range: 'bytes=99999999-' }],
    ] as const) {
      const got = await ask(port, '/tale.txt', { ...GZIP, ...asked })
      expect([got.status, got.headers['vary']]).toEqual([status, 'Accept-Encoding'])
    }
  })
})

describe('on its way', () => {
  test('who refuses every coding, and the file as it is, gets a 406, and nothing stays open', async () => {
    const watched = new Watched()
    const port = await serve(watchedApp(watched).app)
    const refusing = { 'accept-encoding': 'deflate, *;q=0' }
    const got = await ask(port, '/', refusing)
    expect([got.status, got.headers['vary']]).toEqual([406, 'Accept-Encoding'])
    await expect.poll(() => watched.closed).toBe(1)
    expect(watched.read).toBe(0)
    expect((await ask(port, '/', { ...refusing, range: 'bytes=0-9' })).status).toBe(206)
  })

  test('a reader who stops holds up the reading, and a client that leaves ends it', async () => {
    const watched = new Watched()
    const { app, endings } = watchedApp(watched)
    const connection = await RawConnection.open(await serve(app))
    connection.socket.pause()
    connection.send('GET / HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n')
    let before = -1
    await expect
      .poll(
        () => {
          const same = watched.read > 0 && watched.read === before
          before = watched.read
          return same
        },
        { interval: 300, timeout: 30_000 },
      )
      .toBe(true)
    // The buffers of two sockets, and little of ours.
    expect(watched.read).toBeLessThan(watched.size / 3)
    connection.destroy()
    await expect.poll(() => [watched.closed, endings]).toEqual([1, [['disconnect', 0]]])
  })

  test('a file that becomes shorter is cut, so that nobody takes it for the whole', async () => {
    const watched = new Watched()
    watched.size = 1_000_000
    watched.available = 500_000
    const { app, endings } = watchedApp(watched)
    await expect(ask(await serve(app), '/')).rejects.toThrow()
    await expect.poll(() => [watched.closed, endings]).toEqual([1, [['error', 0]]])
  })

  test('a pace counts what leaves', async () => {
    const app = new App({ compress: true })
    // Plain it would take 20 seconds.
    const file = memoryFile('a.txt', TEXT)
    app.get('/', { middleware: [throttle(TEXT.length / 20)] }, () => reply.file(file))
    const startedAt = performance.now()
    const got = await ask(await serve(app), '/')
    expect(String(gunzipSync(got.bytes))).toBe(TEXT)
    const tookMs = performance.now() - startedAt
    // What left, at that rate, but for what may leave at once.
    expect(tookMs).toBeGreaterThan((got.bytes.byteLength / TEXT.length) * 20_000 * 0.7 - 200)
    expect(tookMs).toBeLessThan(15_000)
  })
})
