/** The waits of a handler: rejected at once when the request is cancelled, and nothing left behind. */
import { EventEmitter, getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Cancellation } from '../../../src/core/lifetime/cancellation.ts'
import type { Clock } from '../../../src/core/lifetime/clock.ts'
import { on, sleep } from '../../../src/core/lifetime/wait.ts'

/** A clock whose timers fire when told to. */
function manualClock() {
  const timers = new Set<() => void>()
  const clock: Clock = {
    now: () => 0,
    after(_ms, fn) {
      timers.add(fn)
      return () => timers.delete(fn)
    },
  }
  return { clock, timers, fire: () => [...timers].forEach((fn) => (timers.delete(fn), fn())) }
}

describe('sleep', () => {
  test('resolves when the time has passed', async () => {
    const { clock, fire } = manualClock()
    const sleeping = sleep(10, clock, new Cancellation())
    fire()
    await expect(sleeping).resolves.toBeUndefined()
  })

  test('rejects with the reason when the request is cancelled, and takes its timer back', async () => {
    const { clock, timers } = manualClock()
    const cancellation = new Cancellation()
    const sleeping = sleep(10, clock, cancellation)
    cancellation.cancel('disconnect')
    await expect(sleeping).rejects.toBe(cancellation.error)
    expect(timers.size).toBe(0)
    await expect(sleep(10, clock, cancellation)).rejects.toBe(cancellation.error)
    expect(timers.size).toBe(0)
  })

  test.each([-1, NaN, undefined, 'x'])('%s is no time', async (ms) => {
    await expect(sleep(ms as number, manualClock().clock, new Cancellation())).rejects.toThrow(RangeError)
  })

  test('a request that slept often holds no listener', async () => {
    const { clock, fire } = manualClock()
    const cancellation = new Cancellation()
    let added = 0
    let removed = 0
    const { subscribe } = cancellation
    cancellation.subscribe = (listener) => {
      added++
      const unsubscribe = subscribe.call(cancellation, listener)
      return () => (removed++, unsubscribe())
    }
    for (let i = 0; i < 100; i++) {
      const sleeping = sleep(1, clock, cancellation)
      fire()
      await sleeping
    }
    expect([added, removed]).toEqual([100, 100])
  })
})

const counts = (emitter: EventEmitter) => [emitter.listenerCount('x'), emitter.listenerCount('error')]

describe('on', () => {
  test('gives the events as lists of arguments, also those before it was asked', async () => {
    const emitter = new EventEmitter()
    const events = on(emitter, 'x', new Cancellation())
    emitter.emit('x', 1, 'a')
    emitter.emit('x')
    expect(await events.next()).toEqual({ done: false, value: [1, 'a'] })
    expect(await events.next()).toEqual({ done: false, value: [] })
    const [first, second] = [events.next(), events.next()]
    emitter.emit('x', 2)
    emitter.emit('x', 3)
    expect(await Promise.all([first, second])).toEqual([
      { done: false, value: [2] },
      { done: false, value: [3] },
    ])
    expect(counts(emitter)).toEqual([1, 1])
    await events.return!()
  })

  test('leaving the loop takes the listeners away', async () => {
    const emitter = new EventEmitter()
    const events = on(emitter, 'x', new Cancellation())
    emitter.emit('x', 1)
    for await (const _ of events) break
    expect(counts(emitter)).toEqual([0, 0])
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test('a cancel ends every wait and takes the listeners away', async () => {
    const emitter = new EventEmitter()
    const cancellation = new Cancellation()
    const events = on(emitter, 'x', cancellation)
    const waits = [events.next(), events.next()]
    cancellation.cancel('shutdown')
    for (const wait of waits) await expect(wait).rejects.toBe(cancellation.error)
    expect(counts(emitter)).toEqual([0, 0])
  })

  test('after the cancel no listener is left, however late it is called', async () => {
    const emitter = new EventEmitter()
    const target = new EventTarget()
    const cancellation = new Cancellation()
    cancellation.cancel('disconnect')
    for (const source of [emitter, target]) {
      await expect(on(source, 'x', cancellation).next()).rejects.toBe(cancellation.error)
    }
    expect(counts(emitter)).toEqual([0, 0])
    expect(getEventListeners(target, 'x')).toHaveLength(0)
  })

  test("an emitter's error is thrown, and can itself be listened to", async () => {
    const emitter = new EventEmitter()
    const events = on(emitter, 'x', new Cancellation())
    emitter.emit('error', new Error('broken'))
    await expect(events.next()).rejects.toThrow('broken')
    expect(counts(emitter)).toEqual([0, 0])
    const errors = on(emitter, 'error', new Cancellation())
    emitter.emit('error', 'told')
    expect(await errors.next()).toEqual({ done: false, value: ['told'] })
    await errors.return!()
    expect(counts(emitter)).toEqual([0, 0])
  })

  test('the queue is bounded: it fails, or forgets the oldest', async () => {
    const emitter = new EventEmitter()
    const failing = on(emitter, 'x', new Cancellation(), { limit: 3 })
    const forgetting = on(emitter, 'x', new Cancellation(), { limit: 3, overflow: 'drop-oldest' })
    for (let i = 0; i < 5; i++) emitter.emit('x', i)
    await expect(failing.next()).rejects.toThrow('More than 3 events')
    const seen = []
    for (let i = 0; i < 3; i++) seen.push((await forgetting.next()).value)
    expect(seen).toEqual([[2], [3], [4]])
    await forgetting.return!()
    expect(counts(emitter)).toEqual([0, 0])
  })

  test('an EventTarget works the same', async () => {
    const target = new EventTarget()
    const events = on(target, 'x', new Cancellation())
    target.dispatchEvent(new Event('x'))
    const { value } = await events.next()
    expect((value as Event[])[0]!.type).toBe('x')
    await events.return!()
    expect(getEventListeners(target, 'x')).toHaveLength(0)
  })
})

describe('Cancellation', () => {
  test('only the first cancel counts, and every listener hears of it once', () => {
    const cancellation = new Cancellation()
    const heard: string[] = []
    cancellation.subscribe((error) => heard.push(`a ${error.reason}`))
    const unsubscribe = cancellation.subscribe(() => heard.push('never'))
    unsubscribe()
    const { signal } = cancellation
    cancellation.cancel('timeout', 'cause')
    cancellation.cancel('disconnect')
    cancellation.subscribe((error) => heard.push(`late ${error.reason}`))
    expect(heard).toEqual(['a timeout', 'late timeout'])
    expect([signal.aborted, signal.reason]).toEqual([true, cancellation.error])
    expect(cancellation.error).toMatchObject({ name: 'StreamCancelled', reason: 'timeout', cause: 'cause' })
  })

  test('a signal that is asked for late is aborted already', () => {
    const cancellation = new Cancellation()
    cancellation.cancel('error')
    expect(cancellation.signal.aborted).toBe(true)
  })
})
