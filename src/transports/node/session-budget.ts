/**
 * What one HTTP/2 connection may use at a time. A client may ask on 128 streams in one read, and take nothing
 * of the replies, whatever windows it opens (issue 11). So its requests begin some per turn of the loop, and
 * while too many bytes of whole replies wait for it, further requests do.
 */
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { captureAsyncScope } from '../../core/lifetime/async-scope.ts'
import { BodyBudget } from './body-budget.ts'
import { callback, once } from './callback.ts'
import type { ServerLimits } from './limit.ts'

/** Requests of one connection that begin in one turn of the loop. */
const PER_TURN = 16
/** Smaller replies are bounded well enough by the number of streams. */
const LARGE = 64 * 1024

/** One connection. */
class Account {
  /** Of replies under way. */
  bytes = 0
  /** Requests that have begun in this turn. */
  begun = 0
  /** Requests that have yet to begin, in the order of their arrival. */
  readonly requests = new Set<() => void>()
}

export class SessionBudget {
  readonly bodies: BodyBudget
  /** Bytes of whole replies that may be under way on one connection. */
  readonly #most: number
  readonly #accounts = new WeakMap<object, Account>()

  /** @param onBodyWaits is called when a request waits for memory for its body. */
  constructor(
    { replyBytes, bodyBytes }: Pick<ServerLimits, 'replyBytes' | 'bodyBytes'>,
    onBodyWaits: () => void,
  ) {
    this.#most = replyBytes
    this.bodies = new BodyBudget(bodyBytes, onBodyWaits)
  }

  /** Calls `begin` when it is the request's turn, or its stream has closed. */
  enter({ stream }: Http2ServerResponse, begin: () => void): void {
    const account = this.#accountOf(stream)
    if (account === undefined) return begin()
    const isFree = this.#hasRoom(account) && account.requests.size === 0
    if (isFree && account.begun < PER_TURN) {
      if (account.begun++ === 0) this.#proceedNextTurn(account)
      return begin()
    }
    wait(account.requests, stream, begin)
  }

  /** Counts a whole reply until its stream has closed. */
  add({ stream }: Http2ServerResponse, bytes: number): void {
    const account = bytes < LARGE ? undefined : this.#accountOf(stream)
    if (account === undefined) return
    account.bytes += bytes
    once(stream, 'close', () => {
      account.bytes -= bytes
      this.#proceedNextTurn(account)
    })
  }

  /** One reply is under way however large it is. */
  #hasRoom({ bytes }: Account): boolean {
    return bytes === 0 || bytes < this.#most
  }

  #accountOf({ session, closed }: ServerHttp2Stream): Account | undefined {
    if (session === undefined || closed) return undefined
    let account = this.#accounts.get(session)
    if (account === undefined) this.#accounts.set(session, (account = new Account()))
    return account
  }

  #proceedNextTurn(account: Account): void {
    setImmediate(callback(() => this.#proceed(account)))
  }

  #proceed(account: Account): void {
    account.begun = 0
    this.#beginWaiting(account)
    // The next turn has a count of its own, whether or not something still waits.
    if (account.begun > 0) this.#proceedNextTurn(account)
  }

  /** One by one, since each may fill the budget again. */
  #beginWaiting(account: Account): void {
    for (const turn of account.requests) {
      if (!this.#hasRoom(account) || account.begun === PER_TURN) return
      account.begun++
      turn()
    }
  }
}

/** The turn comes in a context of its own (AsyncLocalStorage), once: when it is called, or its stream closes. */
function wait(waiting: Set<() => void>, stream: ServerHttp2Stream, begin: () => void): void {
  const scope = captureAsyncScope()
  const turn = callback(() => {
    if (waiting.delete(turn)) scope(begin)
  }, stream)
  waiting.add(turn)
  once(stream, 'close', turn)
}
