import { FollowerTooSlow, type Following } from '../core/socket/following.ts'
import type { LogEntry, MemoryLog } from './log.ts'

/** What happens to a follower that falls further behind than the log reaches back. */
export type SlowPolicy =
  /** Its following ends with an error; a socket is closed with 1013. The default. */
  | 'disconnect'
  /** It goes on with the oldest entry there is, and `dropped` counts what it missed. */
  | 'drop-oldest'

export interface SubscribeOptions {
  /** Start with this many of the latest entries, default 0: only what is published from now on. */
  readonly replay?: number
  /** Ends the subscription with the signal's reason. A generator passes its `ctx.signal`. */
  readonly signal?: AbortSignal
}

/** What a subscription needs of its channel. */
export interface Followed<T> {
  readonly name: string
  readonly slow: SlowPolicy
  readonly log: MemoryLog<T>
  readonly forget: (subscription: Subscription<T>) => void
}

/** One follower's cursor. Iterate over it, or `take()` what there is. */
export class Subscription<T> implements Following<T>, AsyncIterableIterator<T, void> {
  /** Entries this follower has missed, under `drop-oldest`. */
  dropped = 0
  onReady: (() => void) | undefined = undefined
  readonly #channel: Followed<T>
  readonly #log: MemoryLog<T>
  readonly #signal: AbortSignal | undefined
  #cursor: number
  #closed = false
  #failure: { readonly error: unknown } | undefined
  #waiting: (() => void)[] = []

  /** @throws {RangeError} unless `replay` is a whole number from 0 up, or Infinity. */
  constructor(channel: Followed<T>, { replay = 0, signal }: SubscribeOptions) {
    if (!(replay >= 0 && (Number.isInteger(replay) || replay === Infinity)))
      throw new RangeError(`replay takes a whole number from 0 up, not ${replay}.`)
    this.#channel = channel
    this.#log = channel.log
    this.#signal = signal
    this.#cursor = Math.max(this.#log.start, this.#log.end - replay)
    if (signal?.aborted === true) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Entries published and not yet taken. */
  get behind(): number {
    return this.#closed ? 0 : this.#log.end - this.#cursor
  }

  /**
   * The next entry, or undefined when there is none yet, or no more.
   *
   * @throws {FollowerTooSlow} once, under the policy `disconnect`, when entries were lost to it.
   * @throws the reason of the signal, once, when it has aborted.
   */
  take(): LogEntry<T> | undefined {
    if (this.#failure !== undefined) {
      const { error } = this.#failure
      this.#failure = undefined
      throw error
    }
    if (this.#closed) return undefined
    const missed = this.#log.start - this.#cursor
    if (missed > 0) {
      this.dropped += missed
      this.#cursor += missed
    }
    const entry = this.#log.at(this.#cursor)
    if (entry !== undefined) this.#cursor++
    return entry
  }

  /** For the channel: something was published. */
  notify(): void {
    if (this.#cursor < this.#log.start && this.#channel.slow === 'disconnect')
      this.#fail(new FollowerTooSlow(this.#channel.name, this.#log.capacity))
    else this.#wake()
  }

  /** Stops following. Whoever waits is told that there is no more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#channel.forget(this)
    this.#wake()
  }

  async next(): Promise<IteratorResult<T, void>> {
    for (;;) {
      const entry = this.take()
      if (entry !== undefined) return { done: false, value: entry.value }
      if (this.#closed) return { done: true, value: undefined }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  return(): Promise<IteratorResult<T, void>> {
    this.#failure = undefined
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason)

  #fail(error: unknown): void {
    if (this.#closed) return
    this.#failure = { error }
    this.close()
  }

  #wake(): void {
    if (this.#waiting.length > 0) for (const wake of this.#waiting.splice(0)) wake()
    this.onReady?.()
  }
}
