/** What a stream shows: one row per item, in a log that does not grow for ever. */

export type RowKind = 'item' | 'chunk' | 'comment' | 'error' | 'end' | 'note' | 'sent' | 'received'

/** What a decoder makes of the bytes. */
export interface Item {
  readonly kind: RowKind
  /** As it was on the wire. */
  readonly raw: string
  /** The JSON text, or the text, that it carries. */
  readonly data: string
  /** On the wire, framing included. */
  readonly bytes: number
  readonly event?: string | undefined
  readonly id?: string | undefined
}

export interface Row extends Item {
  /** From 1, over everything that came. */
  readonly number: number
  /** Milliseconds since the request was sent. */
  readonly at: number
  /** Milliseconds since the row before; undefined for the first one. */
  readonly gap: number | undefined
}

/** How much is kept. What is older is dropped, and the page says how much that was. */
export const ROW_LIMIT = 5000
export const TEXT_LIMIT = 8 * 1024 * 1024

/** The newest rows, bounded in number and in characters. */
export class RowLog {
  readonly #rowLimit: number
  readonly #textLimit: number
  #rows: Row[] = []
  #start = 0
  #text = 0
  #last: number | undefined
  #total = 0

  constructor(rowLimit = ROW_LIMIT, textLimit = TEXT_LIMIT) {
    this.#rowLimit = rowLimit
    this.#textLimit = textLimit
  }

  /** Everything that came, also what is no longer kept. */
  get total(): number {
    return this.#total
  }

  get length(): number {
    return this.#rows.length - this.#start
  }

  /** How many rows were dropped. */
  get dropped(): number {
    return this.#total - this.length
  }

  /** The row at a place among those that are kept, from 0. */
  at(index: number): Row | undefined {
    return this.#rows[this.#start + index]
  }

  add(item: Item, at: number): void {
    const gap = this.#last === undefined ? undefined : at - this.#last
    this.#last = at
    this.#total++
    this.#rows.push({ ...item, number: this.#total, at, gap })
    this.#text += sizeOf(item)
    while (this.length > this.#rowLimit || (this.#text > this.#textLimit && this.length > 1)) this.#drop()
  }

  /** Moves the beginning, and copies only once in a while. */
  #drop(): void {
    this.#text -= sizeOf(this.#rows[this.#start]!)
    this.#start++
    if (this.#start < this.#rowLimit) return
    this.#rows = this.#rows.slice(this.#start)
    this.#start = 0
  }

  *[Symbol.iterator](): Iterator<Row> {
    for (let i = this.#start; i < this.#rows.length; i++) yield this.#rows[i]!
  }
}

const sizeOf = ({ raw, data }: Item) => raw.length + data.length
