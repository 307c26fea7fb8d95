/** Each phase of a request has its time, its answer and its outcome. Over sockets, on the machine's clock. */
import { createServer } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { Socket } from 'node:net'
import { type App, jsonl, reply, sse, text, type Timeouts } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { RawConnection, type RawReply } from '../contract/raw-client.ts'
import { until, wait, within } from '../contract/transport.ts'
import { read, scene } from '../format/scene.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const problemOf = async (reply: RawReply) => JSON.parse((await read(reply)).text) as Record<string, unknown>

/** The same limit from the app or from the route; the one that does not count is far away. */
const LEVELS = [
  ['the app', (own: Timeouts) => ({ app: { timeouts: own }, route: {} })],
  [
    'the route',
    (own: Timeouts) => ({
      app: { timeouts: Object.fromEntries(Object.keys(own).map((phase) => [phase, 50_000])) },
      route: { timeouts: own },
    }),
  ],
] as const

describe('headers', () => {
  test('a client that never finishes its headers gets 408 and is cut', async () => {
    const { app, open } = scene({ timeouts: { headers: 400 } })
    app.get('/', () => 'x')
    const connection = await open()
    const startedAt = performance.now()
    connection.send('GET / HTTP/1.1\r\nhost: x\r\n')
    // A trickle does not help.
    const trickle = setInterval(() => connection.socket.writable && connection.send('x-a: b\r\n'), 100)
    cleanups.push(() => clearInterval(trickle))
    const got = await within(connection.reply('GET'), 'the 408')
    clearInterval(trickle)
    expect(got.status).toBe(408)
    expect(performance.now() - startedAt).toBeGreaterThan(380)
    expect(performance.now() - startedAt).toBeLessThan(2000)
    await within(
      until(() => connection.socket.destroyed || connection.socket.readableEnded, 'closed'),
      'closed',
    )
  })

  test('so does one that sends nothing at all', async () => {
    const { app, open } = scene({ timeouts: { headers: 400 } })
    app.get('/', () => 'x')
    const connection = await open()
    expect(String(await within(connection.some(100), 'an answer or a close'))).toContain('408')
  })
})

describe('body', () => {
  test.each(LEVELS)('a body that takes too long is a 408, by the limit of %s', async (_, level) => {
    const { app: options, route } = level({ body: 300 })
    const { app, open, endings } = scene(options)
    app.post('/', { ...route, body: z.object({ a: z.number() }) }, ({ body }) => body)
    const connection = await open()
    connection.send(
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"',
    )
    const startedAt = performance.now()
    const trickle = setInterval(() => connection.socket.writable && connection.send(' '), 50)
    cleanups.push(() => clearInterval(trickle))
    const got = await within(connection.reply('POST'), 'the 408')
    expect(got.status).toBe(408)
    expect(performance.now() - startedAt).toBeGreaterThan(280)
    expect(performance.now() - startedAt).toBeLessThan(1500)
    expect(await problemOf(got)).toMatchObject({ code: 'BODY_TIMEOUT', detail: 'The limit is 300 ms.' })
    clearInterval(trickle)
    await until(() => endings.length === 1, 'after() is told')
    expect(endings[0]).toMatchObject({ outcome: 'timeout' })
  })

  test('a route may give its body more time than the app does, also no limit', async () => {
    const { app, open } = scene({ timeouts: { headers: 300, body: 300 } })
    const count = async ({ body }: { body: AsyncIterable<unknown> }) => {
      let items = 0
      for await (const _ of body) items++
      return items
    }
    app.post('/more', { body: jsonl(z.number()), timeouts: { body: 20_000 } }, count)
    app.post('/unlimited', { body: jsonl(z.number()), timeouts: { body: 0 } }, count)
    async function* slow() {
      for (let n = 0; n < 8; n++) {
        yield Buffer.from(`${n}\n`)
        await wait(200)
      }
    }
    for (const path of ['/more', '/unlimited']) {
      const connection = await open()
      const headers = { 'content-type': 'application/jsonl' }
      const got = await within(connection.request('POST', path, { headers, body: slow() }), path)
      expect([got.status, (await read(got)).text], path).toEqual([200, '8'])
    }
  })
})

