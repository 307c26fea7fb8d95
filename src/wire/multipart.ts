/**
 * Multipart bodies (RFC 2046 section 5.1, RFC 7578), taken apart as they arrive.
 *
 * A body is `--boundary`, the headers of a part, an empty line, its bytes, and again `CRLF--boundary`;
 * the last one has two more dashes. The rules here:
 *
 * - Bytes go through uncopied. What the parser holds back between two chunks is a number: how much of
 *   the delimiter has been seen. The held bytes are the delimiter's own.
 * - A delimiter has one CR, at its start. So a mismatch never has to look back, and the search is linear
 *   whatever is sent: it skips by the delimiter's length where it can (Horspool), and compares from the CR on.
 * - Lines end with CRLF. A bare CR or LF, a folded header, a repeated header, bytes between a delimiter
 *   and its line end: refused, since two readers could read them in two ways.
 * - What has no end is cut off: a body without its closing delimiter is an error.
 */
import { BareRecord } from './query.ts'

/** What comes out of a body, in order: a part's headers, its bytes in pieces, its end; last the end of all. */
export type MultipartEvent =
  | { readonly kind: 'part'; readonly headers: PartHeaders }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'part-end' }
  | { readonly kind: 'end' }

/** The headers of a part by lower-case name. The object has no prototype. */
export type PartHeaders = Readonly<Record<string, string>>

/** Thrown for what is not a multipart body. */
export class MultipartSyntaxError extends Error {
  override readonly name = 'MultipartSyntaxError'
}

const CR = 13
const LF = 10
const DASH = 45
/** Bytes that may stand in front of the first delimiter, or between one and its line end, to be ignored. */
const MAX_IGNORED = 1024

const PART_END: MultipartEvent = { kind: 'part-end' }
const END: MultipartEvent = { kind: 'end' }

/** Takes a multipart body apart, chunk by chunk: `push` what has arrived, then `next` until it has no more. */
export class MultipartParser {
  readonly #delimiter: Uint8Array
  /** By how much the search may go on when the window ends with this byte. */
  readonly #skips: Uint8Array
  readonly #headerBytes: number
  #state: 'preamble' | 'delimiter' | 'headers' | 'body' | 'epilogue' = 'preamble'
  #chunk: Uint8Array = NOTHING
  #at = 0
  /** How much of the delimiter has been seen at the end of what was given out. */
  #matched = 2
  /** Its CRLF is not part of the body: the line break in front of it was somebody else's. */
  #borrowed = true
  #ignored = 0
  /** Behind a delimiter: the byte before this one, 0 at its start. */
  #previous = 0
  #header: Uint8Array | undefined
  #headerLength = 0

  /**
   * @param boundary as `readBoundary` gives it.
   * @param headerBytes how much the headers of one part may have, in bytes.
   */
  constructor(boundary: string, headerBytes: number) {
    this.#delimiter = new TextEncoder().encode(`\r\n--${boundary}`)
    this.#headerBytes = headerBytes
    const { length } = this.#delimiter
    this.#skips = new Uint8Array(256).fill(length)
    for (let i = 0; i < length - 1; i++) this.#skips[this.#delimiter[i]!] = length - 1 - i
  }

  /** Whether the closing delimiter has been seen. What comes behind it is ignored. */
  get ended(): boolean {
    return this.#state === 'epilogue'
  }

  /** The next bytes; only when `next` has given undefined. They are the parser's from now on. */
  push(bytes: Uint8Array): void {
    this.#chunk = bytes
    this.#at = 0
  }

  /**
   * The next event, undefined when more bytes are needed.
   *
   * @throws {MultipartSyntaxError} for a body that is none.
   */
  next(): MultipartEvent | undefined {
    while (this.#at < this.#chunk.length) {
      const event = this.#step()
      if (event !== undefined) return event
    }
    return undefined
  }

  /** @throws {MultipartSyntaxError} when the body was not complete. */
  end(): void {
    if (!this.ended) throw new MultipartSyntaxError('The body ends before its closing boundary.')
  }

