/** Compression of streams: negotiated, and flushed with every write, so that no item waits. */
import { type BrotliCompress, constants, createBrotliCompress, createGzip, type Gzip } from 'node:zlib'
import Negotiator from 'negotiator'
import type { Reply } from '../../core/reply.ts'
import type { Chunk } from '../../core/source.ts'
import type { Sink } from '../../stream/pump.ts'

/** A content coding we can produce. */
export type Coding = 'br' | 'gzip'

export interface CompressOptions {
  /** Compress event streams too, default false: small events gain little, and some proxies hold them back. */
  readonly events?: boolean
}

/** Media types that gain by it: text in all its forms. */
const COMPRESSIBLE =
  /^(text\/|application\/(.+\+)?(json|jsonl|xml|x-ndjson|json-seq|javascript)\b|image\/svg\+xml)/

/**
 * Chooses a content coding for a stream (RFC 9110 section 12.5.3), and says so in its headers.
 *
 * @returns undefined for a stream that must not be compressed, or that the client wants as it is.
 */
export function negotiateCoding(
  reply: Reply,
  acceptEncoding: string | undefined,
  options: CompressOptions,
): Coding | undefined {
  const { headers, body, status } = reply
  if (body.kind !== 'stream' || status === 206 || headers['content-encoding'] !== undefined) return undefined
  const type = String(headers['content-type'] ?? '')
  const isEvents = type.startsWith('text/event-stream')
  if (!COMPRESSIBLE.test(type) || (isEvents && options.events !== true)) return undefined
  // Our own event streams forbid it to others on the way, not to us.
  if (!isEvents && /\bno-transform\b/i.test(String(headers['cache-control'] ?? ''))) return undefined
  vary(headers)
  if (acceptEncoding === undefined) return undefined
  const negotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } })
  const coding = negotiator.encoding(['br', 'gzip', 'identity'])
  if (coding !== 'br' && coding !== 'gzip') return undefined
  headers['content-encoding'] = coding
  delete headers['content-length']
  const { etag } = headers
  // The bytes differ from those the tag stands for, the meaning does not.
  if (typeof etag === 'string' && !etag.startsWith('W/')) headers['etag'] = `W/${etag}`
  return coding
}

function vary(headers: Reply['headers']): void {
  const present = headers['vary']
  if (present === undefined) headers['vary'] = 'Accept-Encoding'
  else if (!/accept-encoding|\*/i.test(String(present)))
    headers['vary'] = `${String(present)}, Accept-Encoding`
}

/**
 * A sink that compresses on the way to another. It takes one chunk at a time: while zlib works, or the
 * socket is full, the pump waits.
 */
export class CompressingSink implements Sink {
  /** Called when the next chunk may come. */
  onReady: () => void = () => {}
  readonly #inner: Sink
  readonly #zlib: Gzip | BrotliCompress
  #working = false
  #full = false
  /** An abnormal end that waits until what was written before has passed through. */
  #aborting: { readonly error: unknown } | undefined

  constructor(inner: Sink, coding: Coding) {
    this.#inner = inner
    this.#zlib =
      coding === 'gzip'
        ? createGzip({ flush: constants.Z_SYNC_FLUSH, level: 5 })
        : createBrotliCompress({
            flush: constants.BROTLI_OPERATION_FLUSH,
            params: { [constants.BROTLI_PARAM_QUALITY]: 4 },
          })
    this.#zlib.on('data', (bytes: Buffer) => {
      if (!inner.write(bytes)) this.#full = true
    })
    this.#zlib.on('end', () => inner.end())
    this.#zlib.on('error', (error) => inner.abort(error))
  }

  get macrotask(): Sink['macrotask'] {
    return this.#inner.macrotask
  }

  get defer(): Sink['defer'] {
    return this.#inner.defer
  }

  write(chunk: Chunk): boolean {
    this.#working = true
    this.#zlib.write(chunk, this.#onWritten)
    return false
  }

  /** The socket takes more again. */
  readonly resume = (): void => {
    this.#full = false
    if (!this.#working) this.onReady()
  }

  open(): void {
    this.#inner.open()
  }

  end(): void {
    this.#zlib.end()
  }

  abort(error: unknown): void {
    if (this.#working) this.#aborting = { error }
    else this.#cut(error)
  }

  destroy(): void {
    this.close()
    this.#inner.destroy()
  }

  /** The connection is closed: frees what the coding holds, without waiting for the garbage collector. */
  close(): void {
    this.#zlib.destroy()
  }

  readonly #onWritten = (): void => {
    // Several writes may be on their way when the pump flushes before a last word.
    if (this.#zlib.writableLength > 0) return
    this.#working = false
    if (this.#aborting !== undefined) this.#cut(this.#aborting.error)
    else if (!this.#full) this.onReady()
  }

  #cut(error: unknown): void {
    this.#zlib.destroy()
    this.#inner.abort(error)
  }
}
