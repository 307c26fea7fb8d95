/**
 * HTTP/2 over TLS on Node before 24. There a session reads from the handle of TLS itself, and a client can end
 * the process with frames alone: a bare `http2.createSecureServer` dies of them, by a segmentation fault or one
 * of Node's assertions (test/fuzz/corpus/h2-relay-half-closed-tls.txt, issue 11). A session on a stream of
 * JavaScript goes another way, which has no such fault. What it costs is in docs/security.md.
 */
import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { callback, on, once } from './callback.ts'
import { connectionBelow, writeQueueSize } from './node-internal.ts'

/** The first Node whose sessions may read from TLS themselves: 24.21 and 26.10 stay alive. */
const FIRST_SAFE_NODE = 24

const isSafe = Number.parseInt(process.versions.node, 10) >= FIRST_SAFE_NODE

type Done = (error?: Error | null) => void

/** A connection of TLS as a stream of JavaScript: no handle is to be seen. */
export class TlsStream extends Duplex {
  readonly connection: TLSSocket
  /** What Node's HTTP/2 asks of a connection. */
  readonly alpnProtocol: string | false | null
  readonly encrypted = true

  constructor(connection: TLSSocket) {
    super()
    this.connection = connection
    this.alpnProtocol = connection.alpnProtocol
    on(connection, 'data', (bytes: Uint8Array) => {
      if (!this.push(bytes)) connection.pause()
    })
    on(connection, 'end', () => this.push(null))
    // The error is told by the connection; here it only ends.
    on(connection, 'error', () => this.destroy())
    once(connection, 'close', () => this.destroy())
    connection.pause()
  }

  /** Whether nobody reads, though nothing is left to be written that could be waited for. */
  get hasStopped(): boolean {
    return this.isPaused() && this.writableLength === 0
  }

  /**
   * Lets a connection go on that has been still for a while, and whose write TLS holds though the system has
   * nothing to write: it goes on by reading only. Once its client has ended its side nothing comes any more, and
   * it is closed.
   */
  release(): void {
    const { readableEnded, writableLength } = this.connection
    if (writableLength === 0 || writeQueueSize(connectionBelow(this.connection)) !== 0) return
    if (readableEnded) this.destroy()
    else this.connection.resume()
  }

  override _read(): void {
    this.connection.resume()
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.connection.write(bytes, callback(done, this))
  }

  /** In one record of TLS, as far as it holds them. */
  override _writev(chunks: { chunk: Uint8Array }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done)
  }

  override _final(done: Done): void {
    this.connection.end(callback(done, this))
  }

  override _destroy(error: Error | null, done: Done): void {
    this.connection.destroy()
    done(error)
  }
}

/** The connection that Node names as that of a message or a session. */
export function connectionOf(socket: object): Socket {
  return streamOf(socket)?.connection ?? (socket as Socket)
}

/** The stream that Node has put a socket of its own around. */
export function streamOf(socket: object | undefined): TlsStream | undefined {
  const { stream } = (socket ?? {}) as { stream?: unknown }
  return stream instanceof TlsStream ? stream : undefined
}

/** Gives sessions of HTTP/2 a stream of JavaScript for their connection, where Node needs it. */
export function keepSessionsOffTls(server: Http2Server): void {
  if (isSafe) return
  const listeners = server.listeners('secureConnection') as ((connection: object) => void)[]
  server.removeAllListeners('secureConnection')
  const accept = (connection: TLSSocket) => {
    const accepted = connection.alpnProtocol === 'h2' ? new TlsStream(connection) : connection
    for (const listener of listeners) listener.call(server, accepted)
  }
  server.on('secureConnection', callback(accept))
}
