import type { Problem } from '../error.ts'
import type { Schema, SchemaInput, SchemaOutput } from '../schema.ts'
import type { Chunk } from './source.ts'

/** What a format is called in documents and in the client. */
export type FormatName = 'text' | 'bytes' | 'jsonl' | 'json-seq' | 'json-array' | 'sse'

/**
 * How the items of a stream become bytes: a media type and an encoding, and for typed formats a
 * schema that every item must pass. `text`, `bytes(type)`, `jsonl(schema)`, `sse(schema)` and the
 * others are values of this type. `Item` is what may be yielded.
 */
export interface Format<in Item = never, out Name extends FormatName = FormatName> {
  readonly name: Name
  /** The reply's `content-type`. */
  readonly contentType: string
  /** The essences by which `Accept` may ask for it, the preferred one first. */
  readonly mediaTypes: readonly string[]
  /** More headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>
  /** What each item must pass. */
  readonly schema?: Schema
  /** What happens to an item that does not pass: `fail` ends the stream with an error, `drop` counts it. */
  readonly invalid: 'fail' | 'drop'
  /**
   * How long the head may wait for the first item, in milliseconds, so that an error before it is a
   * real status. Infinity: until there is one.
   */
  readonly holdMs: number
  /** A chunk that says nothing, sent when nothing else was for so many milliseconds. */
  readonly heartbeat?: { readonly ms: number; readonly chunk: Chunk }
  /** When a stream ends cleanly, before its source does, so that its reader comes back; milliseconds. */
  readonly maxAgeMs?: number
  /** Whether a complete stream always carries its end mark; otherwise only if the client asks for it. */
  readonly end: boolean
  /** Makes the encoder of one stream. */
  encoder(): ItemEncoder
  /** Carries the type of an item; never present. */
  readonly '~item'?: (item: Item) => void
}

/** A format of items that a schema describes: yielded as it takes them, and read as it gives them. */
export interface SchemaFormat<S, out Name extends FormatName = FormatName> extends Format<
  SchemaInput<S>,
  Name
> {
  /** Carries the type of the schema; never present. */
  readonly '~schema'?: S
}

/** The wire form of one stream, from its first byte to its last. */
export interface ItemEncoder {
  /** What stands in front of the first item. */
  readonly opening?: Chunk
  /** Encodes one item, already validated. Throws for what the format cannot hold. */
  encode(item: unknown, meta: EventMeta | undefined): Chunk
  /** What a complete stream ends with, whether or not it is marked (the bracket of an array). */
  closing?(): Chunk
  /** What says that the stream is complete, for formats that can. */
  readonly endMark?: Chunk
  /** A last item that tells of a failure in the middle; streams without one are only cut. */
  failure?(problem: Problem): Chunk
  /** The least that a reader is asked to wait before it comes back, in milliseconds. */
  readonly retryMs?: number
  /** A clean goodbye from a stream that is not complete: the reader shall come back after `retryMs`. */
  farewell?(retryMs: number): Chunk
}

/** What an item may carry besides its data. */
export interface EventMeta {
  /** Where a client can resume after this item. No line breaks, no NUL. */
  readonly id?: string
  /** The event's name. No line breaks, no NUL. */
  readonly event?: string
  /** Milliseconds a client should wait before it reconnects. */
  readonly retry?: number
  /** A comment in front of the event, for whoever reads the wire. */
  readonly comment?: string
}

/** An item with metadata. Make one with `event(data, meta)`. */
export class StreamEvent<Item = unknown> {
  readonly data: Item
  readonly meta: EventMeta

  constructor(data: Item, meta: EventMeta) {
    this.data = data
    this.meta = meta
  }
}

/**
 * An item with an id, a name, a retry time or a comment, for formats that carry them (SSE). Others
 * send the data alone.
 *
 * @example yield event(row, { id: String(row.version), event: 'row' })
 */
export function event<Item>(data: Item, meta: EventMeta): StreamEvent<Item> {
  return new StreamEvent(data, meta)
}

/** What may be yielded into a format; into several, what each of them takes. */
export type FormatItem<F> = (F extends readonly unknown[] ? F[number] : F) extends {
  readonly '~item'?: (item: infer Item) => void
}
  ? Item
  : never

/** What a reader gets of a format, or of several. */
export type FormatOutput<F> = F extends readonly unknown[]
  ? FormatOutput<F[number]>
  : F extends SchemaFormat<infer S>
    ? SchemaOutput<S>
    : FormatItem<F>

/** What a reader gets of a whole stream: an array of its items, or what its chunks of text or bytes are together. */
export type FormatWhole<F> = F extends readonly unknown[]
  ? FormatWhole<F[number]>
  : F extends SchemaFormat<infer S>
    ? SchemaOutput<S>[]
    : FormatItem<F>
