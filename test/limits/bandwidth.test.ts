/** How fast bodies leave, by a clock that the test turns: even, bounded, shared fairly, with one timer. */
import { App, type AppOptions, type Middleware, reply, text, throttle, type ThrottleOptions } from 'millrace'
import { connect, createTestClock, type TestClock, type TestConnection } from 'millrace/testing'
import { afterEach, describe, expect, test } from 'vitest'

const KIB = 1024
/** No other timers than the throttle's own. */
const NO_TIMEOUTS = { first: 0, stall: 0 }

const open: TestConnection[] = []
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close()
})

function scene(options: AppOptions<{}> = {}): { app: App; clock: TestClock; link: TestConnection } {
  const clock = createTestClock()
  const app = new App({
    clock,
    timeouts: NO_TIMEOUTS,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  })
  const link = connect(app)
  open.push(link)
  return { app, clock, link }
}

interface Arrival {
  readonly at: number
  readonly bytes: number
}

/** Reads as fast as it can, and notes what came when. */
function watch(clock: TestClock, from: { next(): Promise<Uint8Array | string | undefined> }) {
  const arrivals: Arrival[] = []
  const seen = { arrivals, total: 0, done: false, error: undefined as unknown }
  const read = async () => {
    for (let piece; (piece = await from.next()) !== undefined;) {
      arrivals.push({ at: clock.now(), bytes: piece.length })
      seen.total += piece.length
    }
    seen.done = true
  }
  void read().catch((error: unknown) => (seen.error = error))
  return seen
}

/** Bytes in each whole slice of 100 ms, the first one left out for its burst. */
function slices(arrivals: readonly Arrival[], until: number): number[] {
  const sums = Array.from({ length: Math.floor(until / 100) }, () => 0)
  for (const { at, bytes } of arrivals) if (at < sums.length * 100) sums[Math.floor(at / 100)]! += bytes
  return sums.slice(1)
}

const large = () => reply.bytes(new Uint8Array(64 * 1024 * KIB))
const sources: Record<string, (app: App, middleware: Middleware[]) => void> = {
  'one large chunk': (app, middleware) => app.get('/', { middleware }, large),
  'small items': (app, middleware) =>
    app.get('/', { middleware, streams: text }, async function* () {
      for (;;) yield 'x'.repeat(100)
    }),
  'small items, synchronous': (app, middleware) =>
    app.get('/', { middleware, streams: text }, function* () {
      for (;;) yield 'x'.repeat(100)
    }),
  'items of 200 KiB': (app, middleware) =>
    app.get('/', { middleware }, () =>
      reply.stream(
        (async function* () {
          for (;;) yield new Uint8Array(200 * KIB)
        })(),
      ),
    ),
  'a file': (app, middleware) =>
    app.get('/', { middleware }, () =>
      reply.file({
        name: 'x.bin',
        open: async () => ({
          size: 2 ** 30,
          read: async (target) => target.byteLength,
          close: async () => {},
        }),
      }),
    ),
}

describe('the flow is even', () => {
  for (const [name, declare] of Object.entries(sources)) {
    // How many items can be made at most is no matter of the clock.
    const most = name.startsWith('small') ? 1024 * KIB : 20 * 1024 * KIB
    for (const rate of new Set([20 * KIB, 1024 * KIB, most])) {
      test(`${name} at ${rate / KIB} KiB/s`, async () => {
        const { app, clock, link } = scene()
        declare(app, [throttle(rate)])
        const seen = watch(clock, await link.request('GET', '/'))
        await clock.advance(3000)
        // Over time exactly the rate, and what may leave at the start.
        expect(seen.total).toBeGreaterThan(rate * 2.9)
        expect(seen.total).toBeLessThan(rate * 3.2 + 64 * KIB)
        const even = rate / 10
        const each = slices(seen.arrivals, 3000)
        expect(Math.max(...each)).toBeLessThan(even * 1.35 + 512)
        expect(Math.min(...each)).toBeGreaterThan(even * 0.65 - 512)
      })
    }
  }

  test('control: a throttle that sleeps a second for each second of bytes is caught', async () => {
    const { app, clock, link } = scene()
    const naive: Middleware = async ({ sleep }, next) =>
      (await next()).transform(async function* () {
        for (;;) {
          yield new Uint8Array(1024 * KIB)
          await sleep(1000)
        }
      })
    app.get('/', { middleware: [naive] }, () => 'x')
    const seen = watch(clock, await link.request('GET', '/'))
    await clock.advance(3000)
    expect(seen.total).toBeGreaterThan(2.9 * 1024 * KIB)
    expect(Math.min(...slices(seen.arrivals, 3000))).toBe(0)
  })
})

