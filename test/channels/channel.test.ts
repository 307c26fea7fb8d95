/** Channels in memory: what is published reaches every follower, in order, within bounds. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EventEmitter } from 'node:events'
import { type } from 'arktype'
import fc from 'fast-check'
import { channel, FollowerTooSlow } from 'millrace'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Everything a loop yields, until it ends or has `count`. */
async function collect<T>(items: AsyncIterable<T>, count = Infinity): Promise<T[]> {
  const found: T[] = []
  if (count === 0) return found
  for await (const item of items) {
    found.push(item)
    if (found.length === count) break
  }
  return found
}

describe('publish', () => {
  test.each([
    ['zod', z.object({ n: z.number() })],
    ['valibot', v.object({ n: v.number() })],
    ['arktype', type({ n: 'number' })],
  ])('validates: %s', (_, schema) => {
    const numbers = channel('numbers', schema as z.ZodType<{ n: number }>)
    expect(numbers.publish({ n: 1 })).toMatchObject({ offset: 0, value: { n: 1 } })
    expect(() => numbers.publish({ n: 'one' } as never)).toThrow(/What was published on "numbers".*n/)
    expect(numbers.publish({ n: 2 }).offset).toBe(1)
  })

  test('publishes what the schema makes of it, and types it so', async () => {
    const lengths = channel(
      'lengths',
      z.string().transform((s) => s.length),
      { history: 5 },
    )
    expectTypeOf(lengths.publish).parameter(0).toEqualTypeOf<string>()
    lengths.publish('four')
    // @ts-expect-error -- what goes in is a string
    expect(() => lengths.publish(4)).toThrow()
    const [first] = await collect(lengths.subscribe({ replay: 1 }), 1)
    expectTypeOf(first).toEqualTypeOf<number | undefined>()
    expect(first).toBe(4)
  })

  test('an asynchronous schema is refused, also when it rejects', async () => {
    const rejecting = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new Error('broken')) },
    } as const
    for (const schema of [z.string().refine(async () => true), rejecting]) {
      expect(() => channel('lazy', schema).publish('x' as never)).toThrow(/must be synchronous/)
    }
    await turn() // an unhandled rejection would fail the run here
  })

  test('without a follower costs no encoding', () => {
    let encoded = 0
    const events = channel('events', z.any(), { history: 3 })
    for (let i = 0; i < 10; i++) events.publish({ toJSON: () => ++encoded })
    expect(encoded).toBe(0)
  })
})

describe('subscribe', () => {
  test('gives what is published from now on, in order, and nothing of the past', async () => {
    const chat = channel('chat', z.number())
    chat.publish(0)
    const got = collect(chat.subscribe(), 3)
    for (const n of [1, 2, 3]) chat.publish(n)
    expect(await got).toEqual([1, 2, 3])
  })

  test('replays what the history still has', async () => {
    const chat = channel('chat', z.number(), { history: 4 })
    for (let n = 0; n < 10; n++) chat.publish(n)
    const replayed = async (replay: number) => {
      const subscription = chat.subscribe({ replay })
      const found = await collect(subscription, Math.min(subscription.behind, 10))
      subscription.close()
      return found
    }
    expect(await replayed(2)).toEqual([8, 9])
    expect(await replayed(4)).toEqual([6, 7, 8, 9])
    expect(await replayed(100)).toEqual([6, 7, 8, 9])
    expect(await replayed(Infinity)).toEqual([6, 7, 8, 9])
    expect(await replayed(0)).toEqual([])
  })

  test.each([-1, 1.5, Number.NaN, -Infinity])('replay of %s is refused', (replay) => {
    const chat = channel('chat', z.number())
    expect(() => chat.subscribe({ replay })).toThrow(RangeError)
    expect(chat.followers).toBe(0)
  })

  test('a replay and what comes after it are seamless', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.nat(30), fc.nat(20), async (before, replay, after) => {
        const chat = channel('chat', z.number(), { history: 50 })
        for (let n = 0; n < before; n++) chat.publish(n)
        const from = Math.max(0, before - replay)
        const got = collect(chat.subscribe({ replay }), before + after - from)
        for (let n = 0; n < after; n++) {
          chat.publish(before + n)
          if (n % 3 === 0) await turn()
        }
        expect(await got).toEqual(Array.from({ length: before + after - from }, (_, i) => from + i))
      }),
      { numRuns: 50 },
    )
  })

  test('every follower sees the same order, whoever publishes, also from within a loop', async () => {
    const chat = channel('chat', z.string(), { history: 1000 })
    const followers = Array.from({ length: 20 }, () => collect(chat.subscribe(), 300))
    const publisher = async (name: string, pause: () => Promise<void>) => {
      for (let i = 0; i < 100; i++) {
        chat.publish(`${name}${i}`)
        await pause()
      }
    }
    await Promise.all([publisher('a', turn), publisher('b', () => Promise.resolve()), publisher('c', turn)])
    const [first, ...others] = await Promise.all(followers)
    expect(first).toHaveLength(300)
    for (const other of others) expect(other).toEqual(first)
  })
})

