/**
 * Private fields of Node that are read here, since no public name tells the same. Checked on Node 20.20, 22.23,
 * 24.21 and 26.10. Each one may be missing; nothing throws then, and each function says what is lost.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session, Http2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'

/** The handle below a socket. */
interface Handle {
  readonly writeQueueSize?: number
  /** libuv's `uv_read_start`: 0, or a negative error code. */
  readStart?(): number
  readStop?(): number
}

/**
 * The response that a connection of HTTP/1 is at, the first of those that are pipelined. Without it every
 * connection counts as one that rests.
 */
export function currentResponse(connection: Duplex): ServerResponse | undefined {
  return (connection as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}

/**
 * Makes Node's parser stop at the next request of a connection, and hand it over with the `upgrade` event:
 * what follows it in the same read costs nothing then. Where Node has no such parser, the connection is closed.
 */
export function stopParserAtNext(connection: Duplex): void {
  const { parser } = connection as { parser?: { onIncoming?: (request: IncomingMessage) => number } | null }
  if (typeof parser?.onIncoming !== 'function') return void connection.destroy()
  parser.onIncoming = (request) => {
    Object.assign(request, { upgrade: true })
    return STOP
  }
}

/** The parser's word for a connection that is not HTTP any more. */
const STOP = 2

/** The connection below TLS; undefined where there is no TLS. */
export function connectionBelow<T extends Duplex>(connection: T): T | undefined {
  return (connection as { _parent?: T | null })._parent ?? undefined
}

/** How many bytes of the write under way the system has yet to take; undefined where that is not known. */
export function writeQueueSize(connection: object | null | undefined): number | undefined {
  return handleOf(connection)?.writeQueueSize
}

/**
 * Whether a session of HTTP/2 has stopped to read for good. A connection error of nghttp2 sends GOAWAY and
 * stops reading, and Node neither closes the connection nor sees that its client leaves (RFC 9113 section
 * 5.4.1 demands a close). `uv_read_start` tells: it fails with UV_EALREADY where reading goes on. Reading also
 * stops while a write is under way, and goes on by itself, so only a session without one is asked. Without
 * `readStart` a broken session stays until its client or its streams end it.
 */
export function hasStoppedReading({ destroyed, socket }: Http2Session): boolean {
  const handle = destroyed ? undefined : handleOf(socket)
  if (handle?.writeQueueSize !== 0 || handle.readStart?.() !== 0) return false
  // What arrives when the session has let go of its connection has no reader, and Node asserts that it has one.
  handle.readStop?.()
  return true
}

/**
 * Lets a session read on whose write TLS holds, though the system has nothing to write: it goes on by reading
 * only. To destroy such a session ends the process, on Node 20.20 at least: its memory is asserted when it is
 * collected (`current_nghttp2_memory_`).
 */
export function releaseWrite({ destroyed, socket }: Http2Session): void {
  const handle = destroyed ? undefined : handleOf(socket)
  if (handle === undefined || handle.writeQueueSize === 0) return
  if (writeQueueSize(connectionBelow(socket)) === 0) handle.readStart?.()
}

let nativeKey: symbol | undefined

/** The native object below a session or a stream of HTTP/2; undefined once it is destroyed, or where it is not found. */
export function nativeOf(of: Http2Session | Http2Stream): object | undefined {
  nativeKey ??= Object.getOwnPropertySymbols(of).find(({ description }) => description === 'kHandle')
  return nativeKey && (of as unknown as Record<symbol, object | undefined>)[nativeKey]
}

function handleOf(connection: object | null | undefined): Handle | undefined {
  return (connection as { _handle?: Handle | null } | null | undefined)?._handle ?? undefined
}
