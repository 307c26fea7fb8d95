import { type QueryRecord } from '../wire/query.ts';
import type { Clock } from './clock.ts';
import { type Incoming } from './incoming.ts';
/** The default of `bodyLimit`: 1 MiB. */
export declare const DEFAULT_BODY_LIMIT: number;
/**
 * The request body: an async iterable of bytes, pulled at the reader's pace and readable once, with
 * methods that collect it. Whatever way it is read, it never grows past the route's `bodyLimit`.
 */
export declare class RequestBody implements AsyncIterable<Uint8Array> {
    #private;
    /** Bytes accepted at the most. */
    readonly limit: number;
    /** @param timeoutMs how long the whole body may take from the first read on, 0 for no limit. */
    constructor(incoming: Incoming, limit: number, clock: Clock, timeoutMs: number);
    /** The `content-length`, undefined when the body is sent in pieces of unknown number. */
    get length(): number | undefined;
    /** The media type without parameters, or undefined. */
    get mediaType(): string | undefined;
    /** Whether more came, or was announced, than `limit` allows. */
    get exceeded(): boolean;
    /** Whether anybody has begun to read. */
    get started(): boolean;
    /**
     * The bytes as they arrive.
     *
     * @throws {HttpError} 413 as soon as the body is known to be too large.
     * @throws {TypeError} when it was read already.
     */
    [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined>;
    /** The whole body. May be called again. */
    bytes(): Promise<Uint8Array>;
    /**
     * The whole body as text.
     *
     * @throws {HttpError} 400 for invalid UTF-8, 415 for a charset other than UTF-8.
     */
    text(): Promise<string>;
    /**
     * The whole body as JSON. A key named `__proto__` becomes a plain own property.
     *
     * @throws {HttpError} 400 when it is not JSON.
     */
    json(): Promise<unknown>;
    /**
     * The whole body as the fields of a form (application/x-www-form-urlencoded).
     *
     * @throws {HttpError} 400 when it is malformed or has more than 1000 fields.
     */
    form(): Promise<QueryRecord>;
    /** Whether its size is not known yet, and nobody is reading who would learn it. */
    get unsettled(): boolean;
    /**
     * Makes sure that an oversized body of unknown length does not pass because nobody read it, or not
     * all of it: reads and forgets the rest, up to the limit.
     */
    settle(): Promise<void>;
    /** @throws {HttpError} 413 if the body is too large. */
    assertFits(): void;
}
//# sourceMappingURL=body.d.ts.map