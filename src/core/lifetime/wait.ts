/**
 * The waits of a handler: they reject at once when the request is cancelled, so that a generator
 * suspended in one of them unwinds and its `finally` runs.
 *
 * The first rejection comes at once; those of later waits come in a later turn of the event loop. A
 * loop that swallows them (`for (;;) try { await sleep(100) } catch {}`) would otherwise spin in
 * microtasks for ever, and no other request would be served again.
 */
import type { Cancellation, StreamCancelled } from './cancellation.ts'
import { type Clock, systemClock } from './clock.ts'
import { harmless } from './thenable.ts'

/** Waits `ms` milliseconds. Rejects with StreamCancelled as soon as the request is cancelled. */
export function sleep(ms: number, clock: Clock, cancellation: Cancellation): Promise<void> {
  if (!(ms >= 0)) return Promise.reject(new RangeError(`sleep takes milliseconds from 0 up, not ${ms}.`))
  const waited = new Promise<void>((resolve, reject) => {
    const { error: cancelled } = cancellation
    if (cancelled !== undefined) return void systemClock.after(0, () => reject(cancelled))
    const cancelTimer = clock.after(ms, () => {
      unsubscribe()
      resolve()
    })
    const unsubscribe = cancellation.subscribe((error) => {
      cancelTimer()
      reject(error)
    })
  })
  return harmless(waited)
}

/** Anything that emits: Node's EventEmitter by shape, or an EventTarget. */
export type Emitter =
  | {
      on(name: string | symbol, listener: (...args: unknown[]) => void): unknown
      off(name: string | symbol, listener: (...args: unknown[]) => void): unknown
    }
  | EventTarget

export interface OnOptions {
  /** The most events that may wait for the reader, default 1024. */
  readonly limit?: number
  /** What happens to one more: `fail` (default) ends the wait with an error, `drop-oldest` forgets the oldest. */
  readonly overflow?: 'fail' | 'drop-oldest'
}

/**
 * The events of an emitter as an async iterable of argument lists, as Node's `events.on` gives them,
 * but bounded and ended by the request: the listener is gone when the loop is left or the request
 * is cancelled. An EventEmitter's `error` event is thrown.
 *
 * @throws {StreamCancelled} in the loop, as soon as the request is cancelled.
 */
export function on(
  emitter: Emitter,
  name: string,
  cancellation: Cancellation,
  options: OnOptions = {},
): AsyncIterableIterator<unknown[], void> {
  const queue = new EventQueue(options)
  if (cancellation.error !== undefined) {
    queue.fail(cancellation.error)
    return queue
  }
  const push = (...args: unknown[]) => queue.push(args)
  const fail = (error: unknown) => queue.fail(error)
  const detach = attach(emitter, name, push, fail)
  const unsubscribe = cancellation.subscribe((error: StreamCancelled) => queue.fail(error))
  queue.onClose = () => {
    detach()
    unsubscribe()
  }
  return queue
}

function attach(
  emitter: Emitter,
  name: string,
  push: (...args: unknown[]) => void,
  fail: (error: unknown) => void,
): () => void {
  if ('addEventListener' in emitter) {
    emitter.addEventListener(name, push)
    return () => emitter.removeEventListener(name, push)
  }
  emitter.on(name, push)
  if (name !== 'error') emitter.on('error', fail)
  return () => {
    emitter.off(name, push)
    if (name !== 'error') emitter.off('error', fail)
  }
}

class EventQueue implements AsyncIterableIterator<unknown[], void> {
  onClose = () => {}
  readonly #limit: number
  readonly #dropOldest: boolean
  #events: unknown[][] = []
  #waiting: {
    resolve: (result: IteratorResult<unknown[], void>) => void
    reject: (error: unknown) => void
  }[] = []
  #failure: { readonly error: unknown } | undefined
  #closed = false

  constructor(options: OnOptions) {
    this.#limit = options.limit ?? 1024
    this.#dropOldest = options.overflow === 'drop-oldest'
  }

  push(args: unknown[]): void {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) return waiting.resolve({ done: false, value: args })
    if (this.#events.length >= this.#limit) {
      if (!this.#dropOldest) {
        return this.fail(
          new Error(`More than ${this.#limit} events wait to be read. Read faster, or set overflow.`),
        )
      }
      this.#events.shift()
    }
    this.#events.push(args)
  }

  fail(error: unknown): void {
    if (this.#closed) return
    this.#failure = { error }
    this.#close()
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  next(): Promise<IteratorResult<unknown[], void>> {
    if (this.#failure !== undefined) {
      const { error } = this.#failure
      return harmless(new Promise((_, reject) => systemClock.after(0, () => reject(error as Error))))
    }
    const event = this.#events.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#closed) return Promise.resolve({ done: true, value: undefined })
    return harmless(new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })))
  }

  return(): Promise<IteratorResult<unknown[], void>> {
    this.#close()
    this.#events = []
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.onClose()
  }
}
