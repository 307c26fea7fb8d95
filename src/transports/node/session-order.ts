/**
 * The order in which Node frees a session of HTTP/2 and its streams (issue 11). A stream keeps the fields of a
 * half-read header block until it is freed: one turn after it was destroyed, or by the garbage collector where
 * one of its writes was under way. A session that is freed before that stream ends the process: Node asserts that
 * all memory of the session is back (`current_nghttp2_memory_`). Any client can bring both about on Node 20 to 26.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { callback, once } from './callback.ts'
import { nativeOf } from './node-internal.ts'

/** How long a session outlives its connection, in milliseconds: streams that were destroyed with it need a turn. */
const OUTLIVES_MS = 100

/** Holds the session of each registered stream, until that stream has been collected. */
const sessions = new FinalizationRegistry<object>(() => {})

/** Makes Node free a stream before its session. */
export function freeBeforeSession(stream: ServerHttp2Stream, session: ServerHttp2Session): void {
  // Without a body there are no trailers.
  if (stream.endAfterHeaders) return
  const [native, nativeSession] = [nativeOf(stream), nativeOf(session)]
  if (native !== undefined && nativeSession !== undefined) sessions.register(native, nativeSession)
}

/** Keeps a session until the turn of its streams has come, once its connection has closed. */
export function outliveConnection(session: ServerHttp2Session, connection: Socket): void {
  let native = nativeOf(session)
  const drop = callback(() => (native = undefined))
  once(connection, 'close', () => native && setTimeout(drop, OUTLIVES_MS).unref())
}
