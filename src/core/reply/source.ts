/**
 * A source is the one shape in which the pump sees everything that can be streamed: generators,
 * iterables, web streams and Node streams. It is pulled with `next()`, and stopped once.
 *
 * Stopping has a theory. `return()` of an async generator that is inside an `await` is only queued
 * by JavaScript; so the request's waits are cancelled first (by the caller), sources that have a
 * stop of their own (streams) are stopped directly, and only then `return()` is awaited, under a
 * deadline, so that a generator that never unwinds is found and reported instead of waited for.
 */
import { type AsyncScope, captureAsyncScope } from '../lifetime/async-scope.ts'
import type { Clock } from '../lifetime/clock.ts'
import { type Puller, type SourceResult, toPuller } from './puller.ts'

/** What bodies are made of. Strings are sent as UTF-8. */
export type Chunk = string | Uint8Array

/** How the items of a source become chunks. */
export interface Encoding {
  /** Whether the client asked for an end mark, and gets one. */
  readonly marksEnd?: boolean
  /** What stands in front of the first item. */
  readonly opening?: Chunk | undefined
  /** Encodes one item; undefined drops it. A promise only where a validator is asynchronous. */
  encode(item: unknown): Chunk | undefined | Promise<Chunk | undefined>
  /** What follows the last item of a complete stream. */
  finish?(): Chunk | undefined
  /** A last chunk that tells of a failure, for formats that have one. */
  readonly failure?: ((error: unknown) => Chunk | undefined) | undefined
  /** A last chunk for a reader that shall come back, for formats in which a stream may end before its source. */
  readonly farewell?: (() => Chunk | undefined) | undefined
  /** What is sent when nothing else was for `ms` milliseconds. */
  readonly heartbeat?: { readonly ms: number; readonly chunk: Chunk } | undefined
  /** After so many milliseconds the reader is sent away with a farewell. */
  readonly maxAgeMs?: number | undefined
}

/** For sources whose items are chunks already. */
export const RAW: Encoding = {
  encode(item) {
    if (typeof item === 'string' || item instanceof Uint8Array) return item
    if (ArrayBuffer.isView(item)) return new Uint8Array(item.buffer, item.byteOffset, item.byteLength)
    if (item instanceof ArrayBuffer) return new Uint8Array(item)
    throw new TypeError(
      `A stream of bytes or text got ${item === null ? 'null' : `a value of type ${typeof item}`}. ` +
        'Yield strings or Uint8Arrays, or declare a format for objects: `streams: jsonl(Schema)`.',
    )
  },
}

/** What was thrown, boxed, since anything can be. */
export interface Failure {
  readonly error: unknown
}

/** What goes through the transforms of a stream besides its items, and what is known only in front of them. */
export interface Aside {
  /** Items that went in. */
  readonly items: number
  /** Items that did not pass their schema and were left out. */
  readonly dropped: number
  /** Called for each of both. */
  onItem: () => void
  /** Has a chunk that is no item go in, as soon as there is room for one. */
  say(word: Chunk): void
  /** Has the chunks end with `last`, and with `failure` if there is one, whatever the source does. */
  part(last: Chunk | undefined, failure: Failure | undefined): void
}

export class Source {
  /** May be replaced until the first item is encoded. */
  encoding: Encoding
  /** How long a head may wait for the first item, in milliseconds. */
  holdMs = Infinity
  /** Set if the items are what transforms have made. */
  aside: Aside | undefined = undefined
  /** Awaited when the source has come to its end, before that is told: what it throws, the source has failed with. */
  beforeEnd: (() => Promise<void>) | undefined = undefined
  /** Called once when the source has failed by itself. */
  onFailed: ((failure: Failure) => void) | undefined = undefined
  /**
   * Enters the asynchronous context in which the source was made. Whoever pulls enters it once; what
   * follows by promises stays in it.
   */
  readonly enter: AsyncScope
  readonly #puller: Puller
  #isFresh = true
  #first: SourceResult | PromiseLike<SourceResult> | undefined
  #stopped: Promise<void> | undefined
  #ended = false
  #failure: Failure | undefined
  #pullFailed = false

