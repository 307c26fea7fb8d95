/** Compression of streams, flushed with every write, so that no item waits. */
import type { Sink } from '../../stream/outflow.ts'
import type { Chunk } from '../../core/reply/source.ts'
import type { Coding } from '../../wire/content-coding.ts'
import { callback } from './callback.ts'
import { createCompressor, type Compressor } from './zlib.ts'

/**
 * A sink that compresses on the way to another. It takes one chunk at a time: while zlib works, or the
 * socket is full, the pump waits.
 */
export class CompressingSink implements Sink {
  /** Called when the next chunk may come. */
  onReady: () => void = () => {}
  readonly #inner: Sink
  readonly #zlib: Compressor
  #working = false
  #full = false
  #whole = true
  /** An abnormal end that waits until what was written before has passed through. */
  #aborting: { readonly error: unknown } | undefined

  constructor(inner: Sink, coding: Coding) {
    this.#inner = inner
    this.#zlib = createCompressor(coding)
    const write = (bytes: Buffer) => {
      if (!inner.write(bytes)) this.#full = true
    }
    this.#zlib.on('data', callback(write, inner))
    this.#zlib.on(
      'end',
      callback(() => inner.end(this.#whole), inner),
    )
    this.#zlib.on(
      'error',
      callback((error: Error) => inner.abort(error), inner),
    )
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

  end(whole: boolean): void {
    this.#whole = whole
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

  readonly #onWritten = callback((): void => {
    // Several writes may be on their way when the pump flushes before a last word.
    if (this.#zlib.writableLength > 0) return
    this.#working = false
    if (this.#aborting !== undefined) this.#cut(this.#aborting.error)
    else if (!this.#full) this.onReady()
  }, this)

  #cut(error: unknown): void {
    this.#zlib.destroy()
    this.#inner.abort(error)
  }
}
