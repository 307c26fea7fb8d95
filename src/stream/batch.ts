import type { Chunk } from '../core/reply/source.ts'

/** A batch that has this many bytes (or UTF-16 units) is full. */
export const FULL = 16 * 1024

/**
 * Small chunks on their way to becoming one write: strings joined as strings, bytes copied together.
 */
export class Batch {
  #text = ''
  #bytes: Uint8Array | undefined
  #length = 0

  get isEmpty(): boolean {
    return this.#text === '' && this.#bytes === undefined
  }

  /** Bytes (or UTF-16 units). */
  get length(): number {
    return this.#text.length + this.#length
  }

  get isFull(): boolean {
    return this.#text.length >= FULL || this.#length >= FULL
  }

  /** Adds a chunk. Returns false when what is there has to be taken first. */
  add(chunk: Chunk): boolean {
    if (typeof chunk === 'string') {
      if (this.#bytes !== undefined) return false
      this.#text += chunk
      return true
    }
    return this.#text === '' && this.#addBytes(chunk)
  }

  /** Bytes are copied, since their producer may fill its buffer again; a full batch's worth is given on at once. */
  #addBytes(chunk: Uint8Array): boolean {
    if (this.#bytes === undefined) {
      this.#bytes = chunk.byteLength < FULL ? new Uint8Array(chunk) : chunk
      this.#length = chunk.byteLength
      return true
    }
    const length = this.#length + chunk.byteLength
    if (length > FULL) return false
    if (this.#bytes.byteLength < length) {
      const larger = new Uint8Array(FULL)
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = length
    return true
  }

  /** Gives what was gathered and starts anew. */
  take(): Chunk {
    if (this.#bytes === undefined) {
      const text = this.#text
      this.#text = ''
      return text
    }
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#bytes = undefined
    this.#length = 0
    return bytes
  }
}
