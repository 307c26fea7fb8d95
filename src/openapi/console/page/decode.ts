/**
 * From the bytes of a reply to rows. The wire's own decoders say what an item is; here it is kept beside its text
 * as it was sent, so that both can be looked at.
 */
import { fromEvent, fromRecord } from '../../../wire/item.ts'
import { LineDecoder } from '../../../wire/jsonl.ts'
import { SseDecoder } from '../../../wire/sse.ts'
import { essence, isJsonLines } from './request.ts'
import type { Item } from './row.ts'

export interface Decoder {
  /** What the next bytes complete. Throws for what the format cannot be. */
  push(bytes: Uint8Array): Item[]
  /** What is left when the body has ended cleanly; `unfinished` when that cannot be the end. */
  end(): { readonly items: Item[]; readonly unfinished: boolean }
  /** Where to resume. */
  readonly lastEventId: string
  /** What the server asks to wait before a reconnect, in milliseconds. */
  readonly retryMs: number | undefined
}

/** How a reply is shown: as rows, or as one body. */
export type Shape = 'events' | 'lines' | 'sequence' | 'text' | 'chunks' | 'body'

/** @param hasLength Whether the length is known: what has one is not a stream. */
export function shapeOf(mediaType: string, hasLength: boolean): Shape {
  const type = essence(mediaType)
  if (type === 'text/event-stream') return 'events'
  if (isJsonLines(type)) return 'lines'
  if (type === 'application/json-seq') return 'sequence'
  if (hasLength || /[/+](json|xml)$/.test(type) || type === 'text/html' || type === '') return 'body'
  return type.startsWith('text/') ? 'text' : 'chunks'
}

export function createDecoder(shape: Shape, lastEventId = ''): Decoder | undefined {
  if (shape === 'events') return new EventDecoder(lastEventId)
  if (shape === 'lines') return new LineItems()
  if (shape === 'sequence') return new SequenceItems()
  if (shape === 'text') return new TextChunks()
  if (shape === 'chunks') return new ByteChunks()
  return undefined
}

const encoder = new TextEncoder()
/** Bytes of a text as UTF-8. Most texts are ASCII, and need no copy to be measured. */
export const byteLength = (text: string): number =>
  /^[\x00-\x7f]*$/.test(text) ? text.length : encoder.encode(text).byteLength

/** A frame ends with two line breaks. A CR in front of an LF is one of them together, not two. */
const FRAME_END = /(?:\r\n|\n|\r(?!\n)){2}/g
/** So many characters of an unfinished frame may belong to its end. */
const FRAME_END_LENGTH = 4

class EventDecoder implements Decoder {
  readonly #text = new TextDecoder()
  readonly #events: SseDecoder
  #held = ''

  constructor(lastEventId: string) {
    this.#events = new SseDecoder({ lastEventId })
  }

  get lastEventId(): string {
    return this.#events.lastEventId
  }

  get retryMs(): number | undefined {
    return this.#events.reconnectionTime
  }

  push(bytes: Uint8Array): Item[] {
    const from = Math.max(0, this.#held.length - FRAME_END_LENGTH)
    this.#held += this.#text.decode(bytes, { stream: true })
    const items: Item[] = []
    let start = 0
    FRAME_END.lastIndex = from
    for (let match = FRAME_END.exec(this.#held); match !== null; match = FRAME_END.exec(this.#held)) {
      items.push(...this.#frame(this.#held.slice(start, FRAME_END.lastIndex)))
      start = FRAME_END.lastIndex
    }
    this.#held = this.#held.slice(start)
    if (this.#held.length > 4 * 1024 * 1024) throw new RangeError('An event is longer than 4 MiB.')
    return items
  }

  #frame(frame: string): Item[] {
    const raw = frame.trim()
    const bytes = byteLength(frame)
    const messages = this.#events.push(frame)
    if (messages.length === 0) return raw === '' ? [] : [{ kind: 'comment', raw, data: raw, bytes }]
    return messages.map((message) => {
      const { data, event, id } = message
      return { kind: KINDS[fromEvent(message).kind], raw, data, bytes, event, id }
    })
  }

  end() {
    const rest = this.#held.trim()
    return { items: [], unfinished: rest !== '' && !rest.startsWith(':') }
  }
}

/** What the wire calls a problem is shown as an error. */
const KINDS = { item: 'item', end: 'end', problem: 'error' } as const

/** The value of a JSON text; undefined, which no JSON text stands for, if it is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** A line, or a record, of JSON; ours may say that the stream has failed or is complete. */
function jsonItem(text: string, framing: number): Item {
  const decoded = fromRecord(parse(text))
  const data = decoded.kind === 'problem' ? JSON.stringify(decoded.problem) : text
  return { kind: KINDS[decoded.kind], raw: text, data, bytes: byteLength(text) + framing }
}

abstract class JsonItems {
  readonly lastEventId = ''
  readonly retryMs = undefined
  protected readonly text = new TextDecoder()
}

class LineItems extends JsonItems implements Decoder {
  readonly #lines = new LineDecoder({ maxLineLength: 4 * 1024 * 1024 })

  push(bytes: Uint8Array): Item[] {
    return this.#items(this.#lines.push(this.text.decode(bytes, { stream: true })))
  }

  #items(lines: readonly string[]): Item[] {
    return lines.filter((line) => line.trim() !== '').map((line) => jsonItem(line, 1))
  }

  end() {
    const rest = this.#lines.end() ?? ''
    // The last line may lack its end, but then it must be a whole value.
    const unfinished = rest.trim() !== '' && parse(rest) === undefined
    return { items: unfinished ? [] : this.#items([rest]), unfinished }
  }
}

class SequenceItems extends JsonItems implements Decoder {
  #held = ''

  push(bytes: Uint8Array): Item[] {
    // A record is complete with the line feed at its end (RFC 7464).
    const records = (this.#held + this.text.decode(bytes, { stream: true })).split('\x1e')
    const last = records.pop() ?? ''
    const complete = last.endsWith('\n')
    this.#held = complete || records.length === 0 ? (complete ? '' : last) : `\x1e${last}`
    return [...records, complete ? last : '']
      .map((record) => record.trim())
      .filter((record) => record !== '')
      .map((record) => jsonItem(record, 2))
  }

  end() {
    return { items: [], unfinished: this.#held.trim() !== '' && this.#held !== '\x1e' }
  }
}

class TextChunks extends JsonItems implements Decoder {
  push(bytes: Uint8Array): Item[] {
    const data = this.text.decode(bytes, { stream: true })
    return [{ kind: 'chunk', raw: data, data, bytes: bytes.byteLength }]
  }

  end() {
    return { items: [], unfinished: false }
  }
}

class ByteChunks implements Decoder {
  readonly lastEventId = ''
  readonly retryMs = undefined

  push(bytes: Uint8Array): Item[] {
    const hex = Array.from(bytes.subarray(0, 24), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const data = bytes.byteLength > 24 ? `${hex} …` : hex
    return [{ kind: 'chunk', raw: data, data, bytes: bytes.byteLength }]
  }

  end() {
    return { items: [], unfinished: false }
  }
}
