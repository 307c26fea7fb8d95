import type { Format } from '../core/format.ts';
import { type Schema, type SchemaInput, type SchemaOutput } from '../core/schema.ts';
export interface ItemOptions {
    /** What happens to an item that does not pass the schema: `fail` (default) or `drop`, which counts it. */
    readonly invalid?: 'fail' | 'drop';
    /** Ends a complete stream with a mark, so that a reader can tell; default: only if the client asks for it. */
    readonly end?: boolean;
}
export interface SseOptions extends ItemOptions {
    /** Milliseconds without an event after which a comment is sent, so that nobody on the way takes the stream for dead. Default 15 000; 0 for none. */
    readonly heartbeat?: number;
    /** Tells the client how long to wait before it reconnects, in milliseconds. */
    readonly retry?: number;
    /** Ends the stream cleanly after so many milliseconds, with a `retry`, so that clients come back. */
    readonly maxAge?: number;
}
/** Text, item by item, as UTF-8. The head waits for the first item. */
export declare const text: Format<string>;
/**
 * Bytes of a media type, chunk by chunk. The head waits for the first chunk.
 *
 * @param mediaType default application/octet-stream.
 */
export declare function bytes(mediaType?: string): Format<Uint8Array>;
/**
 * JSON Lines: one JSON value per line, as application/jsonl (or application/x-ndjson, if the client
 * asks for that). As a `body` it gives the handler the validated items as they arrive.
 *
 * The head waits for the first item. When the stream fails later, the last line is
 * `{"$error": <problem document>}` and the connection is cut; a marked end is the line `{"$end":true}`.
 *
 * @param schema what each item must pass; without one they are taken as they are.
 */
export declare function jsonl(): Format<unknown>;
export declare function jsonl<S extends Schema>(schema: S, options?: ItemOptions): Format<SchemaInput<S>, SchemaOutput<S>>;
/** JSON text sequences (RFC 7464): like JSON Lines, with a record separator in front of every item. */
export declare function jsonSeq(): Format<unknown>;
export declare function jsonSeq<S extends Schema>(schema: S, options?: ItemOptions): Format<SchemaInput<S>, SchemaOutput<S>>;
/** One JSON array, streamed item by item. An end without the closing bracket is a cut. */
export declare function jsonArray(): Format<unknown>;
export declare function jsonArray<S extends Schema>(schema: S, options?: ItemOptions): Format<SchemaInput<S>, SchemaOutput<S>>;
/**
 * Server-sent events (WHATWG HTML section 9.2): each item is the JSON `data` of an event; give it an
 * id, a name or a retry time with `event(data, meta)`. Any method may answer with it; a reply of 204
 * tells an EventSource to stop coming back.
 *
 * The head waits at most 100 ms for the first event. When the stream fails later, the last event is
 * named `error`, carries a problem document, and the connection is cut; a marked end is an event
 * named `end`. At shutdown the stream ends cleanly with a `retry`, so that its reader comes back.
 *
 * @param schema what each item must pass; without one they are taken as they are.
 */
export declare function sse(): Format<unknown>;
export declare function sse<S extends Schema>(schema: S, options?: SseOptions): Format<SchemaInput<S>, SchemaOutput<S>>;
/** For a generator that declares no format: strings are text, bytes octets, everything else JSON Lines. */
export declare function inferFormat(first: unknown): Format;
//# sourceMappingURL=format.d.ts.map