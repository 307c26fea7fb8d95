/** Decompression of request bodies: which codings are undone, and in which bounds. */
import { readContentCodings } from '../../wire/content-coding.ts'
import { HttpError } from '../error.ts'
import type { ContentCodings } from '../incoming.ts'

export interface DecompressOptions {
  /**
   * How many times larger than what was sent a body may become once it is over 1 MiB, default 100.
   * `bodyLimit` counts what comes out, in any case.
   */
  readonly ratio?: number
}

const DEFAULT_RATIO = 100

/** A body of this size may have any ratio: so little harms nobody. */
const FREE_BYTES = 1024 * 1024

/** A body may be coded so many times. More than once is unheard of, and each time costs memory. */
const MAX_CODINGS = 2

/** @returns the largest ratio; undefined when nothing is decompressed. */
export function decompressRatio(
  given: boolean | DecompressOptions | undefined,
  inherited: number | undefined = DEFAULT_RATIO,
): number | undefined {
  if (given === undefined) return inherited
  if (given === false) return undefined
  return (given === true ? undefined : given.ratio) ?? inherited ?? DEFAULT_RATIO
}

/** Counts what goes in and what comes out of the decoding of one body. */
export class Inflation {
  readonly ratio: number
  #sent = 0
  #decoded = 0

  constructor(ratio: number) {
    this.ratio = ratio
  }

  /** Whether more has come out than the ratio allows; `bytes` more have. */
  isTooMuch(bytes: number): boolean {
    this.#decoded += bytes
    return this.#decoded > FREE_BYTES && this.#decoded > this.#sent * this.ratio
  }

  /** What was sent, on its way to the decoder. */
  async *count(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      this.#sent += chunk.byteLength
      yield chunk
    }
  }
}

/**
 * The codings that have to be undone before a body can be read.
 *
 * @param field the `Content-Encoding`.
 * @returns them in the order they were applied; none for a body that is as it should be.
 * @throws {HttpError} 415 with `Accept-Encoding` for codings that are not known (RFC 9110 section 15.5.16).
 */
export function codingsToUndo(field: string, codings: ContentCodings, enabled: boolean): readonly string[] {
  const applied = readContentCodings(field)
  const known = enabled ? codings.reads : []
  if (applied.length <= MAX_CODINGS && applied.every((each) => known.includes(each))) return applied
  const list = known.length === 0 ? 'identity' : known.join(', ')
  const detail =
    known.length === 0
      ? 'Send the body without a Content-Encoding.'
      : `Send the body with a Content-Encoding of ${list}, at most ${MAX_CODINGS}, or without one.`
  throw new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail, headers: { 'accept-encoding': list } })
}

/** The error of a body that is not what its Content-Encoding says, or not all of it. */
export function corrupt(coding: string): HttpError {
  return new HttpError('MALFORMED_BODY', { detail: `The body is not valid ${coding}, or not complete.` })
}

/** What was sent is fed to a web decoder in pieces: it gives out all that comes of a piece at once. */
const PIECE = 4 * 1024

/** Decodes what the web platform can decode, for runtimes without a better way. */
export const webCodings: ContentCodings = {
  produces: [],
  reads: ['gzip', 'deflate'],
  async *decode(coding, bytes) {
    const stream = new DecompressionStream(coding as 'gzip' | 'deflate')
    const feed = new Feed(bytes, stream.writable.getWriter())
    const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        yield value
      }
    } catch {
      throw feed.failed === undefined ? corrupt(coding) : feed.failed.error
    } finally {
      reader.cancel().catch(() => {})
    }
  },
}

class Feed {
  /** What went wrong with the body itself, which is not the decoder's error. */
  failed: { readonly error: unknown } | undefined

  constructor(bytes: AsyncIterable<Uint8Array>, writer: WritableStreamDefaultWriter<BufferSource>) {
    writer.closed.catch(() => {})
    void this.#run(bytes[Symbol.asyncIterator](), writer).catch(() => {})
  }

  async #run(
    iterator: AsyncIterator<Uint8Array>,
    writer: WritableStreamDefaultWriter<BufferSource>,
  ): Promise<void> {
    try {
      for (;;) {
        const result = await this.#next(iterator, writer)
        if (result.done === true) break
        const { value } = result
        for (let at = 0; at < value.byteLength; at += PIECE) {
          await writer.write(value.subarray(at, at + PIECE) as Uint8Array<ArrayBuffer>)
        }
      }
      await writer.close()
    } finally {
      void iterator.return?.()?.catch(() => {})
    }
  }

  async #next(
    iterator: AsyncIterator<Uint8Array>,
    writer: WritableStreamDefaultWriter<BufferSource>,
  ): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next()
    } catch (error) {
      this.failed = { error }
      await writer.abort(error)
      throw error
    }
  }
}
