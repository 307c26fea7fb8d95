/** A reply whose body is taken by a test while the handler runs. The same over every kind of connection. */
import type { Outcome } from '../core/reply.ts';
import type { Schema, SchemaOutput } from '../core/schema.ts';
import { type TestItems } from './item-reader.ts';
/** A request to send. */
export interface TestRequest {
    readonly headers?: Readonly<Record<string, string>>;
    /** A string or bytes are sent as one piece with their length; an iterable piece by piece, without. */
    readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
    /** Leaves when it is aborted, also before there is a reply: then `request` rejects with its reason. */
    readonly signal?: AbortSignal;
}
/** How a body ended, as far as it can be known. */
export interface TestEnding {
    /** In memory as the app tells it. Over HTTP `complete`, `disconnect` if the test left, or `error` if it was cut. */
    readonly outcome: Outcome;
    readonly bytes: number;
    /** In memory only. */
    readonly items?: number;
    readonly error?: unknown;
}
/** A reply, from its head on. Nothing is read before it is asked for: not to read is to stall. */
export interface TestReply extends AsyncIterable<Uint8Array> {
    readonly status: number;
    /** By lower-case name. */
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    /**
     * The next chunk as text, undefined at a clean end.
     *
     * @throws {StreamTruncated} when the stream was cut off.
     */
    next(): Promise<string | undefined>;
    /**
     * The rest of the body.
     *
     * @throws {StreamTruncated} when the stream was cut off.
     */
    text(): Promise<string>;
    /** The rest of the body as JSON; throws as `text` does. */
    json(): Promise<unknown>;
    /**
     * The items of the rest, by the content type: JSON Lines, JSON text sequences or server-sent events.
     *
     * @param schema types the items, and throws for one that does not pass.
     * @throws {TypeError} for other content types.
     */
    items(): TestItems<unknown>;
    items<S extends Schema>(schema: S): TestItems<SchemaOutput<S>>;
    /** Goes away, like a client that closes its connection. */
    disconnect(): void;
    /** Takes so many chunks as text and goes away. Throws when the stream ends before that. */
    disconnectAfter(chunks: number): Promise<string[]>;
    /** The connection breaks while the server writes: in memory what it writes next is lost. */
    breakConnection(): void;
    /** How the body ended; settles when it has. */
    readonly ended: Promise<TestEnding>;
}
/** A reply as a kind of connection gives it. */
export interface Wire {
    readonly status: number;
    readonly headers: TestReply['headers'];
    /** The next bytes, undefined at a clean end. Rejects when the body was cut. */
    next(): Promise<Uint8Array | undefined>;
    leave(): void;
    break(): void;
    readonly ended: Promise<TestEnding>;
}
export declare class LiveReply implements TestReply {
    #private;
    readonly status: number;
    readonly headers: TestReply['headers'];
    readonly ended: Promise<TestEnding>;
    constructor(wire: Wire);
    next(): Promise<string | undefined>;
    text(): Promise<string>;
    json(): Promise<unknown>;
    items<T>(schema?: Schema<unknown, T>): TestItems<T>;
    disconnect(): void;
    disconnectAfter(chunks: number): Promise<string[]>;
    breakConnection(): void;
    [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined>;
}
//# sourceMappingURL=reply.d.ts.map