import type { Problem } from './error.ts';
import type { Schema } from './schema.ts';
import type { Chunk } from './source.ts';
/**
 * How the items of a stream become bytes: a media type and an encoding, and for typed formats a
 * schema that every item must pass. `text`, `bytes(type)`, `jsonl(schema)`, `sse(schema)` and the
 * others are values of this type. `Item` is what is yielded, `Output` what a reader gets.
 */
export interface Format<Item = unknown, Output = Item> {
    readonly name: 'text' | 'bytes' | 'jsonl' | 'json-seq' | 'json-array' | 'sse';
    /** The reply's `content-type`. */
    readonly contentType: string;
    /** The essences by which `Accept` may ask for it, the preferred one first. */
    readonly mediaTypes: readonly string[];
    /** More headers of the reply. */
    readonly headers?: Readonly<Record<string, string>>;
    /** What each item must pass. */
    readonly schema?: Schema;
    /** What happens to an item that does not pass: `fail` ends the stream with an error, `drop` counts it. */
    readonly invalid: 'fail' | 'drop';
    /**
     * How long the head may wait for the first item, in milliseconds, so that an error before it is a
     * real status. Infinity: until there is one.
     */
    readonly holdMs: number;
    /** A chunk that says nothing, sent when nothing else was for so many milliseconds. */
    readonly heartbeat?: {
        readonly ms: number;
        readonly chunk: Chunk;
    };
    /** When a stream ends cleanly, before its source does, so that its reader comes back; milliseconds. */
    readonly maxAgeMs?: number;
    /** Whether a complete stream always carries its end mark; otherwise only if the client asks for it. */
    readonly end: boolean;
    /** Makes the encoder of one stream. */
    encoder(): ItemEncoder;
    /** Carry the types; never present. */
    readonly '~item'?: Item;
    readonly '~output'?: Output;
}
/** The wire form of one stream, from its first byte to its last. */
export interface ItemEncoder {
    /** What stands in front of the first item. */
    readonly opening?: Chunk;
    /** Encodes one item, already validated. Throws for what the format cannot hold. */
    encode(item: unknown, meta: EventMeta | undefined): Chunk;
    /** What a complete stream ends with, whether or not it is marked (the bracket of an array). */
    closing?(): Chunk;
    /** What says that the stream is complete, for formats that can. */
    readonly endMark?: Chunk;
    /** A last item that tells of a failure in the middle; streams without one are only cut. */
    failure?(problem: Problem): Chunk;
    /** A clean goodbye from a stream that is not complete: the reader shall come back after `retryMs`. */
    farewell?(retryMs: number): Chunk;
}
/** What an item may carry besides its data. */
export interface EventMeta {
    /** Where a client can resume after this item. No line breaks, no NUL. */
    readonly id?: string;
    /** The event's name. No line breaks, no NUL. */
    readonly event?: string;
    /** Milliseconds a client should wait before it reconnects. */
    readonly retry?: number;
    /** A comment in front of the event, for whoever reads the wire. */
    readonly comment?: string;
}
/** An item with metadata. Make one with `event(data, meta)`. */
export declare class StreamEvent<Item = unknown> {
    readonly data: Item;
    readonly meta: EventMeta;
    constructor(data: Item, meta: EventMeta);
}
/**
 * An item with an id, a name, a retry time or a comment, for formats that carry them (SSE). Others
 * send the data alone.
 *
 * @example yield event(row, { id: String(row.version), event: 'row' })
 */
export declare function event<const Item>(data: Item, meta: EventMeta): StreamEvent<Item>;
/** The item type of a format, or of several that take the same items. */
export type FormatItem<F> = F extends Format<infer Item, unknown> ? Item : F extends readonly Format<infer Item, unknown>[] ? Item : never;
//# sourceMappingURL=format.d.ts.map