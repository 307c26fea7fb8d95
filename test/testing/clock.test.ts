import { App, jsonl, sse, text } from 'millrace'
import { connect, createTestClock } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { recorder } from '../contract/transport.ts'

describe('a test clock', () => {
  test('stands still until it is turned, and begins at 0', async () => {
    const clock = createTestClock()
    const fired: number[] = []
    clock.after(10, () => fired.push(clock.now()))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect([clock.now(), fired]).toEqual([0, []])
    await clock.advance(9)
    expect([clock.now(), fired]).toEqual([9, []])
    await clock.advance(1)
    expect([clock.now(), fired]).toEqual([10, [10]])
  })

  test('fires timers in the order in which they are due, equal ones in the order they were set', async () => {
    const clock = createTestClock()
    const fired: string[] = []
    clock.after(20, () => fired.push('c'))
    clock.after(10, () => fired.push('a'))
    clock.after(10, () => fired.push('b'))
    await clock.advance(20)
    expect(fired).toEqual(['a', 'b', 'c'])
  })

  test('lets promises settle between timers, so that one may set the next', async () => {
    const clock = createTestClock()
    const at: number[] = []
    const sleep = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
    const work = (async () => {
      for (let i = 0; i < 5; i++) {
        await sleep(10)
        at.push(clock.now())
      }
    })()
    await clock.advance(50)
    await work
    expect(at).toEqual([10, 20, 30, 40, 50])
  })

  test('forgets timers that are taken back, and lists the others with their place', async () => {
    const clock = createTestClock()
    const cancel = clock.after(10, () => expect.unreachable())
    clock.after(30, () => {})
    clock.after(20, () => {})
    cancel()
    expect(clock.timers.map(({ at }) => at)).toEqual([20, 30])
    expect(clock.timers[0]!.setAt).toContain('clock.test.ts')
    await clock.advance(100)
    expect(clock.timers).toEqual([])
  })

  test('goes from timer to timer', async () => {
    const clock = createTestClock()
    clock.after(60_000, () => {})
    expect(await clock.advanceToNext()).toBe(true)
    expect(clock.now()).toBe(60_000)
    expect(await clock.advanceToNext()).toBe(false)
  })

  test('two calls follow each other, and a timer that throws fails the one that met it', async () => {
    const clock = createTestClock()
    clock.after(10, () => {
      throw new Error('boom')
    })
    const first = clock.advance(10)
    const second = clock.advance(5)
    await expect(first).rejects.toThrow('boom')
    await second
    expect(clock.now()).toBe(15)
  })

  test('a timer of 0 ms takes a millisecond, so that no loop stands still in time', async () => {
    const clock = createTestClock()
    let fired = 0
    const again = () => {
      fired++
      clock.after(0, again)
    }
    clock.after(0, again)
    await clock.advance(10)
    expect(fired).toBe(10)
  })

  test.each([-1, Number.NaN, Infinity])('advance(%s) is refused', async (ms) => {
    await expect(createTestClock().advance(ms)).rejects.toThrow(RangeError)
  })
})

describe('the app runs on it', () => {
  test('sleep', async () => {
    const clock = createTestClock()
    const app = new App({ clock })
    app.get('/', { streams: text }, async function* ({ sleep }) {
      yield 'one'
      await sleep(3_600_000)
      yield 'two'
    })
    await using connection = connect(app)
    const reply = await connection.request('GET', '/')
    expect(await reply.next()).toBe('one')
    const second = reply.next()
    await clock.advance(3_600_000)
    expect(await second).toBe('two')
    expect(await reply.next()).toBeUndefined()
  })

  test('the head of an event stream after 100 ms, heartbeats every 15 s while it is idle, none while it is busy', async () => {
    const clock = createTestClock()
    const app = new App({ clock })
    app.get('/', { streams: sse() }, async function* ({ sleep }) {
      await sleep(40_000)
      for (let i = 0; i < 3; i++) {
        yield i
        await sleep(10_000)
      }
    })
    await using connection = connect(app)
    const opening = connection.request('GET', '/')
    await clock.advance(100)
    const reply = await opening
    const chunks: string[] = []
    const reading = (async () => {
      for (let chunk = await reply.next(); chunk !== undefined; chunk = await reply.next()) chunks.push(chunk)
    })()
    await clock.advance(31_000)
    expect(chunks).toEqual([': \n\n', ': \n\n'])
    await clock.advance(60_000)
    await reading
    expect(chunks.slice(2).join('')).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n')
  })

  test.each([
    ['first', { first: 5000 }, 5000],
    ['total', { total: 7000 }, 7000],
  ])('the timeout "%s" before the head: 503', async (_phase, timeouts, ms) => {
    const clock = createTestClock()
    const app = new App({ clock, timeouts, log: recorder([]) })
    app.get('/', async ({ sleep }) => sleep(60_000))
    await using connection = connect(app)
    const replied = connection.request('GET', '/')
    await clock.advance(ms - 1)
    let status: number | undefined
    void replied.then((reply) => (status = reply.status))
    await clock.advance(0)
    expect(status).toBeUndefined()
    await clock.advance(1)
    expect(status).toBe(503)
  })

  test.each([
    ['idle', { idle: 5000 }, 5000],
    ['total', { total: 7000 }, 7000],
  ])('the timeout "%s" behind the head: a last word, and a cut', async (_phase, timeouts, ms) => {
    const clock = createTestClock()
    const app = new App({ clock, timeouts, log: recorder([]) })
    app.get('/', { streams: jsonl() }, async function* ({ sleep }) {
      yield 1
      await sleep(60_000)
    })
    await using connection = connect(app)
    const items = (await connection.request('GET', '/')).items()
    expect((await items.next())?.data).toBe(1)
    const rest = items.next()
    await clock.advance(ms + 1)
    await expect(rest).rejects.toMatchObject({ name: 'StreamTruncated', problem: { status: 503 } })
  })

  test('the stall timeout frees a reader that takes nothing', async () => {
    const clock = createTestClock()
    const app = new App({ clock })
    let outcome: string | undefined
    app.get('/', { streams: text }, async function* ({ after }) {
      after((ending) => (outcome = ending.outcome))
      for (;;) yield 'x'
    })
    await using connection = connect(app)
    const reply = await connection.request('GET', '/')
    await reply.next()
    await clock.advance(29_000)
    expect(outcome).toBeUndefined()
    await clock.advance(2000)
    expect(outcome).toBe('timeout')
  })

  test('the time limit of a request body: 408', async () => {
    const clock = createTestClock()
    const app = new App({ clock, timeouts: { body: 1000 } })
    app.post('/', async ({ body }) => body.text())
    await using connection = connect(app)
    const never = new Promise<never>(() => {})
    const replied = connection.request('POST', '/', {
      body: {
        async *[Symbol.asyncIterator]() {
          yield new TextEncoder().encode('some')
          await never
        },
      },
    })
    await clock.advance(1000)
    expect((await replied).status).toBe(408)
  })
})
