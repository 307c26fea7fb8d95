import type { ReplyError } from './reply-error.ts'

/** How a WebSocket was closed, unless it was by the client or with 1000. */
export class SocketClosed extends Error {
  override readonly name = 'SocketClosed'
  /** The code of the close (RFC 6455 section 7.4); 1006 when the connection was lost or refused. */
  readonly code: number
  readonly reason: string
  /**
   * What the server answered instead of opening it: status, code and problem document. Only where the runtime
   * tells: the package `ws` does, browsers and the WebSocket of Node do not.
   */
  readonly refusal: ReplyError | undefined

  constructor(code: number, reason: string, path: string, refusal?: ReplyError) {
    const why = reason === '' ? '' : `: ${reason}`
    super(refusal?.message ?? `The WebSocket ${path} was closed with ${code}${why}`)
    this.code = code
    this.reason = reason
    this.refusal = refusal
  }
}
