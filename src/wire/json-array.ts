/** The elements of one JSON array (RFC 8259), as they arrive. */
import type { ItemDecoder } from './item.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPENING = [0x5b, 0x7b]
const CLOSING = [0x5d, 0x7d]
const BLANK = /^[ \t\r\n]*$/
const START = /^[ \t\r\n]*(\[|$)/
const BYTE_ORDER_MARK = 0xfeff

/** Bound of one element in UTF-16 code units, as that of a line of JSON Lines. */
const MAX_ELEMENT_LENGTH = 1_048_576

/**
 * Decodes a JSON array piece by piece; any chunk boundary will do. It looks at every character once, for
 * strings, brackets and commas; the elements themselves are read by `JSON.parse`.
 *
 * As with the other decoders, the result does not depend on how the text was cut, and that includes errors:
 * elements in front of a bad one are returned, and the next `push` or `end` throws.
 */
export class JsonArrayDecoder {
  #state: 'start' | 'before' | 'inside' | 'after' = 'start'
  #depth = 0
  #inString = false
  #escaped = false
  /** The element in the making. */
  #text = ''
  #count = 0
  /** Whether an object, an array or a string has just ended, so that its comma is still to come. */
  #complete = false
  #failure: unknown

  /**
   * Takes the next piece of text and returns the elements that it completes.
   *
   * @throws SyntaxError When it is not a JSON array. The message never quotes the text.
   * @throws RangeError When an element is longer than 1 048 576 UTF-16 code units.
   */
  push(chunk: string): unknown[] {
    if (this.#failure !== undefined) throw this.#failure
    const values: unknown[] = []
    try {
      this.#read(chunk, values)
    } catch (error) {
      this.#failure = error
      this.#text = ''
      if (values.length === 0) throw error
    }
    return values
  }

  /**
   * Ends the text.
   *
   * @throws SyntaxError When the closing bracket has not come, and what `push` has not said yet.
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#state !== 'after') throw new SyntaxError('The JSON array ended before its closing bracket.')
  }

  #read(chunk: string, values: unknown[]): void {
    const text = this.#open(chunk)
    const rest = text.slice(this.#scan(text, values))
    // White space around the array is not kept: it would be looked at again with every chunk.
    if (this.#state === 'after') {
      if (!BLANK.test(rest)) throw notAnArray()
      return
    }
    this.#text += rest
    if (this.#text.length > MAX_ELEMENT_LENGTH)
      throw new RangeError('An element of the array is longer than 1 MiB.')
  }

  /** What of a chunk stands inside the array, or behind it. */
  #open(chunk: string): string {
    if (chunk === '' || this.#state === 'inside' || this.#state === 'after') return chunk
    const isMarked = this.#state === 'start' && chunk.charCodeAt(0) === BYTE_ORDER_MARK
    const text = isMarked ? chunk.slice(1) : chunk
    const start = START.exec(text)
    if (start === null) throw notAnArray()
    this.#state = start[1] === '[' ? 'inside' : 'before'
    return text.slice(start[0].length)
  }

  /** Takes the elements that end in a text, and gives where the unfinished one begins. */
  #scan(text: string, values: unknown[]): number {
    let start = 0
    for (let i = 0; i < text.length && this.#state === 'inside'; i++) {
      if (!this.#ends(text.charCodeAt(i))) continue
      // A comma or the last bracket ends an element, and is no part of it.
      const isOutside = this.#state !== 'inside' || text.charCodeAt(i) === COMMA
      this.#take(this.#text + text.slice(start, isOutside ? i : i + 1), isOutside, values)
      start = i + 1
    }
    return start
  }

  /** Whether an element ends with this character, or what stands between two of them. */
  #ends(code: number): boolean {
    if (this.#inString) {
      const isEscaped = this.#escaped
      this.#escaped = !isEscaped && code === BACKSLASH
      this.#inString = isEscaped || code !== QUOTE
      return !this.#inString && this.#depth === 0
    }
    if (code === QUOTE) this.#inString = true
    else if (OPENING.includes(code)) this.#depth++
    else if (CLOSING.includes(code)) {
      if (this.#depth-- > 0) return this.#depth === 0
      if (code !== CLOSING[0]) throw notAnArray()
      this.#state = 'after'
      return true
    }
    return code === COMMA && this.#depth === 0
  }

  #take(text: string, isOutside: boolean, values: unknown[]): void {
    this.#text = ''
    const mayBeNone = this.#complete || (this.#state === 'after' && this.#count === 0)
    if (!(isOutside && mayBeNone && BLANK.test(text))) {
      // Behind an element that was complete, only a comma or the bracket may come.
      values.push(parse(text, this.#complete))
      this.#count++
    }
    this.#complete = !isOutside
  }
}

function parse(text: string, isSurplus: boolean): unknown {
  try {
    if (!isSurplus) return JSON.parse(text) as unknown
  } catch {
    // The engine's message quotes the text.
  }
  throw notAnArray()
}

const notAnArray = () => new SyntaxError('This is not a valid JSON array.')

/** An array as a stream of items. */
export function createArrayDecoder(): ItemDecoder {
  const decoder = new JsonArrayDecoder()
  return {
    last: undefined,
    push: (text) => decoder.push(text).map((data) => ({ data })),
    end() {
      decoder.end()
      return []
    },
  }
}
