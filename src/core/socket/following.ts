/** How a socket follows a channel, without the core knowing channels. */
import type { SharedMessage, Socket } from './socket.ts'

/** Something a socket can follow: a channel. Entries are encoded once for all followers. */
export interface Followable<T> {
  subscribe(options?: { readonly replay?: number }): Following<T>
}

/** A cursor of one follower. */
export interface Following<T> {
  /**
   * The next entry, or undefined when there is none yet, or no more.
   *
   * @throws {FollowerTooSlow} once, when the follower fell too far behind.
   */
  take(): { readonly value: T; readonly message: SharedMessage } | undefined
  /** Set by the follower, and called when there may be something to take, or taking would throw. */
  onReady: (() => void) | undefined
  readonly closed: boolean
  close(): void
}

/** A follower was too slow: entries it had not taken are gone. */
export class FollowerTooSlow extends Error {
  override readonly name = 'FollowerTooSlow'

  constructor(channel: string, history: number) {
    super(
      `A follower of channel "${channel}" fell more than its history of ${history} entries behind. ` +
        'Raise `history`, or set `slow` to "drop-oldest".',
    )
  }
}

/**
 * Carries the entries of a channel to one socket, at the pace of its peer. Whatever the channel throws
 * ends in `onFailed`: it must reach neither its publisher nor the other followers.
 */
export class Follower {
  readonly #socket: Socket
  readonly #following: Following<unknown>
  readonly #onFailed: (error: unknown) => void
  #isWaiting = false

  constructor(socket: Socket, following: Following<unknown>, onFailed: (error: unknown) => void) {
    this.#socket = socket
    this.#following = following
    this.#onFailed = onFailed
    following.onReady = this.#carry
    this.#carry()
  }

  readonly leave = (): void => {
    try {
      this.#following.close()
    } catch (error) {
      this.#onFailed(error)
    }
  }

  readonly #carry = (): void => {
    // A peer that is waited for may still be found too slow.
    if (this.#isWaiting && !this.#following.closed) return
    try {
      while (this.#socket.open) {
        const entry = this.#following.take()
        if (entry === undefined) return
        this.#socket.send(entry.message)
        const drained = this.#socket.drained()
        if (drained !== undefined) return this.#wait(drained)
      }
    } catch (error) {
      this.#onFailed(error)
    }
  }

  #wait(drained: Promise<void>): void {
    this.#isWaiting = true
    void drained.then(() => {
      this.#isWaiting = false
      this.#carry()
    })
  }
}
