import { App, type AppOptions, dependency, type Middleware, reply, sse, text } from 'millrace'
import {
  createTestClock,
  type DisconnectPointOptions,
  everyDisconnectPoint,
  LeakError,
} from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { recorder, wait } from '../contract/transport.ts'

const never = new Promise<never>(() => {})

/** Makes apps with a clock of their own. */
const maker =
  (declare: (app: App) => void, options: AppOptions<{}> = {}) =>
  () => {
    const app = new App({ clock: createTestClock(), log: recorder([]), ...options })
    declare(app)
    return app
  }

/** A pool that a test can look at. */
class Pool {
  taken = 0
  take(): Pool {
    this.taken++
    return this
  }
  give(): void {
    this.taken--
  }
}

async function failure(makeApp: () => App, options: DisconnectPointOptions = {}): Promise<LeakError> {
  const error: unknown = await everyDisconnectPoint(makeApp, 'GET /', { withinMs: 100, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(LeakError)
  return error as LeakError
}

describe('everyDisconnectPoint', () => {
  test('passes a good app at every point, and says which they were', async () => {
    const pool = new Pool()
    const steps = { finally: 0, after: 0, made: 0 }
    const db = dependency(async function* () {
      steps.made++
      const connection = pool.take()
      try {
        yield connection
      } finally {
        connection.give()
      }
    })
    const makeApp = maker((app) =>
      app.get('/', { use: { db }, streams: text }, async function* ({ after, sleep }) {
        after(() => steps.after++)
        try {
          yield 'one'
          await sleep(60_000)
          yield 'two'
        } finally {
          steps.finally++
        }
      }),
    )
    const checked: string[] = []
    const { points, chunks, complete } = await everyDisconnectPoint(makeApp, 'GET /', {
      check(point) {
        checked.push(point)
        expect(pool.taken).toBe(0)
      },
    })
    expect([chunks, complete]).toEqual([2, true])
    expect(points).toEqual([
      'as its request arrived',
      'while its reply was awaited',
      'after the head, at once',
      'after the head, while it did not read',
      'after the head, while the next one was awaited',
      'after the head, while the next one was written',
      'after chunk 1, at once',
      'after chunk 1, while it did not read',
      'after chunk 1, while the next one was awaited',
      'after chunk 1, while the next one was written',
      'after chunk 2, at once',
    ])
    expect(checked).toEqual(['at the end', ...points])
    // At the first point the handler has not been called.
    expect(steps).toEqual({ made: 12, finally: 11, after: 11 })
  })

  test('follows a stream without end for so many chunks, heartbeats too', async () => {
    const makeApp = maker((app) =>
      app.get('/', { streams: sse() }, async function* ({ sleep }) {
        for (let i = 0; ; i++) {
          yield i
          await sleep(20_000)
        }
      }),
    )
    const { points, chunks, complete } = await everyDisconnectPoint(makeApp, 'GET /', { chunks: 3 })
    expect([chunks, complete]).toEqual([3, false])
    expect(points).toHaveLength(2 + 4 * 4)
  })

  test('takes a stream that falls silent as far as it goes', async () => {
    const makeApp = maker((app) =>
      app.get('/', { streams: text }, async function* ({ signal }) {
        yield 'one'
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        )
      }),
    )
    const { chunks, complete } = await everyDisconnectPoint(makeApp, 'GET /', { quietMs: 150 })
    expect([chunks, complete]).toEqual([1, false])
  })

  test('a reply that is not a stream, and one that never comes', async () => {
    const json = maker((app) => app.post('/', async ({ body }) => ({ got: await body.json() })))
    const request = {
      method: 'POST',
      target: '/',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    }
    expect(await everyDisconnectPoint(json, request)).toMatchObject({ chunks: 1, complete: true })
    const slow = maker((app) => app.get('/', ({ sleep }) => sleep(1e9)), {
      timeouts: { first: 0 },
      clock: frozen(),
    })
    expect(await everyDisconnectPoint(slow, 'GET /', { quietMs: 150 })).toMatchObject({
      chunks: 0,
      complete: false,
    })
  })

  test('a body that is sent piece by piece', async () => {
    const makeApp = maker((app) =>
      app.post('/', { streams: text }, async function* ({ body }) {
        for await (const piece of body) yield piece.byteLength.toString()
      }),
    )
    const body = async function* () {
      yield new Uint8Array(3)
      await wait(1)
      yield new Uint8Array(5)
    }
    const { chunks } = await everyDisconnectPoint(makeApp, { method: 'POST', target: '/', body })
    expect(chunks).toBeGreaterThan(0)
  })

  test('a stream that fails, and one that fails before its first item', async () => {
    const makeApp = maker((app) =>
      app.get('/', { streams: text }, async function* ({ after }) {
        after(() => {})
        yield 'one'
        await wait(1)
        throw new Error('boom')
      }),
    )
    expect(await everyDisconnectPoint(makeApp, 'GET /')).toMatchObject({ chunks: 1, complete: true })
    const early = maker((app) =>
      // oxlint-disable-next-line require-yield -- it never comes to one
      app.get('/', { streams: text }, async function* () {
        throw new Error('boom')
      }),
    )
    expect(await everyDisconnectPoint(early, 'GET /')).toMatchObject({ chunks: 1, complete: true })
  })

  test('through ten middlewares, with a transform', async () => {
    const plain: Middleware = async (_, next) => next()
    const transforming: Middleware = async (_, next) =>
      (await next()).transform(async function* (chunks) {
        for await (const chunk of chunks) yield chunk
      })
    const middleware = [...Array.from({ length: 9 }, () => plain), transforming]
    let open = 0
    const makeApp = maker(
      (app) =>
        app.get('/', { streams: text }, async function* ({ sleep }) {
          open++
          try {
            yield 'one'
            await sleep(1000)
            yield 'two'
          } finally {
            open--
          }
        }),
      { middleware },
    )
    const check = () => expect(open).toBe(0)
    expect(await everyDisconnectPoint(makeApp, 'GET /', { check })).toMatchObject({
      chunks: 2,
      complete: true,
    })
  })

  test('work that goes on without its client is waited for, its sleeps on the test clock', async () => {
    const finished: number[] = []
    const makeApp = maker((app) =>
      app.get('/', { streams: text, onDisconnect: 'finish' }, async function* ({ sleep }) {
        for (let i = 0; i < 3; i++) {
          yield 'x'
          await sleep(60_000)
        }
        finished.push(1)
      }),
    )
    const { points } = await everyDisconnectPoint(makeApp, 'GET /')
    expect(finished).toHaveLength(points.length + 1)
  })

  test('one app for all replays, over real sockets', async () => {
    const app = new App()
    let open = 0
    app.get('/', { streams: text }, async function* ({ sleep }) {
      open++
      try {
        for (let i = 0; i < 3; i++) {
          yield 'x'
          await sleep(5)
        }
      } finally {
        open--
      }
    })
    const check = () => expect(open).toBe(0)
    const { complete } = await everyDisconnectPoint(app, 'GET /', { over: 'http', quietMs: 5000, check })
    expect(complete).toBe(true)
  })

  test('a request is written as "METHOD /target"', async () => {
    await expect(everyDisconnectPoint(new App(), '/')).rejects.toThrow('"GET /path"')
  })
})

/** A clock that nobody can turn. */
function frozen() {
  return { now: () => 0, after: () => () => {} }
}

describe('known bad apps', () => {
  test('a generator that swallows its cancellation: the point and what was left', async () => {
    let isStopped = false
    const error = await failure(
      maker((app) =>
        app.get('/', { streams: text }, async function* ({ sleep }) {
          yield 'one'
          for (let i = 0; i < 3; i++) await sleep(10)
          yield 'two'
          while (!isStopped) await sleep(10).catch(() => {})
        }),
      ),
      { chunks: 2 },
    )
    isStopped = true
    expect(error.point).toBe('at the end')
    expect(error.leaks).toMatchObject([{ kind: 'source', route: 'GET /' }])
    expect(error.message).toMatch(/^Left over by a client that left at the end:\n- source of GET \/, for/)
  })

  test('a generator that hangs at one point only', async () => {
    const error = await failure(
      maker((app) =>
        app.get('/', { streams: text }, async function* ({ sleep, signal }) {
          yield 'one'
          await sleep(10).catch(() => {})
          if (signal.aborted) await never
          yield 'two'
        }),
      ),
    )
    expect(error.point).toBe('after the head, while the next one was awaited')
    expect(error.leaks).toMatchObject([{ kind: 'source' }])
  })

  test('a handler that goes on though its client left before the head', async () => {
    const error = await failure(() => {
      const app = new App()
      app.get('/', async ({ signal }) => {
        await wait(10)
        if (signal.aborted) await never
        return 'ok'
      })
      return app
    })
    expect(error.point).toBe('as its request arrived')
    expect(error.leaks).toMatchObject([{ kind: 'request' }])
  })

  test('a dependency that releases only after a good end, caught by check', async () => {
    const pool = new Pool()
    const db = dependency(async function* () {
      yield pool.take()
      pool.give()
    })
    const makeApp = maker((app) =>
      app.get('/', { use: { db }, streams: text }, async function* ({ sleep }) {
        yield 'one'
        await sleep(10)
      }),
    )
    const check = (point: string) => {
      if (pool.taken > 0) throw new Error(`${pool.taken} taken ${point}`)
    }
    await expect(everyDisconnectPoint(makeApp, 'GET /', { check })).rejects.toThrow(
      '1 taken as its request arrived',
    )
  })

  test('a dependency whose release hangs when the client left', async () => {
    const db = dependency(async function* () {
      try {
        yield 'db'
      } catch {
        await never
      }
    })
    const error = await failure(
      maker((app) =>
        app.get('/', { use: { db }, streams: text }, async function* ({ sleep }) {
          yield 'one'
          await sleep(10)
        }),
      ),
    )
    expect(error.point).toBe('as its request arrived')
    expect(error.leaks).toMatchObject([{ kind: 'dependency' }])
  })

  test('a dependency whose release fails, and a finally that throws', async () => {
    const db = dependency(async function* () {
      try {
        yield 'db'
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- known bad
        throw new Error('the pool is gone')
      }
    })
    const released = await failure(maker((app) => app.get('/', { use: { db } }, () => 'ok')))
    expect(released.leaks).toMatchObject([{ kind: 'cleanup', route: 'GET /' }])
    expect(released.message).toContain('Release of dependency "db" of GET / failed: Error: the pool is gone')
    const threw = await failure(
      maker((app) =>
        app.get('/', { streams: text }, async function* ({ sleep }) {
          let isDone = false
          try {
            yield 'one'
            await sleep(10)
            isDone = true
          } finally {
            // oxlint-disable-next-line no-unsafe-finally -- known bad
            if (!isDone) throw new Error('cleanup')
          }
        }),
      ),
    )
    expect(threw.leaks).toMatchObject([{ kind: 'cleanup' }])
    expect(threw.point).toBe('as its request arrived')
  })

  test('a timer that is not taken back when the client leaves', async () => {
    const clock = createTestClock()
    const error = await failure(
      maker(
        (app) =>
          app.get('/', { streams: text }, async function* ({ sleep }) {
            yield 'one'
            const cancel = clock.after(3_600_000, () => {})
            await sleep(10)
            cancel()
          }),
        { clock },
      ),
    )
    expect(error.point).toBe('after the head, while the next one was awaited')
    expect(error.leaks).toMatchObject([{ kind: 'timer' }])
    expect(error.message).toContain('disconnect-point.test.ts')
  })

  test('a source that a middleware has dropped is stopped with the request', async () => {
    let open = 0
    const dropping: Middleware = async (_, next) => {
      await next()
      return reply.text('instead')
    }
    const makeApp = maker(
      (app) =>
        app.get('/', { streams: text }, async function* () {
          open++
          try {
            yield 'one'
            yield 'two'
          } finally {
            open--
          }
        }),
      { middleware: [dropping] },
    )
    const check = () => expect(open).toBe(0)
    expect(await everyDisconnectPoint(makeApp, 'GET /', { check })).toMatchObject({ complete: true })
  })
})
