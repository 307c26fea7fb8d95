/**
 * Pipelined requests (RFC 9112 section 9.3.2). Node hands over every request of a connection as soon as it
 * has read it, so one connection could hold any number of handlers, and of replies that wait in memory
 * (CVE-2013-4450, issue 11). Here a request begins when the reply before it has left: a connection has one
 * request under way, no reply waits for another, and Node never pauses a connection whose client may leave.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type AsyncScope, captureAsyncScope } from '../../core/lifetime/async-scope.ts'
import { callback, once } from './callback.ts'
import { currentResponse, stopParserAtNext } from './node-internal.ts'

/** Requests of one connection that may begin in a row. */
const PER_TURN = 16

/** What is known of a connection that pipelines. */
interface Line {
  waiting: number
  /** Whether no request is taken behind those that wait. */
  isFull: boolean
}

export class Pipelining {
  readonly #most: number
  readonly #lines = new WeakMap<Duplex, Line>()
  readonly #onExcess: () => void
  /** The connection of the request that came last, and how many have come from it in a row. */
  #latest: Duplex | undefined
  #inRow = 0

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
    if (response.socket !== null) {
      if (this.#isLong(socket)) nextTurn(response, begin, captureAsyncScope())
      // Bytes behind the last reply of a connection are still parsed. To answer them ends the process: Node
      // asserts that replies finish in the order of their requests (resOnFinish), and its list is out of date.
      else if (socket.writable) begin()
      return
    }
    const line = this.#lineOf(socket)
    line.waiting++
    if (line.waiting >= this.#most && !line.isFull) {
      line.isFull = true
      // The next one comes as an excess; where it cannot be made to, the connection is closed.
      if (!stopParserAtNext(socket)) socket.destroy()
    }
    // The request has a context of its own (AsyncLocalStorage); the event comes in that of the reply before it.
    const scope = captureAsyncScope()
    once(response, 'socket', () => {
      line.waiting--
      nextTurn(response, begin, scope)
    })
  }

  /**
   * Whether so many requests came from one connection in a row that others should have a turn: where each has a
   * body, Node finishes the reply to one before it reads the next.
   */
  #isLong(connection: Duplex): boolean {
    if (connection !== this.#latest) {
      this.#latest = connection
      this.#inRow = 0
    }
    if (++this.#inRow < PER_TURN) return false
    this.#inRow = 0
    return true
  }

  /**
   * Whether a request, whose connection Node has taken off its parser, is one too many. It is not answered:
   * the reply to the one before it says `connection: close`, and its client asks again (RFC 9112 section 9.6).
   */
  isExcess({ socket }: IncomingMessage): boolean {
    if (this.#lines.get(socket)?.isFull !== true) return false
    this.#onExcess()
    return true
  }

  /** Whether the request under way is the last one that its connection takes. */
  isLast(response: ServerResponse): boolean {
    const line = response.socket === null ? undefined : this.#lines.get(response.socket)
    return line !== undefined && line.isFull && line.waiting === 0
  }

  #lineOf(connection: Duplex): Line {
    let line = this.#lines.get(connection)
    if (line === undefined) this.#lines.set(connection, (line = { waiting: 0, isFull: false }))
    return line
  }
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
