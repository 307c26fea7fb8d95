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

/** What is read of a stream: an item, or what has the form of an end mark or of a failure. */
export type Decoded =
  | { readonly kind: 'item'; readonly item: StreamItem }
  | { readonly kind: 'end'; readonly item: StreamItem }
  | { readonly kind: 'problem'; readonly item: StreamItem; readonly problem: StreamProblem }

/**
 * Takes text piece by piece and gives the items that it completes.
 *
 * What has the form of an end mark or of a failure is one if nothing follows it, so that an app may have
 * such items of its own: it is held back as `last`, and becomes an item when more comes.
 */
export interface ItemDecoder {
  push(text: string): readonly StreamItem[]
  /** A clean end: throws when something is left unfinished. */
  end(): readonly StreamItem[]
  /** What the stream ends with, if it ends here. */
  readonly last: Exclude<Decoded, { readonly kind: 'item' }> | undefined
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

const RECORD_SEPARATOR = '\u001e'

/** One record per line, as Millrace writes them, though RFC 7464 allows more. */
function jsonSequence(): ItemDecoder {
  const read = (line: string) => fromRecord(JSON.parse(line.slice(line.indexOf(RECORD_SEPARATOR) + 1)))
  return new Items(new LineDecoder(), read)
}

const jsonLines = () => new Items(new JsonLineDecoder(), fromRecord)

const events = (lastEventId: string | undefined) => new Events(new SseDecoder({ lastEventId }))

class Items<T> implements ItemDecoder {
  readonly #decoder: { push(text: string): T[]; end(): T | undefined }
  readonly #read: (record: T) => Decoded
  last: ItemDecoder['last']

  constructor(decoder: { push(text: string): T[]; end(): T | undefined }, read: (record: T) => Decoded) {
    this.#decoder = decoder
    this.#read = read
  }

  push(text: string): StreamItem[] {
    return this.#take(this.#decoder.push(text))
  }

  end(): StreamItem[] {
    const record = this.#decoder.end()
    return record === undefined ? [] : this.#take([record])
  }

  #take(records: readonly T[]): StreamItem[] {
    const items: StreamItem[] = []
    for (const record of records) {
      const decoded = this.#read(record)
      if (this.last !== undefined) items.push(this.last.item)
      this.last = undefined
      if (decoded.kind === 'item') items.push(decoded.item)
      else this.last = decoded
    }
    return items
  }
}

class Events extends Items<SseMessage> {
  readonly #events: SseDecoder

  constructor(events: SseDecoder) {
    const end = () => {
      if (events.pending) throw new SyntaxError('The stream ended in the middle of an event.')
      return undefined
    }
    super({ push: (text) => events.push(text), end }, fromEvent)
    this.#events = events
  }

  get lastEventId(): string {
    return this.#events.lastEventId
  }

  get reconnectionTime(): number | undefined {
    return this.#events.reconnectionTime
  }
}

/** What a value of JSON Lines or of a sequence stands for. */
export function fromRecord(data: unknown): Decoded {
  const item = { data }
  if (typeof data !== 'object' || data === null || Object.keys(data).length !== 1)
    return { kind: 'item', item }
  const { $end, $error } = data as { readonly $end?: unknown; readonly $error?: unknown }
  if ($end === true) return { kind: 'end', item }
  return isProblem($error) ? { kind: 'problem', item, problem: $error } : { kind: 'item', item }
}

/** What an event stands for. One with an id is an item: a mark or a failure is no place to go on behind. */
export function fromEvent({ data, ...meta }: SseMessage): Decoded {
  const parsed = parse(data)
  const item = { data: parsed, ...meta }
  if (meta.id === undefined) {
    if (meta.event === 'end' && data === '{}') return { kind: 'end', item }
    if (meta.event === 'error' && isProblem(parsed)) return { kind: 'problem', item, problem: parsed }
  }
  return { kind: 'item', item }
}

/** Whether a value is a problem document (RFC 9457), as far as anything may be relied upon. */
export function isProblem(value: unknown): value is StreamProblem {
  const { title, status } = Object(value) as StreamProblem
  return typeof title === 'string' && typeof status === 'number'
}

/** What a reply made by hand sends need not be JSON. */
function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown
  } catch {
    return data
  }
}
