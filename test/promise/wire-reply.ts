/**
 * How a reply ended, told by the bytes on the wire alone: a chunk of size 0 or the whole stated length
 * in HTTP/1.1, the flag END_STREAM in HTTP/2. No library's opinion is asked.
 */
import { connect as connectHttp2, type ClientHttp2Session, constants } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { brotliDecompressSync, constants as zlib, gunzipSync } from 'node:zlib'
import { CutError, RawConnection } from '../contract/raw-client.ts'

export interface WireReply {
  readonly status: number
  readonly contentType: string
  /** Whether the wire says that the body is complete. */
  readonly endedCleanly: boolean
  /** What came of it, decoded as far as it goes. */
  readonly body: Buffer
}

/** Asks servers and reads each reply to its end. */
export interface WireClient {
  get(path: string, headers: Readonly<Record<string, string>>): Promise<WireReply>
  close(): void
}

export function http1Client(port: number): WireClient {
  return {
    async get(path, headers) {
      const connection = await RawConnection.open(port)
      try {
        const reply = await connection.request('GET', path, { headers })
        const pieces: Buffer[] = []
        let endedCleanly = false
        try {
          for (;;) {
            const piece = await reply.bytes()
            if (piece === undefined) break
            pieces.push(piece)
          }
          endedCleanly = true
        } catch (error) {
          if (!(error instanceof CutError)) throw error
        }
        return {
          status: reply.status,
          contentType: String(reply.headers['content-type']),
          endedCleanly,
          body: decode(Buffer.concat(pieces), String(reply.headers['content-encoding'])),
        }
      } finally {
        connection.destroy()
      }
    },
    close() {},
  }
}

export function http2Client(port: number): WireClient {
  const tap = new FrameTap(port)
  const session: ClientHttp2Session = connectHttp2('http://127.0.0.1', { createConnection: () => tap })
  session.on('error', () => {})
  return {
    get: (path, headers) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path, ...headers })
        const pieces: Buffer[] = []
        let head: Record<string, unknown> | undefined
        stream.on('response', (received) => (head = received))
        stream.on('data', (piece: Buffer) => pieces.push(piece))
        stream.on('error', () => {})
        stream.on('close', () => {
          if (head === undefined) return reject(new Error(`${path}: no head`))
          const { endedCleanly, reset } = tap.fate(stream.id!)
          if (endedCleanly === reset) return reject(new Error(`${path}: neither ended nor reset, or both`))
          resolve({
            status: Number(head[':status']),
            contentType: String(head['content-type']),
            endedCleanly,
            body: decode(Buffer.concat(pieces), String(head['content-encoding'])),
          })
        })
      }),
    close: () => session.destroy(),
  }
}

function decode(bytes: Buffer, coding: string): Buffer {
  if (bytes.byteLength === 0) return bytes
  if (coding === 'gzip') return gunzipSync(bytes, { finishFlush: zlib.Z_SYNC_FLUSH })
  if (coding === 'br') return brotliDecompressSync(bytes, { finishFlush: zlib.BROTLI_OPERATION_FLUSH })
  return bytes
}

const FRAME_HEADER = 9
const DATA = 0
const HEADERS = 1
const RST_STREAM = 3

/** A connection that reads along in the frames of RFC 9113 section 4.1 that the server sends. */
class FrameTap extends Duplex {
  readonly #socket: Socket
  readonly #ended = new Set<number>()
  readonly #reset = new Set<number>()
  #header = Buffer.alloc(0)
  #payload = 0

  constructor(port: number) {
    super()
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('data', (bytes: Buffer) => {
      this.#follow(bytes)
      if (!this.push(bytes)) this.#socket.pause()
    })
    this.#socket.on('end', () => this.push(null))
    this.#socket.on('error', (error) => this.destroy(error))
  }

  fate(stream: number): { endedCleanly: boolean; reset: boolean } {
    return { endedCleanly: this.#ended.has(stream), reset: this.#reset.has(stream) }
  }

  #follow(bytes: Buffer): void {
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#payload > 0) {
        const taken = Math.min(this.#payload, bytes.byteLength - at)
        this.#payload -= taken
        at += taken
        continue
      }
      const wanted = FRAME_HEADER - this.#header.byteLength
      this.#header = Buffer.concat([this.#header, bytes.subarray(at, at + wanted)])
      at += wanted
      if (this.#header.byteLength < FRAME_HEADER) return
      this.#note(this.#header)
      this.#payload = this.#header.readUIntBE(0, 3)
      this.#header = Buffer.alloc(0)
    }
  }

  #note(header: Buffer): void {
    const [type, flags] = [header[3]!, header[4]!]
    const stream = header.readUInt32BE(5) & 0x7fffffff
    if (type === RST_STREAM) this.#reset.add(stream)
    if ((type === DATA || type === HEADERS) && (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
      this.#ended.add(stream)
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