  private constructor(puller: Puller, encoding: Encoding) {
    this.#puller = puller
    this.enter = captureAsyncScope()
    this.encoding = encoding
  }

  /** @returns undefined when the value cannot be streamed. */
  static from(value: unknown, encoding: Encoding = RAW): Source | undefined {
    const puller = toPuller(value)
    return puller === undefined ? undefined : new Source(puller, encoding)
  }

  /** What the format has to say about a failure, if anything. Never throws. */
  lastWord(error: unknown): Chunk | undefined {
    try {
      return this.encoding.failure?.(error)
    } catch {
      return undefined
    }
  }

  /** Like `next`, but takes note of the end. */
  async pull(): Promise<SourceResult> {
    try {
      const result = await this.next()
      if (result.done === true) this.markEnded()
      return result
    } catch (error) {
      this.markEnded({ error })
      throw error
    }
  }

  /** Pulls the next item. Throws or rejects when the source fails. */
  next(): SourceResult | PromiseLike<SourceResult> {
    this.#isFresh = false
    const result = this.#first ?? this.#puller.next()
    this.#first = undefined
    return this.beforeEnd === undefined ? result : this.#untilEnd(result)
  }

  #untilEnd(result: SourceResult | PromiseLike<SourceResult>): SourceResult | PromiseLike<SourceResult> {
    if (typeof result !== 'object' || result === null) return result
    if ('then' in result) return result.then((settled) => this.#untilEnd(settled), this.#onPullFailed)
    // What has failed is done as well, for who has asked twice.
    const isComplete = result.done === true && !this.#pullFailed
    return isComplete ? this.beforeEnd!().then(() => result) : result
  }

  readonly #onPullFailed = (error: unknown): never => {
    this.#pullFailed = true
    throw error
  }

  /** Puts a result back in front: it was pulled to learn whether there is one. */
  unshift(first: SourceResult | PromiseLike<SourceResult>): void {
    this.#first = first
  }

  /**
   * Puts the first item back in front, encoded already, so that an item that cannot be encoded is
   * found out while there is still a status to choose. Throws (or rejects) for such an item.
   */
  prime(first: SourceResult): void | Promise<void> {
    this.#first = first
    if (first.done === true) return
    const { encoding } = this
    const chunk = encoding.encode(first.value)
    this.encoding = {
      ...encoding,
      encode: () => {
        this.encoding = encoding
        return chunk
      },
    }
    if (chunk instanceof Promise) return chunk.then(() => {})
  }

  /** Whether nobody has asked it for anything. */
  get isFresh(): boolean {
    return this.#isFresh
  }

  /** Whether it is known already that there is no item. */
  get isEmpty(): boolean {
    return this.#first !== undefined && 'done' in this.#first && this.#first.done === true
  }

  /** Whether its first item was asked for, and has yet to come. */
  get isPending(): boolean {
    return this.#first !== undefined && 'then' in this.#first
  }

  /** What it failed with by itself. */
  get failure(): Failure | undefined {
    return this.#failure
  }

  /** Whether the source has ended, failed or been stopped. */
  get ended(): boolean {
    return this.#ended
  }

  /** To be called by whoever saw `done` or an error: there is nothing left to stop. */
  markEnded(failure?: Failure): void {
    this.#failure ??= failure
    if (this.#ended) return
    this.#ended = true
    if (failure !== undefined) this.onFailed?.(failure)
  }

  /**
   * Stops the source and waits until it has unwound.
   *
   * @returns whether it has, within `deadlineMs`. Rejects with what its cleanup threw.
   */
  async stop(reason: unknown, clock: Clock, deadlineMs: number): Promise<boolean> {
    if (this.#ended) return true
    this.#stopped ??= unwind(this.#puller, reason, this.enter).finally(() => {
      this.#ended = true
    })
    let cancelTimer = () => {}
    const late = new Promise<false>((resolve) => {
      cancelTimer = clock.after(deadlineMs, () => resolve(false))
    })
    try {
      return await Promise.race([this.#stopped.then(() => true as const), late])
    } finally {
      cancelTimer()
    }
  }
}

async function unwind(puller: Puller, reason: unknown, enter: AsyncScope): Promise<void> {
  await enter(() => puller.stop(reason))
}