describe('the end of a subscription', () => {
  test('leaving the loop unsubscribes', async () => {
    const chat = channel('chat', z.number())
    const got = collect(chat.subscribe(), 1)
    expect(chat.followers).toBe(1)
    chat.publish(1)
    await got
    expect(chat.followers).toBe(0)
  })

  test('a throw in the loop unsubscribes', async () => {
    const chat = channel('chat', z.number(), { history: 1 })
    chat.publish(1)
    const failing = (async () => {
      for await (const _ of chat.subscribe({ replay: 1 })) throw new Error('in the loop')
    })()
    await expect(failing).rejects.toThrow('in the loop')
    expect(chat.followers).toBe(0)
  })

  test('close() ends a loop that waits, at once and cleanly; what was not taken is let go', async () => {
    const chat = channel('chat', z.number())
    const waiting = chat.subscribe()
    const got = collect(waiting)
    await turn()
    waiting.close()
    waiting.close()
    expect(await got).toEqual([])
    const behind = chat.subscribe()
    chat.publish(1)
    behind.close()
    expect([await collect(behind), behind.behind, behind.take(), chat.followers]).toEqual([
      [],
      0,
      undefined,
      0,
    ])
  })

  test('its signal ends it with the reason, also when it waits, and lets go of it afterwards', async () => {
    const chat = channel('chat', z.number())
    const controller = new AbortController()
    const got = collect(chat.subscribe({ signal: controller.signal }))
    const reason = new Error('gone')
    await turn()
    controller.abort(reason)
    expect(chat.followers).toBe(0)
    await expect(got).rejects.toBe(reason)
    const late = chat.subscribe({ signal: controller.signal })
    expect(chat.followers).toBe(0)
    await expect(late.next()).rejects.toBe(reason)
    expect(await late.next()).toEqual({ done: true, value: undefined })
  })

  test('a signal that outlives its subscriptions does not gather them', async () => {
    const chat = channel('chat', z.number(), { history: 1 })
    chat.publish(1)
    const { signal } = new AbortController()
    for (let i = 0; i < 100; i++) await collect(chat.subscribe({ signal, replay: 1 }), 1)
    expect(EventEmitter.getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('several may wait on one subscription; each entry goes to one of them', async () => {
    const chat = channel('chat', z.number())
    const shared = chat.subscribe()
    const waits = [shared.next(), shared.next(), shared.next()]
    for (const n of [1, 2]) chat.publish(n)
    await turn()
    shared.close()
    expect(await Promise.all(waits)).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
    ])
  })
})

describe('a slow follower', () => {
  test('disconnect: fails as soon as an entry is lost to it, and is let go', async () => {
    const chat = channel('chat', z.number(), { history: 3 })
    const slow = chat.subscribe()
    for (const n of [1, 2, 3]) chat.publish(n)
    expect(slow.take()?.value).toBe(1)
    chat.publish(4)
    expect([chat.followers, slow.behind]).toEqual([1, 3])
    chat.publish(5)
    expect([chat.followers, slow.closed]).toEqual([0, true])
    await expect(slow.next()).rejects.toThrow(FollowerTooSlow)
    expect(await slow.next()).toEqual({ done: true, value: undefined })
    expect(new FollowerTooSlow('chat', 3).message).toMatch(/"chat".*history of 3/)
  })

  test('disconnect: leaving is possible without ever being told', async () => {
    const chat = channel('chat', z.number(), { history: 1 })
    const slow = chat.subscribe()
    for (const n of [1, 2]) chat.publish(n)
    await slow.return()
    expect(await slow.next()).toEqual({ done: true, value: undefined })
  })

  test('drop-oldest: goes on with the oldest there is, and counts what it missed', async () => {
    const chat = channel('chat', z.number(), { history: 3, slow: 'drop-oldest' })
    const slow = chat.subscribe()
    for (let n = 0; n < 10; n++) chat.publish(n)
    expect([slow.take()?.value, slow.dropped, slow.behind]).toEqual([7, 7, 2])
    for (let n = 10; n < 14; n++) chat.publish(n)
    expect([slow.take()?.value, slow.dropped]).toEqual([11, 10])
    expect(chat.followers).toBe(1)
  })

  test('does not hold up the others, nor what is kept for all of them', async () => {
    const chat = channel('chat', z.number(), { history: 10, slow: 'drop-oldest' })
    const stuck = chat.subscribe()
    const fast = collect(chat.subscribe(), 1000)
    for (let n = 0; n < 1000; n++) {
      chat.publish(n)
      if (n % 5 === 0) await turn()
    }
    expect(await fast).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(stuck.behind).toBe(1000)
    expect(stuck.take()?.value).toBe(990)
  })

  test('known bad: a queue for each follower grows with every message; a cursor does not', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const size = (followers: number, publish: (payload: string) => void) => {
      gc()
      const before = process.memoryUsage().heapUsed
      for (let n = 0; n < 2000; n++) publish(`${n}`.padEnd(20, 'x'))
      // Newer Nodes leave more garbage behind before they look for it.
      gc()
      return (process.memoryUsage().heapUsed - before) / followers
    }
    const queues = Array.from({ length: 500 }, (): { payload: string }[] => [])
    const naive = size(500, (payload) => {
      for (const queue of queues) queue.push({ payload })
    })
    const chat = channel('chat', z.string(), { history: 100, slow: 'drop-oldest' })
    const followers = Array.from({ length: 500 }, () => chat.subscribe())
    const ours = size(500, (payload) => chat.publish(payload))
    expect(naive).toBeGreaterThan(16 * 1024)
    expect(ours).toBeLessThan(16 * 1024)
    expect([queues[0]?.length, followers[0]?.behind]).toEqual([2000, 2000])
  })
})

test('1000 followers of 1000 messages: all of it, in order, in seconds, within little memory', async () => {
  const chat = channel('load', z.string(), { history: 64 })
  const sums = Array.from({ length: 1000 }, () => ({ count: 0, inOrder: true }))
  const loops = sums.map(async (sum) => {
    for await (const text of chat.subscribe()) {
      sum.inOrder &&= text.startsWith(`${sum.count}:`)
      if (++sum.count === 1000) break
    }
  })
  const before = process.memoryUsage().heapUsed
  let most = 0
  const from = performance.now()
  for (let n = 0; n < 1000; n++) {
    chat.publish(`${n}:${'x'.repeat(1000)}`)
    if (n % 32 === 31) {
      await turn()
      most = Math.max(most, process.memoryUsage().heapUsed - before)
    }
  }
  await Promise.all(loops)
  expect(sums.every(({ count, inOrder }) => count === 1000 && inOrder)).toBe(true)
  expect(performance.now() - from).toBeLessThan(10_000)
  expect(most).toBeLessThan(200 * 1024 * 1024)
  expect(chat.followers).toBe(0)
})
