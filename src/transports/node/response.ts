/**
 * The two kinds of responses Node has, as far as they differ: how a head is written and how a body is
 * cut so that its reader can tell.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Reply } from '../../core/reply.ts'
import type { Chunk } from '../../core/source.ts'
import { assertHeader } from '../../wire/header.ts'
import { refusesBody, whenQuiet } from './linger.ts'

/** A response being written. */
export interface NodeResponse {
  readonly raw: ServerResponse | Http2ServerResponse
  /** Whether there is nobody left to write to. */
  readonly gone: boolean
  /** Whether everything was handed over to the system. */
  readonly finished: boolean
  /** How many bytes of the write under way the system has yet to take; undefined where that is not known. */
  readonly backlog: number | undefined
  /** Sends an interim reply (RFC 9110 section 15.2), unless the reply has begun. */
  inform(status: number, headers: Readonly<Record<string, string>>): void
  /** Says in the head how long the connection may rest, where that is so and the protocol has a word for it. */
  keepAlive(reply: Reply, timeout: string): void
  writeHead(reply: Reply): void
  flushHead(): void
  /**
   * @param bytes how many the chunk has, in UTF-8.
   * @returns false when it wants no more until it says `drain`.
   */
  write(chunk: Chunk, bytes: number): boolean
  /**
   * Writes now, not at the end of the turn. Returns whether the system has taken all of it already;
   * `done` is called in any case. The chunk's memory must not be changed before that.
   */
  writeThrough(chunk: Uint8Array, done: (error?: Error | null) => void): boolean
  /** @param bytes how many the chunk has, in UTF-8. */
  end(chunk?: Chunk, bytes?: number): void
  /** Ends abnormally once what was written has left. */
  cut(): void
  /** Ends abnormally at once. */
  destroy(): void
  /** Takes no more of the request, whose reply is out. */
  refuseRest(): void
  on(event: 'drain' | 'finish' | 'close', listener: () => void): void
  /** To be called before a body that takes its time: what goes wrong with it cuts it. */
  guard(): void
}

/** A body under way, as shutdown sees it. */
export interface Sending {
  /** Whether the body has no known length, so that nobody can wait for its end. */
  readonly endless: boolean
  /** Sends the reader away, as gently as the format allows. */
  stop(): void
  /** Cuts the body at once. */
  cut(reason: 'shutdown'): void
  /** Settles when what was sent is let go of, for bodies that are so only some time after their end. */
  readonly released?: Promise<void>
}

const INTERIM_REASONS: Readonly<Record<number, string>> = { 104: 'Upload Resumption Supported' }

/** HTTP/1: a cut is a connection that closes before the end of the body. */
export class Http1Response implements NodeResponse {
  readonly raw: ServerResponse
  #lengthIsKnown = false
  #headHasLeft = false
  #onDrain = () => {}

  constructor(raw: ServerResponse) {
    this.raw = raw
    if (raw.socket === null) watchConnection(raw)
  }

  get gone(): boolean {
    return this.raw.destroyed || this.raw.writableEnded
  }

  get finished(): boolean {
    return this.raw.writableFinished
  }

  /** Node's own timeouts look there, too; it has no other name for it. */
  get backlog(): number | undefined {
    const { socket } = this.raw as { socket: { _handle?: { writeQueueSize?: number } | null } | null }
    return socket?._handle?.writeQueueSize
  }

  inform(status: number, headers: Readonly<Record<string, string>>): void {
    const { socket } = this.raw
    if (socket === null || this.raw.headersSent) return
    const lines = Object.entries(headers).map(([name, value]) => {
      assertHeader(name, value)
      return `${name}: ${value}\r\n`
    })
    // What writes any status is newer than our oldest Node; until the head there is nothing else on the socket.
    socket.write(`HTTP/1.1 ${status} ${INTERIM_REASONS[status] ?? ''}\r\n${lines.join('')}\r\n`, 'latin1')
  }

  keepAlive({ headers }: Reply, timeout: string): void {
    if (this.raw.shouldKeepAlive && headers['connection'] === undefined) headers['keep-alive'] = timeout
  }

  writeHead(reply: Reply): void {
    this.#lengthIsKnown = reply.headers['content-length'] !== undefined
    this.raw.writeHead(reply.status, reply.headers as OutgoingHttpHeaders)
  }

  flushHead(): void {
    this.raw.flushHeaders()
  }

