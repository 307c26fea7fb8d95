/** Responses of HTTP/1.1: how a head and chunks are written, and how a body is cut so that its reader can tell. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Reply } from '../../core/reply/reply.ts'
import type { Chunk } from '../../core/reply/source.ts'
import { assertHeader } from '../../wire/header.ts'
import { callback, on, once } from './callback.ts'
import { connectionBelow, writeQueueSize } from './node-internal.ts'
import type { NodeResponse } from './response.ts'

const INTERIM_REASONS: Readonly<Record<number, string>> = { 104: 'Upload Resumption Supported' }

/** HTTP/1: a cut is a connection that closes before the end of the body. */
export class Http1Response implements NodeResponse {
  readonly raw: ServerResponse
  #lengthIsKnown = false
  #headHasLeft = false
  #onDrain = () => {}

  constructor(raw: ServerResponse) {
    this.raw = raw
  }

  get gone(): boolean {
    return this.raw.destroyed || this.raw.writableEnded
  }

  get finished(): boolean {
    return this.raw.writableFinished
  }

  get backlog(): number | undefined {
    return writeQueueSize(this.raw.socket)
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
    const { socket } = raw
    const encoding = encodingOf(chunk, bytes)
    // What a response was given in this turn, newer Nodes hold in it, where nothing may pass by.
    const mayPassBy = this.#headHasLeft && raw.chunkedEncoding && raw.writableCorked === 0
    if (!mayPassBy || socket?.writable !== true || !isFramed(chunk)) {
      this.#headHasLeft = socket !== null
      return raw.write(chunk, encoding)
    }
    // Framed here (RFC 9112 section 7.1), a chunk is one write to the socket. Node makes four of it.
    const size = `${bytes.toString(16)}\r\n`
    const frame = typeof chunk === 'string' ? `${size}${chunk}\r\n` : frameOf(size, chunk)
    if (socket.write(frame, encoding)) return true
    once(socket, 'drain', this.#onDrain)
    return false
  }

  writeThrough(chunk: Uint8Array, done: (error?: Error | null) => void): boolean {
    const { socket } = this.raw
    const left = callback(done, this.raw)
    // What has no framing of its own may follow the head right away; a response would hold it until the
    // end of the turn, together with others.
    if (socket !== null && this.#lengthIsKnown && this.#headHasLeft) socket.write(chunk, left)
    else {
      socket?.cork()
      this.raw.write(chunk, left)
      socket?.uncork()
      this.#headHasLeft = socket !== null
    }
    return this.backlog === 0
  }

  end(chunk?: Chunk, bytes?: number): void {
    const { raw } = this
    const { socket } = raw
    if (chunk === undefined) raw.end()
    else if (socket === null) raw.end(chunk, encodingOf(chunk, bytes))
    else {
      // Head and body are one write. `end` with a chunk adds an empty one, and a vector for the two.
      socket.cork()
      raw.write(chunk, encodingOf(chunk, bytes))
      socket.uncork()
      raw.end()
    }
  }

  cut(): void {
    const { socket } = this.raw
    if (socket === null || socket.destroyed) return
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
    on(this.raw, 'error', () => this.cut())
  }

  on(event: 'drain' | 'finish' | 'close', listener: () => void): void {
    if (event === 'drain') this.#onDrain = listener
    on(this.raw, event, listener)
  }
}

/** Larger ones cost more to copy than to hand over in pieces; smaller ones come out of Node's pool of buffers. */
const MOST_COPIED = 4000

function isFramed(chunk: Chunk): boolean {
  return typeof chunk === 'string' || chunk.byteLength <= MOST_COPIED
}

function frameOf(size: string, chunk: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(size.length + chunk.byteLength + 2)
  frame.write(size, 0, 'latin1')
  frame.set(chunk, size.length)
  frame.write('\r\n', size.length + chunk.byteLength, 'latin1')
  return frame
}

/** What a text is written in: where it is the same in both, what costs a copy and no conversion. Bytes are as they are. */
function encodingOf(chunk: Chunk, bytes: number | undefined): 'latin1' | 'utf8' {
  return bytes === chunk.length ? 'latin1' : 'utf8'
}

/** TLS has a reset of its own (no close_notify), but hardly a client looks; so it is the connection below. */
function reset(socket: Socket): void {
  const below = connectionBelow(socket)
  if (below !== undefined) below.resetAndDestroy()
  else if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}
