/**
 * Server-sent events (`text/event-stream`) as text: WHATWG HTML section 9.2.
 *
 * Rules both halves rely on:
 * - A line ends at CR, LF or CRLF and at nothing else; U+2028, VT and FF are ordinary characters.
 * - Exactly one space after the colon is dropped, so the encoder always writes one and never trims.
 * - A blank line ends an event. Without it the event does not exist, so the decoder has no flush.
 * - The end of an event is known at its CR; waiting for a possible LF would hold the event back.
 *
 * The decoder looks at every character a fixed number of times: line breaks are searched only in the newest
 * chunk, and an unfinished line is a rope that is read once, when its end has arrived.
 */

/** One event as it was on the wire. `event` is absent for the default type, `message`. */
export interface SseMessage {
  data: string
  event?: string
  /** The `id` field of this event alone; `''` means that the server reset the last event id. */
  id?: string
  /** The `retry` field of this event alone, in milliseconds. */
  retry?: number
}

/** What {@link encodeSse} can put into one frame. A field that is `undefined` is left out. */
export interface SseFields {
  data?: string | undefined
  event?: string | undefined
  id?: string | undefined
  retry?: number | undefined
  comment?: string | undefined
}

/** Options of {@link SseDecoder}. */
export interface SseDecoderOptions {
  /** See {@link SseDecoder}. Default 1 048 576; `Infinity` removes the bound. */
  maxEventLength?: number | undefined
  /** The id to start from, when this stream continues an earlier one. Default `''`. */
  lastEventId?: string | undefined
}

const LF = 0x0a
const SPACE = 0x20
const BYTE_ORDER_MARK = 0xfeff

const LINE_BREAK = /\r\n|\r|\n/g
const DIGITS = /^[0-9]+$/

/**
 * Encodes one frame, ended by its blank line.
 *
 * A parser gives back the same `data`, except that CR and CRLF become LF: the format has no other line break.
 * Frames without `data` dispatch no event, but a `comment` keeps a connection alive, `id` moves the last
 * event id and `retry` sets the reconnection time. An empty `event` means the default type and is left out.
 *
 * @param fields The fields of the frame.
 * @returns The text to send; `'\n'`, which has no effect, when there are no fields.
 * @throws TypeError When `event` or `id` holds CR, LF or NUL, or `retry` is not a non-negative safe integer.
 * @see WHATWG HTML 9.2.5, 9.2.6
 */
export function encodeSse(fields: SseFields): string {
  const { data, event, id, retry, comment } = fields
  if (
    data !== undefined &&
    event === undefined &&
    id === undefined &&
    retry === undefined &&
    comment === undefined &&
    data.indexOf('\n') === -1 &&
    data.indexOf('\r') === -1
  ) {
    return 'data: ' + data + '\n\n'
  }
  let frame = ''
  if (comment !== undefined) frame += ': ' + comment.replace(LINE_BREAK, '\n: ') + '\n'
  if (event !== undefined && event !== '') {
    assertOneLine('event', event)
    frame += 'event: ' + event + '\n'
  }
  if (id !== undefined) {
    assertOneLine('id', id)
    frame += 'id: ' + id + '\n'
  }
  if (retry !== undefined) {
    if (!Number.isSafeInteger(retry) || retry < 0) {
      throw new TypeError(
        'SSE retry must be a non-negative safe integer: pass whole milliseconds, such as 3000',
      )
    }
    frame += 'retry: ' + retry + '\n'
  }
  if (data !== undefined) frame += 'data: ' + data.replace(LINE_BREAK, '\ndata: ') + '\n'
  return frame + '\n'
}

function assertOneLine(field: 'event' | 'id', value: string): void {
  if (typeof value !== 'string')
    throw new TypeError(`SSE ${field} must be a string, not a ${typeof value}: pass String(${field})`)
  // The value stays out of the message: it may come from a request.
  if (value.includes('\n') || value.includes('\r') || value.includes('\0')) {
    throw new TypeError(
      `SSE ${field} must not contain a line break or NUL: remove CR, LF and NUL, ` +
        'or encode the value, for example with encodeURIComponent',
    )
  }
}

/**
 * Decodes a `text/event-stream` piece by piece; any chunk boundary will do.
 *
 * The result does not depend on how the text was cut, and that includes errors: when a chunk holds whole
 * events and then goes over the limit, `push` returns those events and throws at its next call (`push('')` is
 * enough). A decoder that has failed stays failed, because what follows would be read from the middle of an
 * event.
 *
 * Comments and unknown fields are ignored. One byte order mark at the start is skipped.
 *
 * `maxEventLength` bounds one event in UTF-16 code units: all its lines from its first field to its blank
 * line, without the line breaks, ignored lines included. Outside of an event it bounds a single (comment)
 * line.
 *
 * @throws RangeError (constructor) When `maxEventLength` is neither a positive integer nor `Infinity`.
 * @see WHATWG HTML 9.2.6
 */
export class SseDecoder {
  readonly #maxEventLength: number
  #lastEventId: string
  #reconnectionTime: number | undefined
  #failure: RangeError | undefined

  #started = false
  #skipLineFeed = false
  #partialLine = ''

  // The event in the making. `#open` says that it has a field: a comment alone does not make an event.
  #open = false
  #length = 0
  #data: string | undefined
  #event = ''
  #id: string | undefined
  #retry: number | undefined

  constructor(options: SseDecoderOptions = {}) {
    const { maxEventLength = 1_048_576, lastEventId = '' } = options
    if (maxEventLength <= 0 || (maxEventLength !== Infinity && !Number.isInteger(maxEventLength))) {
      throw new RangeError('maxEventLength must be a positive integer, or Infinity for no bound')
    }
    this.#maxEventLength = maxEventLength
    this.#lastEventId = lastEventId
  }

