/**
 * The memory that one HTTP/2 connection may use for request bodies that are collected. A client may send 128
 * bodies at a time, each as large as `bodyLimit` (issue 11). Once the memory is used up, further bodies are
 * not read, and flow control (RFC 9113 section 5.2) holds their client back. The oldest request that has some
 * may always go on, so that one of them ends.
 */
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2'
import type { BodyMemory } from '../../core/incoming.ts'
import { once } from './callback.ts'
import { hasBody } from './message.ts'

/** Bodies that are known to be so small are bounded well enough by the number of streams. */
const SMALL = 16 * 1024
/** Memory is given in pieces of this size: the window of a stream, which one read may bring. */
const PIECE = 64 * 1024

class Waiting {
  end = () => {}
  readonly over = new Promise<void>((resolve) => (this.end = resolve))
}

/** One connection. */
class Account {
  readonly #most: number
  readonly #onWait: () => void
  #bytes = 0
  /** Requests that have some, the oldest first. */
  readonly #holders = new Set<StreamMemory>()
  readonly #waiting = new Map<StreamMemory, Waiting>()

  constructor(most: number, onWait: () => void) {
    this.#most = most
    this.#onWait = onWait
  }

  mayTake(memory: StreamMemory): boolean {
    if (this.#bytes < this.#most || this.#holders.size === 0) return true
    const [oldest] = this.#holders
    return oldest === memory
  }

  add(memory: StreamMemory, bytes: number): void {
    this.#holders.add(memory)
    this.#bytes += bytes
  }

  wait(memory: StreamMemory): Promise<void> {
    this.#onWait()
    let waiting = this.#waiting.get(memory)
    if (waiting === undefined) this.#waiting.set(memory, (waiting = new Waiting()))
    return waiting.over
  }

  release(memory: StreamMemory, bytes: number): void {
    this.#bytes -= bytes
    this.#holders.delete(memory)
    this.#wake(memory)
    for (const next of this.#waiting.keys())
      if (this.mayTake(next)) {
        next.extend()
        this.#wake(next)
      }
  }

  #wake(memory: StreamMemory): void {
    this.#waiting.get(memory)?.end()
    this.#waiting.delete(memory)
  }
}

/** The part of one request. */
class StreamMemory implements BodyMemory {
  readonly #account: Account
  readonly #stream: ServerHttp2Stream
  /** Of the body; Infinity when that is not known. */
  readonly #length: number
  #kept = 0
  /** What it may keep; a small body has all of its own. */
  #room: number
  /** What the account counts. */
  #counted = 0
  #isWatched = false

  constructor(account: Account, request: Http2ServerRequest) {
    this.#account = account
    this.#stream = request.stream
    this.#length = lengthOf(request)
    this.#room = this.#length <= SMALL ? this.#length : 0
  }

  take(bytes: number): Promise<void> | undefined {
    this.#kept += bytes
    if (this.#kept < this.#room || this.#stream.closed) return undefined
    this.#grow(this.#kept)
    // All of the body is here.
    if (this.#kept === this.#length) return undefined
    if (this.#account.mayTake(this)) return void this.extend()
    this.#watch()
    return this.#account.wait(this)
  }

  /** Gives it one more piece, or what is left of its body. */
  extend(): void {
    const next = this.#kept + PIECE
    this.#grow(this.#kept < this.#length ? Math.min(next, this.#length) : next)
  }

  #grow(room: number): void {
    if (room <= this.#room) return
    this.#watch()
    this.#account.add(this, room - this.#room)
    this.#counted += room - this.#room
    this.#room = room
  }

  #watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    once(this.#stream, 'close', () => this.#account.release(this, this.#counted))
  }
}

/** Bytes of a body, Infinity when only its end tells. */
function lengthOf(request: Http2ServerRequest): number {
  if (!hasBody(request)) return 0
  const { 'content-length': length, 'content-encoding': coding } = request.headers
  return length === undefined || coding !== undefined ? Infinity : Number(length)
}

export class BodyBudget {
  readonly #most: number
  readonly #onWait: () => void
  readonly #accounts = new WeakMap<object, Account>()

  /**
   * @param most bytes of collected bodies that one connection may use.
   * @param onWait is called when a request waits.
   */
  constructor(most: number, onWait: () => void) {
    this.#most = most
    this.#onWait = onWait
  }

  /** The memory of a request; undefined when its stream has closed. */
  open(request: Http2ServerRequest): BodyMemory | undefined {
    const { session, closed } = request.stream
    if (session === undefined || closed) return undefined
    let account = this.#accounts.get(session)
    if (account === undefined) this.#accounts.set(session, (account = new Account(this.#most, this.#onWait)))
    return new StreamMemory(account, request)
  }
}