describe('what a throttle is', () => {
  test('an option of reply.*', async () => {
    const { app, clock, link } = scene()
    app.get('/text', () => reply.text('x'.repeat(10_000), { throttle: '1 kB/s' }))
    app.get('/stream', () => reply.stream(['x'.repeat(10_000)], { throttle: 1000 }))
    for (const path of ['/text', '/stream']) {
      const got = await link.request('GET', path)
      const from = clock.now()
      const seen = watch(clock, got)
      await clock.advance(8000)
      expect(seen.done, path).toBe(false)
      await clock.advance(3000)
      expect(seen, path).toMatchObject({ done: true, total: 10_000 })
      const took = seen.arrivals.at(-1)!.at - from
      expect(took).toBeGreaterThan(8500)
    }
    expect((await link.request('HEAD', '/text')).headers['content-length']).toBe('10000')
  })

  test('of several the slowest counts', async () => {
    const { app, clock, link } = scene({ middleware: [throttle('1 MB/s')] })
    app.get('/', { middleware: [throttle(10_000)] }, () =>
      reply.bytes(new Uint8Array(1e6), { throttle: '100 kB/s' }),
    )
    const seen = watch(clock, await link.request('GET', '/'))
    await clock.advance(5000)
    expect(seen.total).toBeGreaterThan(49_000)
    expect(seen.total).toBeLessThan(53_000)
  })

  test('burst leaves at once', async () => {
    const { app, clock, link } = scene()
    app.get('/', { middleware: [throttle({ rate: 1000, burst: 50_000 })] }, () =>
      reply.bytes(new Uint8Array(60_000)),
    )
    const seen = watch(clock, await link.request('GET', '/'))
    await clock.advance(1)
    expect(seen.total).toBeGreaterThanOrEqual(50_000)
    await clock.advance(5000)
    expect(seen.total).toBeLessThan(56_000)
  })

  test.each<unknown>([0, '1 furlong/s', { rate: -1 }, { rate: 1, burst: 0 }])('%j is refused', (options) => {
    expect(() => throttle(options as ThrottleOptions)).toThrow(/rate|burst/)
  })

  test('the source is pulled more slowly, and nothing piles up', async () => {
    const { app, clock, link } = scene()
    let made = 0
    app.get('/', { middleware: [throttle('10 kB/s')], streams: text }, async function* () {
      for (;;) {
        made += 1000
        yield 'x'.repeat(1000)
      }
    })
    const seen = watch(clock, await link.request('GET', '/'))
    await clock.advance(10_000)
    expect(seen.total).toBeGreaterThan(99_000)
    expect(made - seen.total).toBeLessThan(4000)
  })
})

describe('no timeout runs against a reader whom we make wait', () => {
  test('stall and idle', async () => {
    const { app, clock, link } = scene({ timeouts: { first: 0, stall: 300, idle: 300 } })
    app.get('/', { middleware: [throttle(512)] }, () => reply.stream([new Uint8Array(5000)]))
    app.get('/file', { middleware: [throttle(512)] }, () =>
      reply.file({
        name: 'x',
        open: async () => ({ size: 5000, read: async (t) => t.byteLength, close: async () => {} }),
      }),
    )
    for (const path of ['/', '/file']) {
      const seen = watch(clock, await link.request('GET', path))
      await clock.advance(15_000)
      expect(seen, path).toMatchObject({ done: true, total: 5000, error: undefined })
    }
  })

  test('control: a reader who stops by himself is cut', async () => {
    const { app, clock, link } = scene({ timeouts: { first: 0, stall: 300 } })
    const endings: unknown[] = []
    app.get('/', { middleware: [throttle('1 MiB/s')] }, ({ after }) => {
      after(({ outcome }) => endings.push(outcome))
      return reply.stream([new Uint8Array(500_000)])
    })
    const got = await link.request('GET', '/')
    await got.next()
    await clock.advance(1000)
    expect(endings).toEqual(['timeout'])
  })
})

