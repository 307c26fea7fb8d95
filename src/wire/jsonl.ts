/**
 * JSON Lines (`application/jsonl`, `application/x-ndjson`) and JSON text sequences (`application/json-seq`,
 * RFC 7464) as text.
 *
 * A line ends at LF only. `JSON.stringify` escapes LF and CR but writes U+2028 and U+2029 as they are, so a
 * decoder that split at those would tear values apart.
 *
 * The decoders look at every character a fixed number of times: LF is searched only in the newest chunk, and
 * an unfinished line is a rope that is read once, when its end has arrived.
 */

/** Options of {@link LineDecoder}. */
export interface LineDecoderOptions {
  /** Bound of one line in UTF-16 code units, its LF not counted. Default 1 048 576; `Infinity` removes it. */
  maxLineLength?: number | undefined
}

/** Options of {@link JsonLineDecoder}. */
export interface JsonLineDecoderOptions extends LineDecoderOptions {
  /** Reads one line. Default `JSON.parse`, for lines of a server that is trusted; others have `parseJson` of json.ts. */
  parse?: ((text: string) => unknown) | undefined
}

const CR = 0x0d
const BYTE_ORDER_MARK = 0xfeff
const RECORD_SEPARATOR = '\x1e'

// JSON's own white space, not that of trim(): a line of NBSP is an error, not a blank line.
const BLANK = /^[ \t\r]*$/

/**
 * Encodes one value as a line of JSON Lines.
 *
 * @param value Anything that `JSON.stringify` gives a text for.
 * @returns The JSON text and LF.
 * @throws TypeError When the value has no JSON text (`undefined`, a function, a symbol, or a `toJSON` that
 *   returns one of them), and, from `JSON.stringify`, for a BigInt or a cycle.
 */
export function encodeJsonLine(value: unknown): string {
  return encodeJson(value) + '\n'
}

/**
 * Encodes one value as an element of a JSON text sequence: RS, the JSON text, LF.
 *
 * @param value Anything that `JSON.stringify` gives a text for.
 * @throws TypeError As {@link encodeJsonLine} does.
 * @see RFC 7464 section 2.2; the LF is also what marks a top-level number as complete (section 2.4)
 */
export function encodeJsonSeq(value: unknown): string {
  return RECORD_SEPARATOR + encodeJson(value) + '\n'
}

/**
 * Encodes one value as JSON.
 *
 * @throws TypeError As {@link encodeJsonLine} does, and for a promise, of which JSON.stringify makes an empty
 *   object.
 */
export function encodeJson(value: unknown): string {
  // The library type of JSON.stringify leaves out that the result can be undefined.
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) {
    throw new TypeError(
      `A value of type ${typeof value} has no JSON text: send null, or leave the item out` +
        (typeof value === 'object' ? ' (its toJSON returned nothing that JSON can hold)' : ''),
    )
  }
  if (text === '{}' && value instanceof Promise) throw new TypeError('A promise has no JSON text: await it')
  return text
}

/**
 * Splits text into lines piece by piece; any chunk boundary will do. Lines end at LF; one CR before it is
 * removed. A byte order mark is left alone, since not every line format has one.
 *
 * The result does not depend on how the text was cut, and that includes errors: when a chunk holds whole
 * lines and then goes over the limit, `push` returns those lines and the next call of `push` or `end` throws.
 * A decoder that has failed stays failed.
 *
 * @throws RangeError (constructor) When `maxLineLength` is neither a positive integer nor `Infinity`.
 */
export class LineDecoder {
  readonly #maxLineLength: number
  #partialLine = ''
  #failure: RangeError | undefined

  constructor(options: LineDecoderOptions = {}) {
    const { maxLineLength = 1_048_576 } = options
    if (maxLineLength <= 0 || (maxLineLength !== Infinity && !Number.isInteger(maxLineLength))) {
      throw new RangeError('maxLineLength must be a positive integer, or Infinity for no bound')
    }
    this.#maxLineLength = maxLineLength
  }