  write(chunk: Chunk, bytes: number): boolean {
    const { raw } = this
    if (typeof chunk !== 'string') return raw.write(chunk)
    const { socket } = raw
    if (!this.#headHasLeft || !raw.chunkedEncoding || socket?.writable !== true) {
      this.#headHasLeft = socket !== null
      return raw.write(chunk, encodingOf(chunk, bytes))
    }
    // Framed here (RFC 9112 section 7.1), a chunk is one write to the socket. Node makes four of it.
    if (socket.write(`${bytes.toString(16)}\r\n${chunk}\r\n`, encodingOf(chunk, bytes))) return true
    socket.once('drain', this.#onDrain)
    return false
  }

  writeThrough(chunk: Uint8Array, done: (error?: Error | null) => void): boolean {
    const { socket } = this.raw
    // What has no framing of its own may follow the head right away; a response would hold it until the
    // end of the turn, together with others.
    if (socket !== null && this.#lengthIsKnown && this.#headHasLeft) socket.write(chunk, done)
    else {
      socket?.cork()
      this.raw.write(chunk, done)
      socket?.uncork()
      this.#headHasLeft = socket !== null
    }
    return this.backlog === 0
  }

  end(chunk?: Chunk, bytes?: number): void {
    if (chunk === undefined) this.raw.end()
    else if (typeof chunk === 'string') this.raw.end(chunk, encodingOf(chunk, bytes))
    else this.raw.end(chunk)
  }

  cut(): void {
    const { socket } = this.raw
    if (socket === null) {
      // Its turn has not come. When it does, what was written leaves first, in the same tick.
      this.raw.once('socket', () => process.nextTick(() => this.cut()))
      return
    }
    if (socket.destroyed) return
    // What was written in this tick is still corked, and Node 26 would close before it lets it out.
    this.raw.uncork()
    // Where only the end of the connection marks the end of the body (HTTP/1.0), a clean close would be a lie.
    if (this.#lengthIsKnown || this.raw.chunkedEncoding || !this.raw.headersSent) socket.destroySoon()
    else reset(socket)
  }

  destroy(): void {
    this.raw.destroy()
  }

  refuseRest(): void {
    this.raw.req.destroy()
  }

  guard(): void {
    // A response's own error (a body that differs from its content-length) cuts it.
    this.raw.on('error', () => this.cut())
  }

  on(event: 'drain' | 'finish' | 'close', listener: () => void): void {
    if (event === 'drain') this.#onDrain = listener
    this.raw.on(event, listener)
  }
}

/** What a text is written in: where that is the same, what costs a copy and no conversion. */
function encodingOf(text: string, bytes: number | undefined): 'latin1' | 'utf8' {
  return bytes === text.length ? 'latin1' : 'utf8'
}

/** A pipelined response has no socket until its turn comes; that its connection closes it is not told. */
function watchConnection(raw: ServerResponse): void {
  const { socket } = raw.req
  const close = () => {
    raw.destroy()
    raw.emit('close')
  }
  // One per pipelined request, of which there may be many.
  socket.setMaxListeners(0)
  socket.once('close', close)
  raw.once('socket', () => socket.off('close', close))
}

/** TLS has a reset of its own (no close_notify), but hardly a client looks; so it is the connection below. */
function reset(socket: Socket): void {
  const { _parent: below } = socket as { _parent?: Socket | null }
  if (below) below.resetAndDestroy()
  else if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Fields of a connection have no place in HTTP/2 (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']

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
    raw.stream.once('finish', () => {
      if (!this.#ended || raw.stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
      this.#finished = true
      for (const listener of this.#onFinish) listener()
    })
    raw.on('close', () => {
      this.#closed = true
    })
    raw.stream.on('error', () => {})
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
    stream.once('finish', () => {
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
    return this.raw.write(chunk, (error?: Error | null) => {
      this.#pending--
      done?.(error)
      if (this.#pending === 0 && this.#cutting) this.#reset()
    })
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
    else this.raw.on(event, listener)
  }
}

/**
 * Whether the session waits for its connection to take bytes. HTTP/2 writes past the socket's own
 * queue, so that only the handle knows; where it does not tell, the worst is assumed.
 */
export function isStuck({ socket }: Http2Session): boolean {
  const { _handle: handle } = socket as { _handle?: { readonly writeQueueSize?: number } | null }
  return handle?.writeQueueSize !== 0
}
