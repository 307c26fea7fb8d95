/**
 * Pipelined requests (RFC 9112 section 9.3.2). Node hands over every request of a connection as soon as it
 * has read it, so one connection could hold any number of handlers, and of replies that wait in memory
 * (CVE-2013-4450, issue 11). Here a request begins when the reply before it has left. So a connection has one
 * request under way, no reply waits for another, and Node does not pause a connection whose client may leave.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type AsyncScope, captureAsyncScope } from '../../core/lifetime/async-scope.ts'
import { callback, once } from './callback.ts'
import { currentResponse, stopParserAtNext } from './node-internal.ts'

/** From how many requests of one connection in a row on others may have a turn, and after how many milliseconds. */
const IN_ROW = 8
const ROW_MS = 20
/** The largest body, in bytes, that may wait: Node stops reading where more of it waits in its buffer. */
const WAITING_BODY = 16 * 1024

/** The requests that wait on one connection. */
interface Queue {
  waiting: number
  /** Whether no request is taken behind those that wait. */
  isFull: boolean
}

export class Pipelining {
  readonly #most: number
  readonly #queues = new WeakMap<Duplex, Queue>()
  readonly #onExcess: () => void
  /** The connection of the request that came last, and how many have come from it in a row. */
  #latest: Duplex | undefined
  #inRow = 0
  #rowBeganAt = 0

  /**
   * @param most requests that may wait on one connection.
   * @param onExcess is called when a connection has more.
   */
  constructor(most: number, onExcess: () => void) {
    this.#most = most
    this.#onExcess = onExcess
  }

  /** Calls `begin` when the replies in front of this one have left, and never if the connection closes before. */
  enter(response: ServerResponse, begin: () => void): void {
    const { socket } = response.req
    // Node gives the connection to one response at a time.
    if (response.socket === null) return this.#wait(response, begin)
    if (this.#isLong(socket)) nextTurn(response, begin, captureAsyncScope())
    // Bytes behind the last reply of a connection are still parsed. To answer them ends the process: Node
    // asserts that replies finish in the order of their requests (resOnFinish), and its list is out of date.
    else if (socket.writable) begin()
  }

  #wait(response: ServerResponse, begin: () => void): void {
    const { socket } = response.req
    const queue = this.#queueOf(socket)
    if (queue.isFull || queue.waiting >= this.#most || mayStopReading(response.req))
      return this.#turnAway(response, queue)
    queue.waiting++
    if (queue.waiting === this.#most) {
      queue.isFull = true
      stopParserAtNext(socket)
    }
    // The request has a context of its own (AsyncLocalStorage); the event comes in that of the reply before it.
    const scope = captureAsyncScope()
    once(response, 'socket', () => {
      queue.waiting--
      if (this.#isLong(socket)) return nextTurn(response, begin, scope)
      process.nextTick(callback(() => socket.writable && scope(begin), response))
    })
  }

  /**
   * Takes no request from here on. The reply in front says `connection: close`, where its head has not left; then
   * the client asks again (RFC 9112 section 9.6).
   */
  #turnAway(response: ServerResponse, queue: Queue): void {
    const { req } = response
    queue.isFull = true
    stopParserAtNext(req.socket)
    req.resume()
    once(response, 'socket', () => req.socket.destroySoon())
    this.#onExcess()
  }

  /** Whether a request, whose connection Node has taken off its parser, is one too many. */
  isExcess({ socket }: IncomingMessage): boolean {
    if (this.#queues.get(socket)?.isFull !== true) return false
    this.#onExcess()
    return true
  }

  /** Whether the request under way is the last one that its connection takes. */
  isLast(response: ServerResponse): boolean {
    const queue = response.socket === null ? undefined : this.#queues.get(response.socket)
    return queue !== undefined && queue.isFull && queue.waiting === 0
  }

  /**
   * Whether so many requests came from one connection in a row that others should have a turn: where each has a
   * body, Node finishes the reply to one before it reads the next.
   */
  #isLong(connection: Duplex): boolean {
    const now = performance.now()
    const isSame = connection === this.#latest
    if (isSame && (++this.#inRow < IN_ROW || now - this.#rowBeganAt < ROW_MS)) return false
    this.#latest = connection
    this.#inRow = 0
    this.#rowBeganAt = now
    return isSame
  }

  #queueOf(connection: Duplex): Queue {
    let queue = this.#queues.get(connection)
    if (queue === undefined) this.#queues.set(connection, (queue = { waiting: 0, isFull: false }))
    return queue
  }
}

/** Whether so much of a body may come that Node stops reading, and does not see that its client leaves. */
function mayStopReading({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > WAITING_BODY
}

/** Calls `begin` in a turn of its own, so that a long line of short requests lets others in between. */
function nextTurn(response: ServerResponse, begin: () => void, scope: AsyncScope): void {
  const { socket } = response.req
  setImmediate(callback(() => socket.writable && scope(begin), response))
}

/** Whether a reply is still on its way over this connection. */
export function isAnswering(connection: Duplex): boolean {
  return currentResponse(connection) !== undefined
}

/**
 * Calls `then` when all replies that the parser knew of have left, for a request whose connection Node has
 * taken off its parser; never if the connection closes before.
 */
export function whenAnswered(connection: Duplex, then: () => void): void {
  const response = currentResponse(connection)
  if (connection.destroyed) return
  if (response === undefined) return then()
  once(response, 'close', () => whenAnswered(connection, then))
}
