import type { Chunk } from './source.ts'
import type { Problem } from './error.ts'
import type { Schema } from './schema.ts'

/**
 * How the items of a stream become bytes: a media type and an encoding, and for typed formats a
 * schema that every item must pass. `text`, `bytes(type)`, `jsonl(schema)` and `sse(schema)` are
 * values of this type.
 */
export interface Format<Item = unknown> {
  /** What an item is called in docs and in the client. */
  readonly name: 'text' | 'bytes' | 'jsonl' | 'sse'
  /** The reply's `content-type`. */
  readonly contentType: string
  /** The essences by which `Accept` may ask for it, the preferred one first. */
  readonly mediaTypes: readonly string[]
  /** More headers of the reply. */
  readonly headers?: Readonly<Record<string, string>>
  /** What each item must pass. */
  readonly schema?: Schema
  /**
   * How long the head may wait for the first item, in milliseconds, so that an error before it is a
   * real status. Infinity: until there is one.
   */
  readonly holdMs: number
  /** Encodes one item, already validated. Throws for what the format cannot hold. */
  encode(item: unknown, meta: EventMeta | undefined): Chunk
  /** A last item that tells of a failure in the middle; formats without one are only cut. */
  readonly failure?: (problem: Problem) => Chunk
  /** Carries the item type; never present. */
  readonly '~item'?: Item
}

/** What an item may carry besides its data. */
export interface EventMeta {
  /** Where a client can resume after this item. No line breaks, no NUL. */
  readonly id?: string
  /** The event's name. No line breaks, no NUL. */
  readonly event?: string
  /** Milliseconds a client should wait before it reconnects. */
  readonly retry?: number
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
 * An item with an id, a name or a retry time, for formats that carry them (SSE). Others send the
 * data alone.
 *
 * @example yield event(row, { id: String(row.version), event: 'row' })
 */
export function event<const Item>(data: Item, meta: EventMeta): StreamEvent<Item> {
  return new StreamEvent(data, meta)
}

/** The item type of a format, or of several that take the same items. */
export type FormatItem<F> =
  F extends Format<infer Item> ? Item : F extends readonly Format<infer Item>[] ? Item : never
