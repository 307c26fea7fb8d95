/** The items of a stream as its format frames them: JSON Lines, JSON text sequences, JSON arrays, server-sent events. */
import { JsonArrayDecoder } from './json-array.ts'
import { JsonLineDecoder, LineDecoder } from './jsonl.ts'
import { SseDecoder, type SseMessage } from './sse.ts'

/** One item of a stream. */
export interface StreamItem<T = unknown> {
  readonly data: T
  /** The rest is of server-sent events only. */
  readonly id?: string
  readonly event?: string
  readonly retry?: number
}

/** A failure as a stream tells it before it is cut: a problem document. */
export type StreamProblem = Readonly<Record<string, unknown>>

/**
 * What a piece of text brought: an item, or what has the form of an end mark or of a failure. An app
 * may have items of that form, so the item is there in any case.
 */
export type Decoded =
  | { readonly kind: 'item'; readonly item: StreamItem }
  | { readonly kind: 'end'; readonly item: StreamItem }
  | { readonly kind: 'problem'; readonly item: StreamItem; readonly problem: StreamProblem }

/** Takes text piece by piece and gives what it completes. */
export interface ItemDecoder {
  push(text: string): readonly Decoded[]
  /** A clean end: throws when something is left unfinished. */
  end(): readonly Decoded[]
  /** Where to go on, of server-sent events. */
  readonly lastEventId?: string
  /** How long to wait before that, in milliseconds. */
  readonly reconnectionTime?: number | undefined
}

/**
 * Makes the decoder of a media type, undefined for one that has no items.
 *
 * @param lastEventId where the stream goes on, if it continues an earlier one.
 */
export function createItemDecoder(mediaType: string, lastEventId?: string): ItemDecoder | undefined {
  switch (mediaType) {
    case 'application/jsonl':
    case 'application/x-ndjson':
      return jsonLines()
    case 'application/json-seq':
      return jsonSequence()
    case 'application/json':
      return jsonArray()
    case 'text/event-stream':
      return new EventDecoder(lastEventId)
  }
  return undefined
}

function jsonLines(): ItemDecoder {
  const decoder = new JsonLineDecoder()
  return {
    push: (text) => decoder.push(text).map(fromRecord),
    end() {
      const last = decoder.end()
      return last === undefined ? [] : [fromRecord(last)]
    },
  }
}

const RECORD_SEPARATOR = '\u001e'

/** One record per line, as Millrace writes them, though RFC 7464 allows more. */
function jsonSequence(): ItemDecoder {
  const decoder = new LineDecoder()
  const read = (line: string) => fromRecord(JSON.parse(line.slice(line.indexOf(RECORD_SEPARATOR) + 1)))
  return {
    push: (text) => decoder.push(text).map(read),
    end() {
      const last = decoder.end()
      return last === undefined ? [] : [read(last)]
    },
  }
}

function jsonArray(): ItemDecoder {
  const decoder = new JsonArrayDecoder()
  return {
    push: (text) => decoder.push(text).map((data) => ({ kind: 'item', item: { data } })),
    end() {
      decoder.end()
      return []
    },
  }
}

class EventDecoder implements ItemDecoder {
  readonly #decoder: SseDecoder

  constructor(lastEventId: string | undefined) {
    this.#decoder = new SseDecoder({ lastEventId })
  }

  get lastEventId(): string {
    return this.#decoder.lastEventId
  }

  get reconnectionTime(): number | undefined {
    return this.#decoder.reconnectionTime
  }

  push(text: string): readonly Decoded[] {
    return this.#decoder.push(text).map(fromEvent)
  }

  end(): readonly Decoded[] {
    if (this.#decoder.pending) throw new SyntaxError('The stream ended in the middle of an event.')
    return []
  }
}

function fromRecord(data: unknown): Decoded {
  const item = { data }
  if (hasOnly(data, '$end')) return { kind: 'end', item }
  if (hasOnly(data, '$error')) return { kind: 'problem', item, problem: data['$error'] as StreamProblem }
  return { kind: 'item', item }
}

function hasOnly<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === key
}

function fromEvent({ data, ...meta }: SseMessage): Decoded {
  const parsed = parse(data)
  const item = { data: parsed, ...meta }
  if (meta.event === 'end' && data === '{}') return { kind: 'end', item }
  // An app may have events of that name too; those of a failure carry a problem document.
  if (meta.event === 'error' && isProblem(parsed)) return { kind: 'problem', item, problem: parsed }
  return { kind: 'item', item }
}

function isProblem(value: unknown): value is StreamProblem {
  return typeof value === 'object' && value !== null && 'title' in value && 'status' in value
}

/** What a reply made by hand sends need not be JSON. */
function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown
  } catch {
    return data
  }
}
