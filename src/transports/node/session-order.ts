/**
 * The order in which Node frees a session of HTTP/2 and its streams (issue 11). A stream that is destroyed while
 * one of its writes is under way is freed by the garbage collector, and keeps the fields of a half-read trailer
 * until then. A session that is freed before that stream ends the process: Node asserts that all memory of the
 * session is back (`current_nghttp2_memory_`). Any client can bring both about on Node 20 to 26.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { once } from './callback.ts'
import { nativeOf } from './node-internal.ts'

/** Holds the session of each registered stream, until that stream has been collected. */
const sessions = new FinalizationRegistry<object>(() => {})

/** Makes Node free a stream before its session. */
export function freeBeforeSession(stream: ServerHttp2Stream, session: ServerHttp2Session): void {
  // Without a body there are no trailers.
  if (stream.endAfterHeaders) return
  const [native, nativeSession] = [nativeOf(stream), nativeOf(session)]
  if (native === undefined || nativeSession === undefined) return
  once(stream, 'close', () => sessions.register(native, nativeSession))
}
