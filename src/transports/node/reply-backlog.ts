/**
 * Whole replies that wait for the reader of one HTTP/2 connection. A client may ask on 128 streams at a time
 * and take nothing (a window of 0), so that each of its replies stays in memory (issue 11). Once too many
 * bytes wait, the next requests of that connection begin when its client has taken some.
 */
import type { Http2ServerResponse } from 'node:http2'
import { callback, once } from './callback.ts'

/** Smaller replies are bounded well enough by the number of streams. */
const LARGE = 64 * 1024

/** One connection. */
interface Account {
  bytes: number
  /** Requests that have yet to begin, in the order of their arrival. */
  readonly waiting: Set<() => void>
}

export class ReplyBacklog {
  readonly #most: number
  readonly #accounts = new WeakMap<object, Account>()

  /** @param most bytes of replies that may wait before further requests do. */
  constructor(most: number) {
    this.#most = most
  }

  /** Calls `begin` when there is room for a reply, and never if its stream closes before. */
  enter({ stream }: Http2ServerResponse, begin: () => void): void {
    const account = stream.session === undefined ? undefined : this.#accounts.get(stream.session)
    if (account === undefined || account.bytes < this.#most) return begin()
    const turn = callback(begin, stream)
    account.waiting.add(turn)
    once(stream, 'close', () => account.waiting.delete(turn))
  }

  /** Counts a reply until its stream has closed. */
  add({ stream }: Http2ServerResponse, bytes: number): void {
    const { session } = stream
    if (bytes < LARGE || session === undefined || stream.closed) return
    let account = this.#accounts.get(session)
    if (account === undefined) this.#accounts.set(session, (account = { bytes: 0, waiting: new Set() }))
    account.bytes += bytes
    once(stream, 'close', () => {
      account.bytes -= bytes
      if (account.bytes < this.#most) setImmediate(callback(() => this.#next(account)))
    })
  }

  /** Requests begin one by one, since each may be answered at once with a large reply. */
  #next(account: Account): void {
    for (const turn of account.waiting) {
      if (account.bytes >= this.#most) return
      account.waiting.delete(turn)
      turn()
    }
  }
}
