/** The items of a stream as its format frames them: JSON Lines, JSON text sequences, server-sent events. */
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
    case 'text/event-stream':
      return events(lastEventId)
  }
  return undefined
}

const jsonLines = () => records(new JsonLineDecoder(), fromRecord)

const RECORD_SEPARATOR = '\u001e'

/** One record per line, as Millrace writes them, though RFC 7464 allows more. */
const jsonSequence = () =>
  records(new LineDecoder(), (line) => fromRecord(JSON.parse(line.slice(line.indexOf(RECORD_SEPARATOR) + 1))))

function records<T>(
  decoder: { push(text: string): T[]; end(): T | undefined },
  read: (record: T) => Decoded,
): ItemDecoder {
  return {
    push: (text) => decoder.push(text).map(read),
    end() {
      const last = decoder.end()
      return last === undefined ? [] : [read(last)]
    },
  }
}

function events(lastEventId: string | undefined): ItemDecoder {
  const decoder = new SseDecoder({ lastEventId })
  return {
    push: (text) => decoder.push(text).map(fromEvent),
    end() {
      if (decoder.pending) throw new SyntaxError('The stream ended in the middle of an event.')
      return []
    },
    get lastEventId() {
      return decoder.lastEventId
    },
    get reconnectionTime() {
      return decoder.reconnectionTime
    },
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
