/**
 * A source is the one shape in which the pump sees everything that can be streamed: generators,
 * iterables, web streams and Node streams. It is pulled with `next()`, and stopped once.
 *
 * Stopping has a theory. `return()` of an async generator that is inside an `await` is only queued
 * by JavaScript; so the request's waits are cancelled first (by the caller), sources that have a
 * stop of their own (streams) are stopped directly, and only then `return()` is awaited, under a
 * deadline, so that a generator that never unwinds is found and reported instead of waited for.
 */
import { type AsyncScope } from './async-scope.ts';
import type { Clock } from './clock.ts';
/** What bodies are made of. Strings are sent as UTF-8. */
export type Chunk = string | Uint8Array;
/** How the items of a source become chunks. */
export interface Encoding {
    /** What stands in front of the first item. */
    readonly opening?: Chunk | undefined;
    /** Encodes one item; undefined drops it. A promise only where a validator is asynchronous. */
    encode(item: unknown): Chunk | undefined | Promise<Chunk | undefined>;
    /** What follows the last item of a complete stream. */
    finish?(): Chunk | undefined;
    /** A last chunk that tells of a failure, for formats that have one. */
    failure?(error: unknown): Chunk | undefined;
    /** A last chunk for a reader that shall come back, for formats in which a stream may end before its source. */
    farewell?(): Chunk | undefined;
    /** What is sent when nothing else was for `ms` milliseconds. */
    readonly heartbeat?: {
        readonly ms: number;
        readonly chunk: Chunk;
    } | undefined;
    /** After so many milliseconds the reader is sent away with a farewell. */
    readonly maxAgeMs?: number | undefined;
}
/** For sources whose items are chunks already. */
export declare const RAW: Encoding;
/** What was thrown, boxed, since anything can be. */
export interface Failure {
    readonly error: unknown;
}
export type SourceResult = IteratorResult<unknown, unknown>;
export declare class Source {
    #private;
    /** May be replaced until the first item is encoded. */
    encoding: Encoding;
    /** Called once when the source has ended or failed by itself; told of the failure. */
    onEnded: ((failure: Failure | undefined) => void) | undefined;
    /**
     * Enters the asynchronous context in which the source was made. Whoever pulls enters it once; what
     * follows by promises stays in it.
     */
    readonly enter: AsyncScope;
    private constructor();
    /** @returns undefined when the value cannot be streamed. */
    static from(value: unknown, encoding?: Encoding): Source | undefined;
    /** The encoded chunks, for middleware that transforms a body; the last word of a failure is one of them. */
    chunks(): AsyncGenerator<Chunk, void, undefined>;
    /** What the format has to say about a failure, if anything. Never throws. */
    lastWord(error: unknown): Chunk | undefined;
    /** Like `next`, but takes note of the end. */
    pull(): Promise<SourceResult>;
    /** Pulls the next item. Throws or rejects when the source fails. */
    next(): SourceResult | PromiseLike<SourceResult>;
    /** Puts a result back in front: it was pulled to learn whether there is one. */
    unshift(first: SourceResult | PromiseLike<SourceResult>): void;
    /**
     * Puts the first item back in front, encoded already, so that an item that cannot be encoded is
     * found out while there is still a status to choose. Throws (or rejects) for such an item.
     */
    prime(first: SourceResult): void | Promise<void>;
    /** What it failed with by itself. */
    get failure(): Failure | undefined;
    /** Whether the source has ended, failed or been stopped. */
    get ended(): boolean;
    /** To be called by whoever saw `done` or an error: there is nothing left to stop. */
    markEnded(failure?: Failure): void;
    /**
     * Stops the source and waits until it has unwound.
     *
     * @returns whether it has, within `deadlineMs`. Rejects with what its cleanup threw.
     */
    stop(reason: unknown, clock: Clock, deadlineMs: number): Promise<boolean>;
}
/** A web ReadableStream, by shape: it may come from another realm or a polyfill. */
export declare function isWebStream(value: object): value is ReadableStream<unknown>;
/** The part of a Node stream.Readable that is used here, by shape, so that core needs no Node. */
interface NodeReadable {
    read(): unknown;
    destroy(error?: Error): unknown;
    on(event: string, listener: (...args: never[]) => void): unknown;
    readonly readableEnded: boolean;
    readonly errored: unknown;
    readonly destroyed: boolean;
}
export declare function isNodeReadable(value: object): value is object & NodeReadable;
export {};
//# sourceMappingURL=source.d.ts.map