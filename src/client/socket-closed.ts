/** How a WebSocket was closed, unless it was by the client or with 1000. */
export class SocketClosed extends Error {
  override readonly name = 'SocketClosed'
  /** The code of the close (RFC 6455 section 7.4); 1006 when the connection was lost or refused. */
  readonly code: number
  readonly reason: string

  constructor(code: number, reason: string, path: string) {
    super(`The WebSocket ${path} was closed with ${code}${reason === '' ? '' : `: ${reason}`}`)
    this.code = code
    this.reason = reason
  }
}