  /**
   * Takes the next piece of text and returns the lines that it completes, without their line ends.
   *
   * @throws RangeError When a line is longer than `maxLineLength` (a CR before the LF counts, because it is
   *   not known to be one until the LF is there); the message names the limit.
   */
  push(chunk: string): string[] {
    if (this.#failure !== undefined) throw this.#failure
    const lines: string[] = []
    let start = 0
    let end = chunk.indexOf('\n')
    while (end !== -1) {
      if (this.#partialLine.length + (end - start) > this.#maxLineLength) return this.#fail(lines)
      if (this.#partialLine === '') {
        lines.push(withoutCarriageReturn(chunk.slice(start, end)))
      } else {
        lines.push(withoutCarriageReturn(this.#partialLine + chunk.slice(start, end)))
        this.#partialLine = ''
      }
      start = end + 1
      end = chunk.indexOf('\n', start)
    }
    if (start < chunk.length) {
      if (this.#partialLine.length + (chunk.length - start) > this.#maxLineLength) return this.#fail(lines)
      this.#partialLine += start === 0 ? chunk : chunk.slice(start)
    }
    return lines
  }

  /**
   * Ends the text and returns its last line if that line has no LF; `undefined` if nothing is left.
   * Whether an unterminated line is whole is for the caller to know: a cut connection leaves one too.
   *
   * @throws RangeError When an earlier `push` went over the limit and has not said so yet.
   */
  end(): string | undefined {
    if (this.#failure !== undefined) throw this.#failure
    const line = this.#partialLine
    this.#partialLine = ''
    return line === '' ? undefined : withoutCarriageReturn(line)
  }

  #fail(lines: string[]): string[] {
    this.#failure = new RangeError(
      `Line is longer than maxLineLength (${this.#maxLineLength} UTF-16 code units): ` +
        'send shorter lines, or raise maxLineLength',
    )
    this.#partialLine = ''
    if (lines.length === 0) throw this.#failure
    return lines
  }
}

function withoutCarriageReturn(line: string): string {
  return line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line
}

/**
 * Decodes JSON Lines piece by piece; any chunk boundary will do. Lines of nothing but JSON white space are
 * skipped, and so is one byte order mark at the start.
 *
 * As with {@link LineDecoder}, the result does not depend on how the text was cut: the values before a bad
 * line are returned, and the error is thrown by the same call if there are none, otherwise by the next `push`
 * or `end` (`push('')` is enough). A decoder that has failed stays failed.
 *
 * @throws RangeError (constructor) When `maxLineLength` is neither a positive integer nor `Infinity`.
 */
export class JsonLineDecoder {
  readonly #lines: LineDecoder
  readonly #read: (text: string) => unknown
  #lineNumber = 0
  #failure: unknown

  constructor(options: JsonLineDecoderOptions = {}) {
    this.#lines = new LineDecoder(options)
    this.#read = options.parse ?? JSON.parse
  }

  /**
   * Takes the next piece of text and returns the values of the lines that it completes.
   *
   * @throws SyntaxError When a line is not JSON, or nested too deeply. The message has its number, from 1, never its content.
   * @throws RangeError When a line is longer than `maxLineLength`.
   */
  push(chunk: string): unknown[] {
    if (this.#failure !== undefined) throw this.#failure
    const values: unknown[] = []
    for (const line of this.#lines.push(chunk)) {
      try {
        const value = this.#parse(line)
        if (value !== undefined) values.push(value)
      } catch (error) {
        this.#failure = error
        if (values.length === 0) throw error
        return values
      }
    }
    return values
  }

  /**
   * Ends the text and returns the value of a last line that has no LF; `undefined`, which no JSON text stands
   * for, if there is none. Call it only when the transport says that the end was a clean one: half of `123`
   * is a number too.
   *
   * @throws SyntaxError When that line is not JSON, or when an earlier `push` met a bad line.
   * @throws RangeError When an earlier `push` went over the limit and has not said so yet.
   */
  end(): unknown {
    if (this.#failure !== undefined) throw this.#failure
    const line = this.#lines.end()
    if (line === undefined) return undefined
    try {
      return this.#parse(line)
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #parse(line: string): unknown {
    this.#lineNumber++
    const text = this.#lineNumber === 1 && line.charCodeAt(0) === BYTE_ORDER_MARK ? line.slice(1) : line
    if (BLANK.test(text)) return undefined
    try {
      return this.#read(text)
    } catch (error) {
      if ((error as Error).name === 'JsonTooDeep')
        throw new SyntaxError(`Line ${this.#lineNumber}: ${(error as Error).message}`)
      // The engine's error is dropped, not kept as the cause: its message quotes the line.
      throw new SyntaxError(
        `Line ${this.#lineNumber} is not valid JSON: send one complete JSON value per line, ended by LF`,
      )
    }
  }
}