describe('per client', () => {
  const RATE = 100_000

  function parallel(count: number, client?: ThrottleOptions['client']) {
    const made = scene()
    const limit = throttle({ rate: RATE, per: 'client', ...(client && { client }) })
    made.app.get('/', { middleware: [limit] }, () => reply.bytes(new Uint8Array(10e6)))
    const all = Promise.all(
      Array.from({ length: count }, async (_, i) =>
        watch(made.clock, await made.link.request('GET', '/', { headers: { user: String(i) } })),
      ),
    )
    return { ...made, all }
  }

  test('all replies of a client share the rate, each as much as the others', async () => {
    const { clock, all } = parallel(8)
    const seen = await all
    await clock.advance(10_000)
    const totals = seen.map(({ total }) => total)
    const sum = totals.reduce((a, b) => a + b)
    expect(sum).toBeGreaterThan(RATE * 9.9)
    expect(sum).toBeLessThan(RATE * 10.3)
    expect(Math.min(...totals)).toBeGreaterThan(Math.max(...totals) * 0.9)
    const together = slices(
      seen.flatMap(({ arrivals }) => arrivals),
      10_000,
    )
    expect(Math.max(...together)).toBeLessThan((RATE / 10) * 1.35)
    expect(Math.min(...together)).toBeGreaterThan((RATE / 10) * 0.65)
  })

  test.each<[string, () => unknown]>([
    [
      'files',
      () =>
        reply.file({
          name: 'x.bin',
          open: async () => ({
            size: 10e6,
            read: async (target) => target.byteLength,
            close: async () => {},
          }),
        }),
    ],
    [
      'generators',
      () =>
        reply.stream(
          (async function* () {
            for (;;) yield new Uint8Array(2000)
          })(),
        ),
    ],
  ])('they take turns, also those who have yet to read what they write: %s', async (_, make) => {
    const { app, clock, link } = scene()
    app.get('/', { middleware: [throttle({ rate: RATE, per: 'client' })] }, make as () => string)
    const seen = await Promise.all(
      Array.from({ length: 50 }, async () => watch(clock, await link.request('GET', '/'))),
    )
    await clock.advance(10_000)
    const totals = seen.map(({ total }) => total)
    expect(Math.min(...totals)).toBeGreaterThanOrEqual(Math.max(...totals) - 2 * 2000)
    const together = slices(
      seen.flatMap(({ arrivals }) => arrivals),
      10_000,
    )
    // All at once would be 100 kB, and then nothing for a second.
    expect(Math.max(...together)).toBeLessThan((RATE / 10) * 1.35)
    expect(Math.min(...together.slice(10))).toBeGreaterThan((RATE / 10) * 0.65)
  })

  test('clients are who you say they are, and undefined is nobody', async () => {
    const key = ({ request }: Parameters<Exclude<ThrottleOptions['client'], undefined>>[0]) =>
      request.headers['user'] === '0' ? undefined : String(Number(request.headers['user']) % 2)
    const { clock, all } = parallel(5, key)
    const seen = await all
    await clock.advance(2000)
    const [free, ...slow] = seen.map(({ total }) => total)
    expect(free).toBe(10e6)
    for (const total of slow) expect(total / RATE).toBeCloseTo(1, 0)
  })

  test('many small replies are held as one large one would be', async () => {
    const { app, clock, link } = scene()
    app.get('/', { middleware: [throttle({ rate: 10_000, per: 'client' })] }, () => 'x'.repeat(1000))
    let got = 0
    const ask = async () => {
      for (;;) got += (await (await link.request('GET', '/')).text()).length
    }
    void ask().catch(() => {})
    await clock.advance(10_000)
    expect(got).toBeGreaterThan(95_000)
    expect(got).toBeLessThan(105_000)
  })

  test('a client with debts is not forgotten among thousands of others', async () => {
    const { app, clock, link } = scene()
    const limit = throttle({
      rate: 1000,
      per: 'client',
      client: ({ request }) => String(request.headers['user']),
    })
    app.get('/', { middleware: [limit] }, ({ headers }) => 'x'.repeat(headers['user'] === 'me' ? 5000 : 1))
    const first = watch(clock, await link.request('GET', '/', { headers: { user: 'me' } }))
    for (let i = 0; i < 2500; i++)
      await (await link.request('GET', '/', { headers: { user: String(i) } })).text()
    const second = watch(clock, await link.request('GET', '/', { headers: { user: 'me' } }))
    await clock.advance(6000)
    expect(first.total + second.total).toBeLessThan(6000 + 1500)
  })
})

describe('timers', () => {
  async function thousand(middleware: Middleware) {
    const { app, clock, link } = scene()
    app.get('/', { middleware: [middleware] }, () => reply.bytes(new Uint8Array(20_000)))
    const seen = await Promise.all(
      Array.from({ length: 1000 }, async () => watch(clock, await link.request('GET', '/'))),
    )
    await clock.advance(50)
    const timers = clock.timers.length
    expect(seen.every(({ total }) => total > 0 && total < 20_000)).toBe(true)
    return timers
  }

  test('1000 throttled replies have one', async () => {
    expect(await thousand(throttle('10 kB/s'))).toBe(1)
  })

  test('and none when nobody waits', async () => {
    const { app, clock, link } = scene()
    app.get('/', { middleware: [throttle('10 kB/s')] }, () => reply.bytes(new Uint8Array(5000)))
    const seen = watch(clock, await link.request('GET', '/'))
    await clock.advance(2000)
    expect(seen.done).toBe(true)
    expect(clock.timers).toHaveLength(0)
    const left = await link.request('GET', '/')
    watch(clock, left)
    await clock.advance(50)
    expect(clock.timers).toHaveLength(1)
    left.disconnect()
    await clock.advance(1)
    expect(clock.timers).toHaveLength(0)
  })

  test('control: a throttle that sleeps between chunks has one for each', async () => {
    const naive: Middleware = async ({ sleep }, next) =>
      (await next()).transform(async function* () {
        for (;;) {
          yield new Uint8Array(1000)
          await sleep(100)
        }
      })
    expect(await thousand(naive)).toBe(1000)
  }, 30_000)
})