  /**
   * The id to send as `Last-Event-ID` when reconnecting. It moves when an event ends, with or without data,
   * so an event that was cut off is asked for again.
   */
  get lastEventId(): string {
    return this.#lastEventId
  }

  /**
   * The latest `retry` in milliseconds, also from a frame without data, which gives no message. It can exceed
   * what a timer takes (2^31 - 1), so clamp it.
   */
  get reconnectionTime(): number | undefined {
    return this.#reconnectionTime
  }

  /**
   * Whether something unfinished is held: a line without its end, an event without its blank line, or an
   * event over the limit. True when the stream has ended means that it was cut off.
   */
  get pending(): boolean {
    return this.#open || this.#partialLine !== '' || this.#failure !== undefined
  }

  /**
   * Takes the next piece of text and returns the events that it completes.
   *
   * @param chunk Decoded text; use one streaming `TextDecoder` per stream.
   * @throws RangeError When an event is longer than `maxEventLength`; the message names the limit.
   */
  push(chunk: string): SseMessage[] {
    if (this.#failure !== undefined) throw this.#failure
    const messages: SseMessage[] = []
    if (chunk === '') return messages

    let start = 0
    if (!this.#started) {
      this.#started = true
      if (chunk.charCodeAt(0) === BYTE_ORDER_MARK) start = 1
    }
    if (this.#skipLineFeed) {
      this.#skipLineFeed = false
      if (chunk.charCodeAt(0) === LF) start = 1
    }

    let lineFeed = chunk.indexOf('\n', start)
    let carriageReturn = chunk.indexOf('\r', start)
    while (lineFeed !== -1 || carriageReturn !== -1) {
      const endsAtLineFeed = carriageReturn === -1 || (lineFeed !== -1 && lineFeed < carriageReturn)
      const end = endsAtLineFeed ? lineFeed : carriageReturn

      if (this.#length + this.#partialLine.length + (end - start) > this.#maxEventLength) {
        return this.#fail(messages)
      }
      if (this.#partialLine !== '') {
        const line = this.#partialLine + chunk.slice(start, end)
        this.#partialLine = ''
        this.#readLine(line, 0, line.length)
      } else if (end > start) {
        this.#readLine(chunk, start, end)
      } else {
        this.#endEvent(messages)
      }

      // Each search goes on behind its own last hit, and a search that came back empty is never repeated.
      start = end + 1
      if (endsAtLineFeed) {
        lineFeed = chunk.indexOf('\n', start)
      } else {
        if (lineFeed === start) {
          start++
          lineFeed = chunk.indexOf('\n', start)
        } else if (start === chunk.length) {
          this.#skipLineFeed = true
        }
        carriageReturn = chunk.indexOf('\r', start)
      }
    }

    if (start < chunk.length) {
      if (this.#length + this.#partialLine.length + (chunk.length - start) > this.#maxEventLength) {
        return this.#fail(messages)
      }
      this.#partialLine += start === 0 ? chunk : chunk.slice(start)
    }
    return messages
  }

  #readLine(text: string, start: number, end: number): void {
    // A match cannot run past the line, because the prefix holds no line break.
    if (text.startsWith('data:', start)) {
      this.#addData(text.slice(text.charCodeAt(start + 5) === SPACE ? start + 6 : start + 5, end))
    } else {
      // Cut the line out first: a search for a missing colon must stop at the end of this line.
      this.#readField(text.slice(start, end))
    }
    if (this.#open) this.#length += end - start
  }

  #readField(line: string): void {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1)
    switch (name) {
      case 'data':
        this.#addData(value)
        break
      case 'event':
        this.#event = value
        this.#open = true
        break
      case 'id':
        if (value.includes('\0')) break
        this.#id = value
        this.#open = true
        break
      case 'retry': {
        // Digits beyond the safe integers are dropped too: as a number they would not be what was sent.
        if (!DIGITS.test(value) || !Number.isSafeInteger(Number(value))) break
        this.#retry = Number(value)
        this.#reconnectionTime = this.#retry
        this.#open = true
        break
      }
    }
  }

  #addData(value: string): void {
    // The standard appends a line feed after every value and removes the last one; so `undefined`, not '',
    // stands for its empty buffer, and a lone `data:` is an event with empty data.
    this.#data = this.#data === undefined ? value : this.#data + '\n' + value
    this.#open = true
  }

  #endEvent(messages: SseMessage[]): void {
    if (this.#id !== undefined) this.#lastEventId = this.#id
    if (this.#data !== undefined) {
      const message: SseMessage = { data: this.#data }
      if (this.#event !== '') message.event = this.#event
      if (this.#id !== undefined) message.id = this.#id
      if (this.#retry !== undefined) message.retry = this.#retry
      messages.push(message)
    }
    this.#clearEvent()
  }

  #clearEvent(): void {
    this.#open = false
    this.#length = 0
    this.#data = undefined
    this.#event = ''
    this.#id = undefined
    this.#retry = undefined
  }

  #fail(messages: SseMessage[]): SseMessage[] {
    this.#failure = new RangeError(
      `SSE event is longer than maxEventLength (${this.#maxEventLength} UTF-16 code units): ` +
        'send smaller events, or raise maxEventLength',
    )
    // A dead decoder may be kept for its lastEventId; it must not keep the oversized event with it.
    this.#partialLine = ''
    this.#clearEvent()
    if (messages.length === 0) throw this.#failure
    return messages
  }
}
