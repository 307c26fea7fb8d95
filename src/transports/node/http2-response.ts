/** Responses of HTTP/2: a stream among others of its connection, which a cut leaves alone. */
import type { OutgoingHttpHeaders } from 'node:http'
import { constants, type Http2ServerResponse, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { Reply } from '../../core/reply/reply.ts'
import type { Chunk } from '../../core/reply/source.ts'
import { callback, on, once } from './callback.ts'
import { refusesBody, whenQuiet } from './linger.ts'
import { writeQueueSize } from './node-internal.ts'
import type { NodeResponse } from './response.ts'
import { streamOf } from './tls-stream.ts'

/** Fields of a connection have no place in HTTP/2 (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'http2-settings',
]

/** HTTP/2: a cut is a RST_STREAM, and leaves the connection's other streams alone. */
export class Http2Response implements NodeResponse {
  readonly backlog = undefined
  readonly raw: Http2ServerResponse
  #pending = 0
  #cutting = false
  #ended = false
  #finished = false
  #closed = false
  readonly #onFinish: (() => void)[] = []

  constructor(raw: Http2ServerResponse) {
    this.raw = raw
    // Not the response's own: Node tells that one of every stream that closes, also of one that was
    // reset; and it ends the writable side of a stream that its client has reset.
    once(raw.stream, 'finish', () => {
      if (!this.#ended || raw.stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
      this.#finished = true
      for (const listener of this.#onFinish) listener()
    })
    on(raw, 'close', () => {
      this.#closed = true
    })
    on(raw.stream, 'error', () => {})
    endAtReset(raw.stream)
  }

  get gone(): boolean {
    return this.#closed || this.raw.stream.destroyed || this.raw.writableEnded
  }

  get finished(): boolean {
    return this.#finished
  }

  inform(status: number, headers: Readonly<Record<string, string>>): void {
    if (!this.gone && !this.raw.headersSent)
      this.raw.stream.additionalHeaders({ ':status': status, ...headers })
  }

  writeHead(reply: Reply): void {
    if (refusesBody(reply)) this.#refuseWhenQuiet()
    for (const name of CONNECTION_FIELDS) delete reply.headers[name]
    this.raw.writeHead(reply.status, reply.headers as OutgoingHttpHeaders)
  }

  /** When the reply is out, whoever goes on sending is told to stop (RFC 9113 section 8.1). */
  #refuseWhenQuiet(): void {
    const { stream } = this.raw
    once(stream, 'finish', () => {
      if (!stream.readableEnded) whenQuiet(stream, () => this.refuseRest())
    })
  }

  refuseRest(): void {
    this.raw.stream.close(constants.NGHTTP2_NO_ERROR)
  }

  /** Nothing to say: HTTP/2 has a frame for it. */
  keepAlive(): void {}

  /** Nothing to do: HTTP/2 sends a head at once. */
  flushHead(): void {}

  write(chunk: Chunk, _bytes: number, done?: (error?: Error | null) => void): boolean {
    this.#pending++
    const written = (error?: Error | null) => {
      this.#pending--
      done?.(error)
      if (this.#pending === 0 && this.#cutting) this.#reset()
    }
    return this.raw.write(chunk, callback(written, this.raw.stream))
  }

  writeThrough(chunk: Uint8Array, done: (error?: Error | null) => void): boolean {
    this.write(chunk, chunk.byteLength, done)
    return false
  }

  end(chunk?: Chunk): void {
    this.#ended = !this.gone
    if (chunk === undefined) this.raw.end()
    else this.raw.end(chunk)
  }

  /**
   * A reset overtakes what is queued, and on Node 20 it frees the memory of writes that the session
   * still has to send: their frames then carry garbage. So it waits until nothing is queued.
   */
  cut(): void {
    this.#cutting = true
    if (this.#pending === 0) this.#reset()
  }

  #reset(): void {
    const { stream } = this.raw
    if (!stream.destroyed && !stream.closed) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** For the same reason a connection that is itself stuck is given up as a whole. */
  destroy(): void {
    const { session } = this.raw.stream
    if (session !== undefined && !session.destroyed && isStuck(session)) session.destroy()
    else this.#reset()
  }

  /** Nothing to do: the stream has its listener from the start. */
  guard(): void {}

  on(event: 'drain' | 'finish' | 'close', listener: () => void): void {
    if (event === 'finish') this.#onFinish.push(listener)
    else on(this.raw, event, listener)
  }
}

/**
 * Ends a stream that its client has reset with NO_ERROR in the middle of a request. Node before 26 waits for
 * writes that can never finish: the request stays until its connection closes, and its handler is not cancelled.
 */
function endAtReset(stream: ServerHttp2Stream): void {
  if (stream.endAfterHeaders) return
  once(stream, 'aborted', () => stream.destroy())
  once(stream, 'end', () => stream.closed && stream.destroy())
}

/**
 * Whether the session waits for its connection to take bytes. HTTP/2 writes past the socket's own
 * queue, so that only the handle knows; where it does not tell, the worst is assumed.
 */
export function isStuck({ socket }: Http2Session): boolean {
  return (streamOf(socket)?.writableLength ?? writeQueueSize(socket)) !== 0
}
