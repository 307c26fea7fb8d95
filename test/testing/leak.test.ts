import { App, dependency, text } from 'millrace'
import { connect, createTestClock, type Leak, LeakError } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { recorder, wait } from '../contract/transport.ts'

const never = new Promise<never>(() => {})

/** Makes a request to a bad app, closes, and gives what it is told. */
async function leaksOf(
  declare: (app: App) => void,
  options: { over?: 'memory' | 'http'; read?: boolean; clock?: ReturnType<typeof createTestClock> } = {},
): Promise<readonly Leak[]> {
  const { over = 'memory', read = true, clock } = options
  const app = new App({ log: recorder([]), ...(clock === undefined ? {} : { clock }) })
  declare(app)
  const connection = connect(app, { over, withinMs: 150 })
  const replied = connection.request('GET', '/path')
  if (read) await (await replied).next()
  else await wait(30)
  const error: unknown = await connection.close().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LeakError)
  const { message, leaks } = error as LeakError
  expect(message).toMatch(/^This is still open:\n- /)
  for (const leak of leaks) expect(message).toContain(leak.message)
  return leaks
}

describe.each(['memory', 'http'] as const)('over %s, close() names', (over) => {
  test('a generator that hangs', async () => {
    const leaks = await leaksOf(
      (app) =>
        app.get('/path', { streams: text }, async function* () {
          yield 'one'
          await never
        }),
      { over },
    )
    expect(leaks).toMatchObject([{ kind: 'source', route: 'GET /path' }])
    expect(leaks[0]!.ageMs).toBeGreaterThan(100)
    expect(leaks[0]!.message).toMatch(/^source of GET \/path, for \d+ ms: it has not ended\. Let it await/)
  })

  test('a generator that swallows its cancellation and goes on', async () => {
    let isStopped = false
    const leaks = await leaksOf(
      (app) =>
        app.get('/path', { streams: text }, async function* ({ sleep }) {
          yield 'one'
          while (!isStopped) {
            try {
              await sleep(10)
            } catch {
              // Known bad: the next sleep rejects too.
            }
          }
        }),
      { over },
    )
    isStopped = true
    expect(leaks).toMatchObject([{ kind: 'source' }])
  })

  test('a handler that hangs', async () => {
    const leaks = await leaksOf((app) => app.get('/path', async () => never), { over, read: false })
    expect(leaks).toMatchObject([{ kind: 'request', route: 'GET /path' }])
  })

  test('a dependency whose release hangs, and what waits for it', async () => {
    const db = dependency(async function* () {
      try {
        yield 'db'
      } finally {
        await never
      }
    })
    const leaks = await leaksOf(
      (app) =>
        app.get('/path', { use: { db }, streams: text }, async function* ({ after, db: value }) {
          after(() => {})
          yield value
        }),
      { over },
    )
    expect(leaks.map(({ kind }) => kind)).toEqual(['dependency', 'after'])
    expect(leaks[0]!.message).toContain('dependency "db" of GET /path')
  })

  test('an after() callback that hangs', async () => {
    const leaks = await leaksOf(
      (app) =>
        app.get('/path', ({ after }) => {
          after(() => never)
          return 'ok'
        }),
      { over },
    )
    expect(leaks).toMatchObject([{ kind: 'after', route: 'GET /path' }])
  })
})

