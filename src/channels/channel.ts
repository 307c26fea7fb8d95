/**
 * Channels: one producer side, any number of followers. A channel is a bounded log, and a follower is
 * a cursor in it, so that a slow follower costs a number, not a queue of copies, and never holds up
 * the others. Everybody sees the same entries in the same order.
 */
import type { Followable } from '../core/socket/following.ts'
import {
  type AnySchema,
  placeIssues,
  runSchema,
  type Schema,
  type SchemaInput,
  SchemaMismatch,
  type SchemaOutput,
} from '../core/schema.ts'
import { type LogEntry, MemoryLog } from './log.ts'
import { type Followed, type SlowPolicy, type SubscribeOptions, Subscription } from './subscription.ts'

export interface ChannelOptions {
  /**
   * Entries kept for followers that are behind, and for those that ask for the past; default 256. What
   * is published in one turn of the event loop must fit, since no loop can follow in between.
   */
  readonly history?: number
  /** Default `disconnect`. */
  readonly slow?: SlowPolicy
}

/** A named, typed, bounded log with followers. Make one with `channel(name, schema, options)`. */
export class Channel<T, Input = T> implements Followable<T> {
  readonly name: string
  /** What may be published. */
  readonly schema: Schema<Input, T>
  readonly #log: MemoryLog<T>
  readonly #followed: Followed<T>
  readonly #subscriptions = new Set<Subscription<T>>()

  constructor(name: string, schema: Schema<Input, T>, options: ChannelOptions) {
    this.name = name
    this.schema = schema
    this.#log = new MemoryLog(options.history ?? 256)
    this.#followed = {
      name,
      log: this.#log,
      slow: options.slow ?? 'disconnect',
      forget: (subscription) => this.#subscriptions.delete(subscription),
    }
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
    const result = runSchema(this.schema, value)
    if (result instanceof Promise) {
      result.catch(() => {})
      throw new TypeError(`The schema of channel "${this.name}" must be synchronous.`)
    }
    if (result.issues !== undefined)
      throw new SchemaMismatch(`What was published on "${this.name}"`, placeIssues('message', result.issues))
    const entry = this.#log.append(result.value)
    for (const subscription of this.#subscriptions) subscription.notify()
    return entry
  }

  /**
   * A cursor of its own for whoever wants to follow. It ends when its loop is left, when it is closed,
   * or when the signal aborts.
   *
   * A route streams a channel in either of two forms. Both stop following as soon as the client is gone:
   *
   * @example
   * app.get('/chat', { streams: sse(Line) }, () => chat.subscribe({ replay: 10 }))
   * app.get('/chat', { streams: sse(Line) }, async function* ({ signal }) {
   *   yield hello
   *   yield* chat.subscribe({ signal }) // without the signal, it would go on until the next publish
   * })
   */
  subscribe(options: SubscribeOptions = {}): Subscription<T> {
    const subscription = new Subscription(this.#followed, options)
    if (!subscription.closed) this.#subscriptions.add(subscription)
    return subscription
  }
}

/**
 * Declares a channel in memory.
 *
 * @example
 * const chat = channel('chat', z.string(), { history: 100 })
 * app.websocket('/ws', { receives: z.string() }, async ({ socket }) => {
 *   socket.follow(chat)
 *   for await (const line of socket) chat.publish(line)
 * })
 * @throws {RangeError} unless `history` is a whole number of at least 1.
 */
export function channel<S extends AnySchema>(
  name: string,
  schema: S,
  options: ChannelOptions = {},
): Channel<SchemaOutput<S>, SchemaInput<S>> {
  return new Channel(name, schema as unknown as Schema<SchemaInput<S>, SchemaOutput<S>>, options)
}