describe('the rest of a body that nobody reads', () => {
  /** Sends a request and its body drop by drop, and tells how long its connection lived after the reply. */
  async function trickle(connection: RawConnection): Promise<() => number | undefined> {
    connection.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n')
    const drops = setInterval(() => connection.socket.writable && connection.send('x'), 50)
    cleanups.push(() => clearInterval(drops))
    const got = await within(connection.reply('POST'), 'the reply')
    const repliedAt = performance.now()
    let lived: number | undefined
    connection.socket.on('error', () => {})
    connection.socket.once('close', () => (lived = performance.now() - repliedAt))
    expect([got.status, (await read(got)).text]).toEqual([200, 'done'])
    return () => lived
  }

  test.each<[string, () => unknown]>([
    ['a value', () => 'done'],
    [
      'a stream',
      () =>
        reply.stream(
          (async function* () {
            yield 'done'
          })(),
        ),
    ],
  ])('is cut after `body`, from the end of the reply on: %s', async (_, make) => {
    const { app, open, endings } = scene({ timeouts: { body: 400 } })
    app.post('/', make as () => string)
    const lived = await trickle(await open())
    await until(() => lived() !== undefined, 'the cut')
    expect(lived()).toBeGreaterThan(300)
    expect(lived()).toBeLessThan(2500)
    expect(endings.map(({ outcome }) => outcome)).toEqual(['complete'])
  })

  test('over HTTP/2 its stream is, and the others are not', async () => {
    const { app } = scene({ timeouts: { body: 400 } })
    app.post('/', () => 'done')
    app.get('/', () => 'there')
    const { port } = await app.listen({ port: 0, signals: false, http2: true })
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    cleanups.push(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.on('error', () => {})
    const drops = setInterval(() => stream.writable && stream.write('x'), 50)
    cleanups.push(() => clearInterval(drops))
    let text = ''
    stream.setEncoding('utf8').on('data', (data: string) => (text += data))
    await until(() => stream.closed, 'the stream is closed')
    expect(text).toBe('done')
    const other = session.request({ ':path': '/' })
    expect(await other.setEncoding('utf8').toArray()).toEqual(['there'])
  })

  test('control: without the limit it goes on, and so it does at a plain node:http server', async () => {
    const { app, open } = scene({ timeouts: { body: 0 } })
    app.post('/', () => 'done')
    const server = createServer((_, response) => response.end('done'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const { port } = server.address() as { port: number }
    const plain = await RawConnection.open(port)
    cleanups.push(() => plain.destroy())
    const lived = [await trickle(await open()), await trickle(plain)]
    await wait(1500)
    expect(lived.map((tell) => tell())).toEqual([undefined, undefined])
  })
})

interface Sleeper {
  sleep(ms: number): Promise<void>
}

describe('first', () => {
  describe.each(LEVELS)('by the limit of %s', (_, level) => {
    test.each([
      ['a handler', {}, ({ sleep }: Sleeper): Promise<void> => sleep(60_000)],
      [
        'a generator before its first item',
        { streams: jsonl() },
        async function* ({ sleep }: Sleeper): AsyncGenerator<number> {
          await sleep(60_000)
          yield 1
        },
      ],
    ])('%s is a 503', async (__, more, handler) => {
      const { app: options, route } = level({ first: 250 })
      const { app, open, endings, log } = scene(options)
      app.get('/', { ...route, ...more }, handler as never)
      const startedAt = performance.now()
      const got = await within((await open()).request('GET', '/'), 'the 503')
      expect(performance.now() - startedAt).toBeGreaterThan(240)
      expect(performance.now() - startedAt).toBeLessThan(1500)
      expect(got.status).toBe(503)
      expect(await problemOf(got)).toMatchObject({ code: 'FIRST_ITEM_TIMEOUT' })
      await until(() => endings.length === 1, 'after() is told')
      expect(endings[0]).toMatchObject({ outcome: 'timeout' })
      // It has unwound: nothing to report but the timeout.
      await wait(400)
      expect(log.filter(({ level: at }) => at === 'warn')).toEqual([])
    })
  })

  describe.each(LEVELS)('by the limit of %s, after the head of an event stream', (_, level) => {
    test.each([
      ['quiet', { heartbeat: 100 }, 0],
      ['that says how to reconnect', { retry: 2000 }, 0],
      ['that drops what it yields first', { invalid: 'drop' }, 'no number'],
    ] as const)('a stream %s ends with an error item and a cut', async (kind, format, first) => {
      const { app: options, route } = level({ first: 700 })
      const { app, get, endings } = scene(options)
      let unwound = false
      app.get('/', { ...route, streams: sse(z.number(), format) }, async function* ({ sleep }) {
        try {
          await sleep(kind === 'that drops what it yields first' ? 200 : 60_000)
          yield first as number
          await sleep(60_000)
        } finally {
          unwound = true
        }
      })
      const startedAt = performance.now()
      const got = await get('/')
      expect(got.status).toBe(200)
      if (kind === 'that drops what it yields first') {
        // It has shown that it is alive.
        await wait(1200)
        return expect(endings).toEqual([])
      }
      const { text: wire, cut } = await within(read(got), 'the end')
      expect(performance.now() - startedAt).toBeGreaterThan(680)
      expect(cut).toBe(true)
      expect(wire).toMatch(
        /event: error\ndata: \{.*"code":"FIRST_ITEM_TIMEOUT".*"The limit is 700 ms\."\}\n\n$/,
      )
      await until(() => unwound && endings.length === 1, 'it unwinds')
      expect(endings[0]).toMatchObject({ outcome: 'timeout', items: 0 })
    })
  })

  test('an event in time is enough, however long the next one takes', async () => {
    const { app, get, endings } = scene({ timeouts: { first: 500 } })
    app.get('/', { streams: sse() }, async function* ({ sleep }) {
      await sleep(250)
      yield 1
      await sleep(900)
      yield 2
    })
    expect(await read(await get('/'))).toEqual({ text: 'data: 1\n\ndata: 2\n\n', cut: false })
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]!.outcome).toBe('complete')
  })

  test('a handler that ignores its signal is answered for anyway, and reported without holding the reply', async () => {
    const { app, open, log } = scene({ timeouts: { first: 200 }, middleware: [] })
    app.get('/stubborn', () => new Promise(() => {}))
    const startedAt = performance.now()
    const got = await within((await open()).request('GET', '/stubborn'), 'the 503')
    expect(got.status).toBe(503)
    expect(performance.now() - startedAt).toBeLessThan(1500)
    const report = () =>
      log.find(({ level, message }) => level === 'warn' && message.includes('has not unwound'))
    expect(report()).toBe(undefined)
    await until(() => report() !== undefined, 'the report')
    expect(report()).toMatchObject({ fields: { route: '/stubborn', method: 'GET' } })
    expect(report()!.fields['ageMs']).toBeGreaterThan(450)
  })

  test('what comes too late is discarded and closed', async () => {
    const { app, open, log } = scene({ timeouts: { first: 150 }, middleware: [] })
    const closed: string[] = []
    let late = 0
    const afterwards = async () => {
      await wait(400)
      late++
    }
    app.get('/web', async () => {
      await afterwards()
      return new ReadableStream({ cancel: () => void closed.push('web') })
    })
    app.get('/file', async () => {
      await afterwards()
      return reply.file({
        name: 'x',
        open: async () => ({ size: 1, read: async () => 1, close: async () => void closed.push('file') }),
      })
    })
    app.get('/iterator', async () => {
      await afterwards()
      return reply.stream({
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ done: false as const, value: 'x' }),
          return: async () => {
            closed.push('iterator')
            return { done: true as const, value: undefined }
          },
        }),
      })
    })
    app.get('/value', async () => {
      await afterwards()
      return { late: true }
    })
    app.get('/error', async () => {
      await afterwards()
      throw new Error('too late')
    })
    const paths = ['/web', '/file', '/iterator', '/value', '/error']
    const statuses = await Promise.all(
      paths.map(async (path) => (await (await open()).request('GET', path)).status),
    )
    expect(statuses).toEqual([503, 503, 503, 503, 503])
    expect(late).toBe(0)
    await until(() => closed.length === 3 && late === 5, `all are closed: ${closed.join()}`)
    expect(closed.sort()).toEqual(['file', 'iterator', 'web'])
    await wait(50)
    // The app still serves.
    expect((await (await open()).request('GET', '/value')).status).toBe(503)
    expect(log.filter(({ message }) => /after the head|headers/.test(message))).toEqual([])
  })
})

