/**
 * Channels: one producer side, any number of followers. A channel is a bounded log, and a follower is
 * a cursor in it, so that a slow follower costs a number, not a queue of copies, and never holds up
 * the others.
 */
import {
  placeIssues,
  type Schema,
  type SchemaInput,
  SchemaMismatch,
  type SchemaOutput,
} from '../core/schema.ts'
import type { Followable, Following } from '../core/websocket.ts'
import { type LogEntry, MemoryLog } from './log.ts'

/** What happens to a follower that falls further behind than the log reaches back. */
export type SlowPolicy =
  /** Its following ends with an error; a socket is closed with 1013. The default. */
  | 'disconnect'
  /** It goes on with the oldest entry there is, and `dropped` counts what it missed. */
  | 'drop-oldest'

export interface ChannelOptions {
  /** Entries kept for followers that are behind, and for those that ask for the past; default 256. */
  readonly history?: number
  /** Default `disconnect`. */
  readonly slow?: SlowPolicy
}

export interface SubscribeOptions {
  /** Start with this many of the latest entries, default 0: only what is published from now on. */
  readonly replay?: number
}

/** A follower was too slow: entries it had not taken are gone. */
export class FollowerTooSlow extends Error {
  override readonly name = 'FollowerTooSlow'
  /** Entries lost to the follower. */
  readonly missed: number

  constructor(channel: string, missed: number) {
    super(
      `A follower of channel "${channel}" fell ${missed} entries behind its history. Raise history, or set slow.`,
    )
    this.missed = missed
  }
}

/** What a subscription needs of its channel. */
interface Followed<T> {
  readonly name: string
  readonly slow: SlowPolicy
  forget(subscription: Subscription<T>): void
}

/** One follower's cursor. Iterate over it, or `take()` and wait for `ready()`. */
export class Subscription<T> implements Following<T>, AsyncIterableIterator<T, void> {
  /** Entries this follower has missed, under `drop-oldest`. */
  dropped = 0
  readonly #channel: Followed<T>
  readonly #log: MemoryLog<T>
  #cursor: number
  #closed = false
  #wake: (() => void)[] = []

  constructor(channel: Followed<T>, log: MemoryLog<T>, cursor: number) {
    this.#channel = channel
    this.#log = log
    this.#cursor = cursor
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Entries published and not yet taken. */
  get behind(): number {
    return this.#log.end - this.#cursor
  }

  /**
   * The next entry, or undefined when there is none yet.
   *
   * @throws {FollowerTooSlow} under the policy `disconnect`, when the next one has been overwritten.
   */
  take(): LogEntry<T> | undefined {
    if (this.#closed) return undefined
    const missed = this.#log.start - this.#cursor
    if (missed > 0) {
      if (this.#channel.slow === 'disconnect') {
        this.close()
        throw new FollowerTooSlow(this.#channel.name, missed)
      }
      this.dropped += missed
      this.#cursor = this.#log.start
    }
    const entry = this.#log.at(this.#cursor)
    if (entry !== undefined) this.#cursor++
    return entry
  }

  ready(): Promise<void> {
    if (this.#closed || this.behind > 0) return Promise.resolve()
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  /** For the channel: something was published. */
  notify(): void {
    if (this.#wake.length === 0) return
    for (const wake of this.#wake.splice(0)) wake()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#channel.forget(this)
    this.notify()
  }

  async next(): Promise<IteratorResult<T, void>> {
    for (;;) {
      const entry = this.take()
      if (entry !== undefined) return { done: false, value: entry.value }
      if (this.#closed) return { done: true, value: undefined }
      await this.ready()
    }
  }

  return(): Promise<IteratorResult<T, void>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A named, typed, bounded log with followers. Make one with `channel(name, schema, options)`. */
export class Channel<T, Input = T> implements Followable<T> {
  readonly name: string
  readonly slow: SlowPolicy
  readonly #schema: Schema<Input, T>
  readonly #log: MemoryLog<T>
  readonly #subscriptions = new Set<Subscription<T>>()

  constructor(name: string, schema: Schema<Input, T>, options: ChannelOptions) {
    this.name = name
    this.slow = options.slow ?? 'disconnect'
    this.#schema = schema
    this.#log = new MemoryLog(options.history ?? 256)
  }

  /** How many follow at the moment. */
  get followers(): number {
    return this.#subscriptions.size
  }

  /**
   * Appends a value and wakes every follower. Never waits for any of them.
   *
   * @throws {SchemaMismatch} when the value does not pass the channel's schema.
   * @throws {TypeError} when the schema is asynchronous: order could not be kept.
   */
  publish(value: Input): LogEntry<T> {
    const result = this.#schema['~standard'].validate(value)
    if (result instanceof Promise)
      throw new TypeError(`The schema of channel "${this.name}" must be synchronous.`)
    if (result.issues !== undefined) {
      throw new SchemaMismatch(`What was published on "${this.name}"`, placeIssues('message', result.issues))
    }
    const entry = this.#log.append(result.value)
    for (const subscription of this.#subscriptions) subscription.notify()
    return entry
  }

  /** A cursor of its own for whoever wants to follow. Close it, or leave its loop, when done. */
  subscribe(options: SubscribeOptions = {}): Subscription<T> {
    const replay = Math.max(0, options.replay ?? 0)
    const cursor = Math.max(this.#log.start, this.#log.end - replay)
    const subscription = new Subscription(this, this.#log, cursor)
    this.#subscriptions.add(subscription)
    return subscription
  }

  /** For a subscription that has closed. */
  forget(subscription: Subscription<T>): void {
    this.#subscriptions.delete(subscription)
  }
}

/**
 * Declares a channel in memory.
 *
 * @example
 * const chat = channel('chat', z.string(), { history: 100 })
 * app.websocket('/ws', {}, async ({ socket }) => { socket.follow(chat); for await (const m of socket) chat.publish(m) })
 * @throws {RangeError} unless `history` is a whole number of at least 1.
 */
export function channel<S extends Schema>(
  name: string,
  schema: S,
  options: ChannelOptions = {},
): Channel<SchemaOutput<S>, SchemaInput<S>> {
  return new Channel(name, schema as unknown as Schema<SchemaInput<S>, SchemaOutput<S>>, options)
}
