import { encodeMessage } from '../core/socket/message.ts'
import { SharedMessage } from '../core/socket/socket.ts'

/** An entry of a log: a value at an offset, with its wire form made once for all readers. */
export interface LogEntry<T> {
  readonly offset: number
  readonly value: T
  /** Strings and bytes as they are, everything else as JSON. */
  readonly message: SharedMessage
}

class Entry<T> implements LogEntry<T> {
  readonly offset: number
  readonly value: T
  #message: SharedMessage | undefined

  constructor(offset: number, value: T) {
    this.offset = offset
    this.value = value
  }

  get message(): SharedMessage {
    return (this.#message ??= new SharedMessage(encodeMessage(this.value)))
  }
}

/**
 * A bounded log in memory: a ring of the last `capacity` entries. Offsets only grow; an offset below
 * `start` has been overwritten.
 */
export class MemoryLog<T> {
  readonly capacity: number
  readonly #ring: (Entry<T> | undefined)[]
  #next = 0

  /** @throws {RangeError} unless `capacity` is a whole number of at least 1. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1)
      throw new RangeError(`A log holds at least 1 entry, not ${capacity}.`)
    this.capacity = capacity
    this.#ring = []
  }

  /** The offset that the next entry will have. */
  get end(): number {
    return this.#next
  }

  /** The offset of the oldest entry that is still there. */
  get start(): number {
    return Math.max(0, this.#next - this.capacity)
  }

  append(value: T): LogEntry<T> {
    const entry = new Entry(this.#next++, value)
    this.#ring[entry.offset % this.capacity] = entry
    return entry
  }

  /** @returns undefined for what is not there any more, or not yet. */
  at(offset: number): LogEntry<T> | undefined {
    if (offset < this.start || offset >= this.#next) return undefined
    return this.#ring[offset % this.capacity]
  }
}