describe('idle', () => {
  describe.each(LEVELS)('by the limit of %s', (_, level) => {
    test('a quiet stream ends with an error item and a cut', async () => {
      const { app: options, route } = level({ idle: 300 })
      const { app, open, endings } = scene(options)
      let unwound = 0
      app.get('/', { ...route, streams: [jsonl(), sse()] }, async function* ({ sleep }) {
        try {
          yield 1
          await sleep(60_000)
        } finally {
          unwound++
        }
      })
      const startedAt = performance.now()
      const lines = await read(
        await (await open()).request('GET', '/', { headers: { accept: 'application/jsonl' } }),
      )
      expect(performance.now() - startedAt).toBeGreaterThan(290)
      expect(performance.now() - startedAt).toBeLessThan(1500)
      expect(lines.cut).toBe(true)
      expect(lines.text.split('\n')[0]).toBe('1')
      expect(JSON.parse(lines.text.split('\n')[1]!)).toMatchObject({
        $error: { code: 'IDLE_TIMEOUT', status: 503 },
      })

      const events = await read(
        await (await open()).request('GET', '/', { headers: { accept: 'text/event-stream' } }),
      )
      expect(events.cut).toBe(true)
      expect(events.text).toMatch(/^data: 1\n\nevent: error\ndata: \{.*"code":"IDLE_TIMEOUT".*\}\n\n$/)
      await until(() => endings.length === 2 && unwound === 2, 'both unwind')
      for (const ending of endings) expect(ending).toMatchObject({ outcome: 'timeout', items: 1 })
    })
  })

  test('a producing stream is never cut, however long it lasts', async () => {
    const { app, open, endings } = scene({ timeouts: { idle: 300 } })
    app.get('/', { streams: text }, async function* ({ sleep }) {
      for (let n = 0; n < 12; n++) {
        yield 'x'
        await sleep(100)
      }
    })
    expect(await read(await (await open()).request('GET', '/'))).toEqual({ text: 'x'.repeat(12), cut: false })
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]!.outcome).toBe('complete')
  })

  test('what it produces counts also when nothing of it is sent: dropped items, empty strings', async () => {
    const { app, open } = scene({ timeouts: { idle: 300 } })
    const drop = jsonl(z.number(), { invalid: 'drop' })
    app.get('/dropped', { streams: drop }, async function* ({ sleep }) {
      for (let n = 0; n < 8; n++) {
        yield (n === 0 || n === 7 ? n : 'no number') as number
        await sleep(100)
      }
    })
    app.get('/empty', { streams: text }, async function* ({ sleep }) {
      for (let n = 0; n < 8; n++) {
        yield n === 0 || n === 7 ? 'x' : ''
        await sleep(100)
      }
    })
    expect(await read(await (await open()).request('GET', '/dropped'))).toEqual({
      text: '0\n7\n',
      cut: false,
    })
    expect(await read(await (await open()).request('GET', '/empty'))).toEqual({ text: 'xx', cut: false })
  })

  test('heartbeats do not keep it alive', async () => {
    const { app, open } = scene({ timeouts: { idle: 500 } })
    app.get('/', { streams: sse(z.number(), { heartbeat: 60 }) }, async function* ({ sleep }) {
      yield 1
      await sleep(60_000)
    })
    const { text: got, cut } = await read(await (await open()).request('GET', '/'))
    expect(cut).toBe(true)
    expect(got.match(/^: ?$/gm)!.length).toBeGreaterThan(3)
    expect(got).toContain('IDLE_TIMEOUT')
  })

  test('a reader that is slow is not the source being idle', async () => {
    const { app, open, endings } = scene({ timeouts: { idle: 200, stall: 10_000 } })
    app.get('/', { streams: text }, function* () {
      for (let n = 0; n < 320; n++) yield 'x'.repeat(65_536)
    })
    const got = await (await open()).request('GET', '/')
    await wait(1000)
    expect(endings).toEqual([])
    const { text: all, cut } = await read(got)
    expect([all.length, cut]).toEqual([320 * 65_536, false])
  })

  test('the end that is still on its way to a slow reader is not cut by it', async () => {
    const { app, open, endings } = scene({ timeouts: { idle: 200, stall: 10_000 } })
    // More than the kernels hold, in one chunk: all of it is with the connection when the source ends.
    const chunk = Buffer.alloc(16 * 1024 * 1024, 'x')
    app.get('/', { streams: text }, function* () {
      yield 'x'
      yield chunk as unknown as string
    })
    app.get('/bytes', () => reply.stream([chunk]))
    const got = await (await open()).request('GET', '/bytes')
    await wait(1000)
    expect(endings).toEqual([])
    const { text: all, cut } = await read(got)
    expect([all.length, cut]).toEqual([chunk.byteLength, false])
  })
})