  #step(): MultipartEvent | undefined {
    switch (this.#state) {
      case 'preamble':
      case 'body':
        return this.#matched > 0 ? this.#compare() : this.#search()
      case 'delimiter':
        return this.#endLine()
      case 'headers':
        return this.#readHeaders()
      case 'epilogue':
        this.#at = this.#chunk.length
        return undefined
    }
  }

  /** Goes on with a delimiter that may have begun in the chunk before. */
  #compare(): MultipartEvent | undefined {
    const delimiter = this.#delimiter
    const chunk = this.#chunk
    let matched = this.#matched
    let at = this.#at
    while (matched < delimiter.length && at < chunk.length && chunk[at] === delimiter[matched]) {
      matched++
      at++
    }
    this.#at = at
    this.#matched = matched
    if (matched === delimiter.length) return this.#delimited()
    if (at === chunk.length) return undefined
    this.#matched = 0
    const held = delimiter.slice(this.#borrowed ? 2 : 0, matched)
    this.#borrowed = false
    return held.length === 0 ? undefined : this.#data(held)
  }

  #search(): MultipartEvent | undefined {
    const chunk = this.#chunk
    const start = this.#at
    const { length } = this.#delimiter
    const last = chunk.length - length
    for (let at = start; at <= last; at += this.#skips[chunk[at + length - 1]!]!) {
      if (chunk[at] !== CR || !this.#isAt(at)) continue
      this.#at = at + length
      // The end comes with the next call; it has to come behind the bytes.
      if (at === start) return this.#delimited()
      this.#at = at
      this.#matched = 0
      return this.#data(chunk.subarray(start, at))
    }
    const tail = this.#tail(Math.max(start, last + 1))
    this.#at = chunk.length
    this.#matched = chunk.length - tail
    return tail === start ? undefined : this.#data(chunk.subarray(start, tail))
  }

  #isAt(at: number): boolean {
    const delimiter = this.#delimiter
    for (let i = 1; i < delimiter.length; i++) if (this.#chunk[at + i] !== delimiter[i]) return false
    return true
  }

  /** Where at the end of the chunk a delimiter may begin. */
  #tail(from: number): number {
    const chunk = this.#chunk
    let at = chunk.length - 1
    while (at >= from && chunk[at] !== CR) at--
    if (at < from) return chunk.length
    for (let i = at; i < chunk.length; i++) if (chunk[i] !== this.#delimiter[i - at]) return chunk.length
    return at
  }

  #data(bytes: Uint8Array): MultipartEvent | undefined {
    if (this.#state === 'body') return { kind: 'data', bytes }
    this.#ignore(bytes.length)
    return undefined
  }

  #ignore(count: number): void {
    this.#ignored += count
    if (this.#ignored > MAX_IGNORED)
      throw new MultipartSyntaxError('The body does not begin with its boundary.')
  }

  #delimited(): MultipartEvent | undefined {
    const wasBody = this.#state === 'body'
    this.#state = 'delimiter'
    this.#matched = 0
    this.#previous = 0
    return wasBody ? PART_END : undefined
  }

  /** The end of a delimiter's line: two dashes, or spaces and a line break. */
  #endLine(): MultipartEvent | undefined {
    const byte = this.#chunk[this.#at++]!
    const previous = this.#previous
    this.#previous = byte
    if (previous === DASH && byte === DASH) {
      this.#state = 'epilogue'
      return END
    }
    if (previous === CR && byte === LF) {
      this.#state = 'headers'
      this.#headerLength = 0
      return undefined
    }
    const isSpace = byte === 32 || byte === 9
    if (isSpace) this.#ignore(1)
    const fits = previous === 0 || previous === 32 || previous === 9
    if ((fits && (isSpace || byte === CR)) || (previous === 0 && byte === DASH)) return undefined
    throw new MultipartSyntaxError('A boundary is followed by something else than the end of its line.')
  }

  #readHeaders(): MultipartEvent | undefined {
    const header = (this.#header ??= new Uint8Array(this.#headerBytes))
    while (this.#at < this.#chunk.length) {
      if (this.#headerLength === header.length)
        throw new MultipartSyntaxError(`The headers of a part have more than ${header.length} bytes.`)
      const byte = this.#chunk[this.#at++]!
      header[this.#headerLength++] = byte
      if (byte !== LF || !endsHeaders(header, this.#headerLength)) continue
      this.#state = 'body'
      this.#matched = 2
      this.#borrowed = true
      return { kind: 'part', headers: parseHeaders(header.subarray(0, this.#headerLength)) }
    }
    return undefined
  }
}

const NOTHING = new Uint8Array()

/** Whether an empty line ends here: CRLF CRLF, or CRLF alone where there are no headers. */
function endsHeaders(header: Uint8Array, length: number): boolean {
  if (header[length - 2] !== CR) return false
  return length === 2 || (header[length - 3] === LF && header[length - 4] === CR)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// Controls, with the bare CR and LF among them.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/

function parseHeaders(bytes: Uint8Array): PartHeaders {
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    throw new MultipartSyntaxError('The headers of a part are not valid UTF-8.')
  }
  const headers = new BareRecord() as Record<string, string>
  for (const line of text.split('\r\n')) {
    if (line === '') continue
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (!NAME.test(name) || CONTROL.test(line))
      throw new MultipartSyntaxError('A header of a part is malformed.')
    if (headers[name] !== undefined) throw new MultipartSyntaxError(`A part has two ${name} headers.`)
    headers[name] = line.slice(colon + 1).trim()
  }
  return headers
}
