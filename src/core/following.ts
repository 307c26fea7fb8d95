/** What a socket needs of a channel, so that the core need not know channels. */
import type { SharedMessage } from './socket.ts'

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
  /** Settles when there may be an entry, or the following has ended. */
  ready(): Promise<void>
  /** Set by the follower, and called when the following fails while it does not wait in `ready()`. */
  onFailed: ((error: unknown) => void) | undefined
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