describe('close()', () => {
  test('names background work, with its age', async () => {
    const app = new App({ log: recorder([]) })
    app.get('/', () => {
      app.engine.tasks.track('Import', never)
      return 'ok'
    })
    const connection = connect(app, { withinMs: 50 })
    await connection.request('GET', '/')
    await expect(connection.close()).rejects.toThrow(/task "Import", for \d+ ms: it has not ended\./)
  })

  test('names timers that are left on a test clock, and where they were set', async () => {
    const clock = createTestClock()
    clock.after(10, () => {}) // set before: not the app's
    const leaks = await leaksOf(
      (app) =>
        app.get('/path', { streams: text }, function* () {
          clock.after(5000, () => {})
          yield 'one'
        }),
      { clock },
    )
    expect(leaks).toMatchObject([{ kind: 'timer' }])
    expect(leaks[0]!.message).toMatch(/^timer due at 5000 ms, set at .*leak\.test\.ts/)
  })

  test('passes for a good app, whatever the test left open', async () => {
    const clock = createTestClock()
    const app = new App({ clock })
    const steps: string[] = []
    const db = dependency(async function* () {
      try {
        yield 'db'
      } finally {
        await wait(10)
        steps.push('released')
      }
    })
    app.get('/', { use: { db }, streams: text }, async function* ({ after, sleep }) {
      after(() => steps.push('after'))
      try {
        yield 'one'
        await sleep(60_000)
      } finally {
        steps.push('finally')
      }
    })
    {
      await using connection = connect(app)
      await connection.request('GET', '/') // not even read
      void (await connection.request('GET', '/')).next()
    }
    expect(steps.sort()).toEqual(['after', 'after', 'finally', 'finally', 'released', 'released'])
    expect(clock.timers).toEqual([])
  })

  test('leaves a request that has no reply yet, and nobody hears of it', async () => {
    const app = new App()
    let reason: unknown
    app.get('/', async ({ sleep }) =>
      sleep(60_000).catch((error: { reason: string }) => {
        reason = error.reason
      }),
    )
    {
      await using connection = connect(app)
      void connection.request('GET', '/')
      await wait(5)
    }
    expect(reason).toBe('disconnect')
  })

  test('waits for work that goes on without a client', async () => {
    const app = new App()
    let written = 0
    app.get('/', { streams: text, onDisconnect: 'finish' }, async function* () {
      for (; written < 5; written++) {
        yield 'x'
        await wait(10)
      }
    })
    const connection = connect(app)
    await (await connection.request('GET', '/')).disconnectAfter(1)
    expect(written).toBeLessThan(5)
    await connection.close()
    expect(written).toBe(5)
  })

  test('minds only its own requests while another connection is in use', async () => {
    const app = new App({ clock: createTestClock() })
    app.get('/', { streams: text }, async function* ({ sleep }) {
      yield 'one'
      await sleep(60_000)
    })
    await using outer = connect(app)
    const reply = await outer.request('GET', '/')
    await reply.next()
    const pending = reply.next()
    const inner = connect(app)
    await (await inner.request('GET', '/')).next()
    await inner.close()
    reply.disconnect()
    await expect(pending).rejects.toThrow()
  })

  test('fails a test that was declared with await using', async () => {
    const body = async () => {
      const app = new App({ log: recorder([]) })
      app.get('/', async () => never)
      await using connection = connect(app, { withinMs: 20 })
      void connection.request('GET', '/')
      await wait(5)
    }
    await expect(body()).rejects.toBeInstanceOf(LeakError)
  })

  test('fails when the lifespan does', async () => {
    const app = new App({
      async *lifespan() {
        yield
        throw new Error('teardown')
      },
    })
    app.get('/', () => 'ok')
    const connection = connect(app)
    await connection.request('GET', '/')
    await expect(connection.close()).rejects.toThrow('teardown')
  })
})

describe('a request that was given up before its handler came so far', () => {
  test('releases a dependency that is ready only then', async () => {
    const steps: string[] = []
    const slow = dependency(async function* () {
      await wait(60)
      steps.push('made')
      try {
        yield 'slow'
      } finally {
        steps.push('released')
      }
    })
    const app = new App({ timeouts: { first: 20 }, unwindMs: 10, log: recorder([]) })
    app.get('/', { use: { slow } }, () => 'ok')
    await using connection = connect(app)
    expect((await connection.request('GET', '/')).status).toBe(503)
    await wait(120)
    expect(steps).toEqual(['made', 'released'])
  })

  test('stops a stream that is returned only then', async () => {
    const steps: string[] = []
    const app = new App({ timeouts: { first: 20 }, unwindMs: 10, log: recorder([]) })
    app.get('/', { streams: text }, async () => {
      await wait(60)
      return (async function* () {
        try {
          yield 'one'
          yield 'two'
        } finally {
          steps.push('finally')
        }
      })()
    })
    await using connection = connect(app)
    expect((await connection.request('GET', '/')).status).toBe(503)
    await wait(120)
    expect(steps).toEqual(['finally'])
  })

  test('reports a handler that does not end, with its route', async () => {
    const log: Parameters<typeof recorder>[0] = []
    const app = new App({ timeouts: { first: 20 }, unwindMs: 10, log: recorder(log) })
    app.get('/hangs', async () => never)
    const connection = connect(app, { withinMs: 100 })
    expect((await connection.request('GET', '/hangs')).status).toBe(503)
    await expect(connection.close()).rejects.toThrow(/request of GET \/hangs/)
    expect(log).toMatchObject([
      { level: 'error' },
      {
        level: 'warn',
        message: expect.stringContaining('A handler has not unwound'),
        fields: { route: '/hangs' },
      },
    ])
  })
})
