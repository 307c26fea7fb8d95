/** The items of a stream as its format frames them: JSON Lines, JSON text sequences, server-sent events. */
import { mediaTypeEssence } from '../wire/header.ts'
import { JsonLineDecoder, LineDecoder } from '../wire/jsonl.ts'
import { SseDecoder, type SseMessage } from '../wire/sse.ts'

/** One item of a stream. */
export interface TestItem<T = unknown> {
  readonly data: T
  /** The rest is of server-sent events only. */
  readonly id?: string
  readonly event?: string
  readonly retry?: number
}

/** A failure as a stream tells it before it is cut. */
export type TestProblem = Readonly<Record<string, unknown>>

/** What a piece of text brought. */
export type Decoded =
  | { readonly kind: 'item'; readonly item: TestItem }
  | { readonly kind: 'end' }
  | { readonly kind: 'problem'; readonly problem: TestProblem }

/** Takes text piece by piece and gives what it completes. */
export interface ItemDecoder {
  push(text: string): readonly Decoded[]
  /** A clean end: throws when something is left unfinished. */
  end(): readonly Decoded[]
}

/** @throws {TypeError} for a content type that has no items. */
export function createItemDecoder(status: number, contentType: string): ItemDecoder {
  switch (mediaTypeEssence(contentType)) {
    case 'application/jsonl':
    case 'application/x-ndjson':
      return jsonLines()
    case 'application/json-seq':
      return jsonSequence()
    case 'text/event-stream':
      return events()
    default:
      throw new TypeError(
        `A ${status} reply with content type "${contentType}" has no items. Read it with next(), text() or json().`,
      )
  }
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

function events(): ItemDecoder {
  const decoder = new SseDecoder()
  return {
    push: (text) => decoder.push(text).map(fromEvent),
    end() {
      if (decoder.pending) throw new SyntaxError('The stream ended in the middle of an event.')
      return []
    },
  }
}

function fromRecord(value: unknown): Decoded {
  if (hasOnly(value, '$end')) return { kind: 'end' }
  if (hasOnly(value, '$error')) return { kind: 'problem', problem: value['$error'] as TestProblem }
  return { kind: 'item', item: { data: value } }
}

function hasOnly<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === key
}

function fromEvent({ data, ...meta }: SseMessage): Decoded {
  const parsed = parse(data)
  if (meta.event === 'end' && data === '{}') return { kind: 'end' }
  // An app may have events of that name too; those of a failure carry a problem document.
  if (meta.event === 'error' && isProblem(parsed)) return { kind: 'problem', problem: parsed }
  return { kind: 'item', item: { data: parsed, ...meta } }
}

function isProblem(value: unknown): value is TestProblem {
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
