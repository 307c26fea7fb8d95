/**
 * Pipelined requests (RFC 9112 section 9.3.2). Node hands over every request of a connection as soon as it
 * has read it, so one connection could hold any number of handlers, and of replies that wait in memory
 * (CVE-2013-4450, issue 11). Here a request begins when the reply before it has left: a connection has one
 * request under way, no reply waits for another, and Node never pauses a connection whose client may leave.
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { captureAsyncScope } from '../../core/lifetime/async-scope.ts'
import { callback, once } from './callback.ts'
import { currentResponse } from './node-internal.ts'

export class Pipelining {
  readonly #most: number
  readonly #waiting = new WeakMap<Duplex, number>()
  readonly #onExcess: () => void

  /**
   * @param most requests that may wait on one connection; the connection of one more is closed.
   * @param onExcess is called when that happens.
   */
  constructor(most: number, onExcess: () => void) {
    this.#most = most
    this.#onExcess = onExcess
  }

  /** Calls `begin` when the replies in front of this one have left, and never if the connection closes before. */
  enter(response: ServerResponse, begin: () => void): void {
    // Node gives the connection to one response at a time.
    if (response.socket !== null) return begin()
    const { socket } = response.req
    const waiting = (this.#waiting.get(socket) ?? 0) + 1
    if (waiting > this.#most) {
      if (!socket.destroyed) this.#onExcess()
      socket.destroy()
      return
    }
    this.#waiting.set(socket, waiting)
    // The request has a context of its own (AsyncLocalStorage); the event comes in that of the reply before it.
    const scope = captureAsyncScope()
    once(response, 'socket', () => {
      this.#waiting.set(socket, this.#waiting.get(socket)! - 1)
      // In a turn of its own, so that a long line of short requests lets others in between.
      setImmediate(callback(() => socket.destroyed || scope(begin), response))
    })
  }
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
