/** The elements of one JSON array (RFC 8259), as they arrive. */

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const BLANK = /^[ \t\r\n]*$/
const OPENING = /^\ufeff?[ \t\r\n]*\[/

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
  #state: 'before' | 'inside' | 'after' = 'before'
  #depth = 0
  #inString = false
  #escaped = false
  /** The element in the making; before the array, what there is of white space. */
  #text = ''
  #count = 0
  /** Whether an object, an array or a string has just ended, so that its comma is still to come. */
  #complete = false
  #failure: Error | undefined

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
      this.#failure = error as Error
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
    let text = chunk
    if (this.#state === 'before') {
      text = this.#text + chunk
      const opening = OPENING.exec(text)
      if (opening === null) {
        this.#text = text
        if (!BLANK.test(text.replace('\ufeff', ''))) throw new SyntaxError('This is not a JSON array.')
        return
      }
      this.#text = ''
      this.#state = 'inside'
      text = text.slice(opening[0].length)
    }
    const start = this.#scan(text, values)
    if (this.#state === 'after') {
      if (!BLANK.test(text.slice(start))) throw new SyntaxError('Something follows the JSON array.')
      return
    }
    this.#text += text.slice(start)
    if (this.#text.length > MAX_ELEMENT_LENGTH)
      throw new RangeError(`An element is longer than ${MAX_ELEMENT_LENGTH} UTF-16 code units.`)
  }

  /** Takes the elements that end in a text, and gives where the unfinished one begins. */
  #scan(text: string, values: unknown[]): number {
    let start = 0
    for (let i = 0; i < text.length && this.#state === 'inside'; i++) {
      const code = text.charCodeAt(i)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === BACKSLASH) this.#escaped = true
        else if (code === QUOTE) this.#inString = false
        if (this.#inString || this.#depth > 0) continue
      } else if (code === QUOTE) {
        this.#inString = true
        continue
      } else if (code === 0x5b || code === 0x7b) {
        this.#depth++
        continue
      } else if (code === 0x5d || code === 0x7d) {
        if (this.#depth === 0) this.#state = 'after'
        else if (--this.#depth > 0) continue
      } else if (code !== COMMA || this.#depth > 0) continue
      // Here an element ends, or what stands between two of them.
      const ends = this.#state === 'after' || code === COMMA
      this.#take(text.slice(start, ends ? i : i + 1), ends, code, values)
      start = i + 1
    }
    return start
  }

  /** @param ends whether it is ended by a comma or a bracket, which are no part of it. */
  #take(rest: string, ends: boolean, code: number, values: unknown[]): void {
    const text = this.#text + rest
    this.#text = ''
    const isAfter = this.#state === 'after'
    if (isAfter && code !== 0x5d) throw new SyntaxError('This is not a JSON array.')
    const isEmpty = isAfter && this.#count === 0
    if (!(ends && (this.#complete || isEmpty) && BLANK.test(text))) values.push(this.#parse(text))
    this.#complete = !ends
  }

  #parse(text: string): unknown {
    this.#count++
    try {
      // Behind an element that was complete, only a comma or the bracket may come.
      if (!this.#complete) return JSON.parse(text) as unknown
    } catch {
      // The engine's message quotes the text.
    }
    throw new SyntaxError(`Element ${this.#count} of the array is not valid JSON.`)
  }
}
