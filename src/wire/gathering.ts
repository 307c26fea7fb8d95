/** Smaller chunks are copied together. */
const SMALL = 4 * 1024
const BLOCK = 16 * 1024

/**
 * Gathers the chunks of a body of any size, however small they are: a body that comes byte by byte takes no
 * more memory than one that comes at once (issue 11).
 */
export class Gathering {
  /** The only chunk so far, as it came: most bodies have no other. */
  #first: Uint8Array | undefined
  readonly #chunks: Uint8Array[] = []
  #block = new Uint8Array(0)
  /** The bytes of the block that are in use. */
  #used = 0
  #size = 0

  add(bytes: Uint8Array): void {
    const isFirst = this.#size === 0
    this.#size += bytes.byteLength
    if (isFirst) {
      this.#first = bytes
      return
    }
    if (this.#first !== undefined) this.#append(this.#first)
    this.#first = undefined
    this.#append(bytes)
  }

  /** All of them in one piece. */
  join(): Uint8Array {
    if (this.#first !== undefined) return this.#first
    this.#closeBlock(0)
    const whole = new Uint8Array(this.#size)
    let offset = 0
    for (const chunk of this.#chunks) {
      whole.set(chunk, offset)
      offset += chunk.byteLength
    }
    return whole
  }

  #append(bytes: Uint8Array): void {
    // A chunk that is part of a larger buffer would keep all of that in memory: frames of HTTP/2 do.
    if (bytes.byteLength >= SMALL && bytes.byteLength * 2 > bytes.buffer.byteLength) {
      this.#closeBlock(0)
      this.#chunks.push(bytes)
      return
    }
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#used === this.#block.byteLength) this.#closeBlock(BLOCK)
      const piece = bytes.subarray(at, at + this.#block.byteLength - this.#used)
      this.#block.set(piece, this.#used)
      this.#used += piece.byteLength
      at += piece.byteLength
    }
  }

  /** @param size of the next block. */
  #closeBlock(size: number): void {
    // A block that is left early would keep all of its memory.
    const isFull = this.#used === this.#block.byteLength
    if (this.#used > 0) this.#chunks.push(isFull ? this.#block : this.#block.slice(0, this.#used))
    this.#block = new Uint8Array(size)
    this.#used = 0
  }
}