describe('stall', () => {
  const MB = 1024 * 1024
  const large = (app: App, route: object) => {
    app.get('/stream', { ...route, streams: text }, function* () {
      for (;;) yield 'x'.repeat(1000)
    })
    app.get('/chunk', { ...route }, () => reply.stream([Buffer.alloc(24 * MB)]))
    app.get('/file', { ...route }, () =>
      reply.file({
        name: 'x',
        open: async () => ({ size: 64 * MB, read: async (to) => to.byteLength, close: async () => {} }),
      }),
    )
    app.get('/whole', { ...route }, () => new Uint8Array(24 * MB))
    app.get('/json', { ...route }, () => ({ text: 'x'.repeat(24 * MB) }))
  }

  describe.each(LEVELS)('by the limit of %s', (_, level) => {
    test.each(['/stream', '/chunk', '/file', '/whole', '/json'])(
      'a reader that takes nothing is cut: %s',
      async (path) => {
        const { app: options, route } = level({ stall: 400 })
        const { app, open, endings } = scene(options)
        large(app, route)
        const connection = await open()
        // From before the request: the client hears of the head when the server's time has begun already.
        const startedAt = performance.now()
        const got = await connection.request('GET', path)
        expect(got.status).toBe(200)
        // Nothing is read; the end is only known to the server.
        await until(() => endings.length === 1, 'it is cut', 8000)
        expect(performance.now() - startedAt).toBeGreaterThan(380)
        expect(performance.now() - startedAt).toBeLessThan(6000)
        expect(endings[0]).toMatchObject({ outcome: 'timeout' })
      },
      15_000,
    )
  })

  test('a reader that takes nothing of the last few bytes is cut too', async () => {
    const { app, open, endings } = scene({ timeouts: { stall: 400 } })
    let sent = 0
    // The kernels are filled in writes so small that Node refuses none; then the source ends.
    app.get('/', { streams: text }, async function* () {
      for (; sent < 64 * MB && held() === 0; sent += 2048) {
        yield 'x'.repeat(2048)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    // What Node's own connections hold back.
    const seen = new Set<Socket>()
    const { write } = Socket.prototype as unknown as { write: (...args: unknown[]) => boolean }
    Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
      seen.add(this)
      return write.apply(this, args)
    } as never
    cleanups.push(() => void (Socket.prototype.write = write as never))
    const held = () => Math.max(0, ...[...seen].map((socket) => socket.writableLength))
    expect((await (await open()).request('GET', '/')).status).toBe(200)
    await until(() => endings.length === 1, 'it is cut', 12_000)
    expect(endings[0]).toMatchObject({ outcome: 'timeout' })
    expect(sent).toBeLessThan(64 * MB)
  }, 20_000)

  test.each(['/chunk', '/file', '/whole'])(
    'a slow reader that moves is never cut: %s',
    async (path) => {
      const { app, open, endings } = scene({ timeouts: { stall: 1000 } })
      large(app, {})
      const got = await (await open()).request('GET', path)
      const size = Number(got.headers['content-length'] ?? 24 * MB)
      let received = 0
      const startedAt = performance.now()
      // About 5 MB per second for as long as four times the limit, then the rest.
      for (let piece = await got.bytes(); piece !== undefined; piece = await got.bytes()) {
        received += piece.byteLength
        const dueAt = startedAt + received / 5000
        if (dueAt - startedAt < 4000 && dueAt > performance.now()) await wait(dueAt - performance.now())
      }
      expect(received).toBe(size)
      expect(performance.now() - startedAt).toBeGreaterThan(3900)
      await until(() => endings.length === 1, 'the end')
      expect(endings[0]!.outcome).toBe('complete')
    },
    30_000,
  )
})

describe('stall over HTTP/2', () => {
  const MB = 1024 * 1024
  const start = async (stall: number) => {
    const made = scene({ timeouts: { stall } })
    const { app } = made
    const file = { size: 24 * MB, read: async (to: Uint8Array) => to.byteLength, close: async () => {} }
    app.get('/file', () => reply.file({ name: 'x', open: async () => file }))
    app.get('/whole', () => new Uint8Array(24 * MB))
    const { port } = await app.listen({ port: 0, http2: true, signals: false })
    const client = connectHttp2(`http://127.0.0.1:${port}`)
    client.on('error', () => {})
    cleanups.push(() => client.destroy())
    return { ...made, get: (path: string) => client.request({ ':path': path }).on('error', () => {}) }
  }

  test.each(['/file', '/whole'])('a reader that takes nothing is cut: %s', async (path) => {
    const { get, endings } = await start(400)
    get(path).pause()
    await until(() => endings.length === 1, 'it is cut', 8000)
    expect(endings[0]).toMatchObject({ outcome: 'timeout' })
  })

  test.each(['/file', '/whole'])(
    'one that becomes slow, but moves, is not: %s',
    async (path) => {
      const { get, endings } = await start(1000)
      const stream = get(path)
      let received = 0
      const startedAt = performance.now()
      for await (const piece of stream as AsyncIterable<Buffer>) {
        received += piece.byteLength
        // A third at full speed, then 400 KB per second for a while, then the rest.
        const slowFor = performance.now() - startedAt
        if (received > 8 * MB && slowFor < 5000) await wait(piece.byteLength / 400)
      }
      expect(received).toBe(24 * MB)
      expect(performance.now() - startedAt).toBeGreaterThan(4500)
      await until(() => endings.length === 1, 'the end')
      expect(endings[0]!.outcome).toBe('complete')
    },
    20_000,
  )
})

describe('total', () => {
  describe.each(LEVELS)('by the limit of %s', (_, level) => {
    test('before the head it is a 503, after it an error item and a cut', async () => {
      const { app: options, route } = level({ total: 400 })
      const { app, open, endings } = scene(options)
      app.get('/value', { ...route }, ({ sleep }) => sleep(60_000))
      app.get('/stream', { ...route, streams: jsonl() }, async function* ({ sleep }) {
        for (;;) {
          yield 1
          await sleep(20)
        }
      })
      app.get('/file', { ...route }, () =>
        reply.file({
          name: 'x',
          open: async () => ({
            size: 1 << 30,
            read: async (to) => {
              await wait(20)
              return to.byteLength
            },
            close: async () => {},
          }),
        }),
      )
      const value = await (await open()).request('GET', '/value')
      expect(value.status).toBe(503)
      expect(await problemOf(value)).toMatchObject({ code: 'TOTAL_TIMEOUT' })

      const startedAt = performance.now()
      const stream = await read(await (await open()).request('GET', '/stream'))
      expect(performance.now() - startedAt).toBeGreaterThan(380)
      expect(performance.now() - startedAt).toBeLessThan(1500)
      const lines = stream.text.trim().split('\n')
      expect(stream.cut).toBe(true)
      expect(lines.length).toBeGreaterThan(5)
      expect(JSON.parse(lines.at(-1)!)).toMatchObject({
        $error: { code: 'TOTAL_TIMEOUT', detail: 'The limit is 400 ms.' },
      })

      expect((await read(await (await open()).request('GET', '/file'))).cut).toBe(true)
      await until(() => endings.length === 3, 'all three end')
      for (const ending of endings) expect(ending.outcome).toBe('timeout')
    })
  })
})

test('known bad: a plain node:http server keeps a reader that takes nothing', async () => {
  let closed = false
  const server = createServer((_, response) => {
    response.on('close', () => (closed = true))
    response.end(Buffer.alloc(24 * 1024 * 1024))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const { port } = server.address() as { port: number }
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  await connection.request('GET', '/')
  await wait(1500)
  expect(closed).toBe(false)
})
