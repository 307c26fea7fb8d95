/** An entry of a log: a value at an offset, with its wire text made once for all readers. */
export interface LogEntry<T> {
  readonly offset: number
  readonly value: T
  /** Strings as they are, everything else as JSON. */
  readonly text: string
}

class Entry<T> implements LogEntry<T> {
  readonly offset: number
  readonly value: T
  #text: string | undefined

  constructor(offset: number, value: T) {
    this.offset = offset
    this.value = value
  }

  get text(): string {
    return (this.#text ??= typeof this.value === 'string' ? this.value : JSON.stringify(this.value))
  }
}

/**
 * A bounded log in memory: a ring of the last `capacity` entries. Offsets only grow; an offset below
 * `start` has been overwritten.
 */
export class MemoryLog<T> {
  readonly #ring: (Entry<T> | undefined)[]
  #next = 0

  /** @throws {RangeError} unless `capacity` is a whole number of at least 1. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`A log holds at least 1 entry, not ${capacity}.`)
    this.#ring = new Array<Entry<T> | undefined>(capacity)
  }

  /** The offset that the next entry will have. */
  get end(): number {
    return this.#next
  }

  /** The offset of the oldest entry that is still there. */
  get start(): number {
    return Math.max(0, this.#next - this.#ring.length)
  }

  append(value: T): LogEntry<T> {
    const entry = new Entry(this.#next++, value)
    this.#ring[entry.offset % this.#ring.length] = entry
    return entry
  }

  /** @returns undefined for what is not there any more, or not yet. */
  at(offset: number): LogEntry<T> | undefined {
    if (offset < this.start || offset >= this.#next) return undefined
    return this.#ring[offset % this.#ring.length]
  }
}
