import type { QueryRecord } from '../wire/query.ts';
import type { PathParams } from '../wire/path.ts';
import type { RequestBody } from './body.ts';
import type { Format } from './format.ts';
import type { Head } from './head.ts';
import type { Incoming, IncomingHeaders } from './incoming.ts';
import type { Logger } from './logger.ts';
import type { Ending } from './reply.ts';
import type { Schema, SchemaOutput } from './schema.ts';
import type { Emitter, OnOptions } from './wait.ts';
/** A callback that runs when the body has really ended, and is told how. */
export type AfterCallback = (ending: Ending) => unknown;
/**
 * What a handler sees. Everything is made when it is first read. `P` is the path literal, `O` the
 * route's options; the inputs are typed from both.
 */
export interface Context<P extends string = string, O = unknown> {
    /** Path parameters, decoded; typed by the `params` schema or by the names in the path. */
    readonly params: O extends {
        readonly params: infer S extends Schema;
    } ? SchemaOutput<S> : PathParams<P>;
    /** The query; without a schema a record of strings, or of lists where a key is repeated. */
    readonly query: O extends {
        readonly query: infer S extends Schema;
    } ? SchemaOutput<S> : Readonly<QueryRecord>;
    /** Request headers by lower-case name. */
    readonly headers: O extends {
        readonly headers: infer S extends Schema;
    } ? SchemaOutput<S> : IncomingHeaders;
    /** Cookies by name. */
    readonly cookies: O extends {
        readonly cookies: infer S extends Schema;
    } ? SchemaOutput<S> : Readonly<Record<string, string | undefined>>;
    /** The body: validated if the route has a schema for it, otherwise a reader of the raw body. */
    readonly body: O extends {
        readonly body: infer B;
    } ? BodyValue<B> : RequestBody;
    /** Where an EventSource that reconnects wants to go on: its `Last-Event-ID`. For a typed one, declare `headers`. */
    readonly lastEventId: string | undefined;
    /** The request as it came from the transport. */
    readonly request: Incoming;
    /** The request method, upper case. */
    readonly method: string;
    /** The canonical path, as the router saw it. */
    readonly path: string;
    /** The pattern of the matched route, undefined when none matched. */
    readonly route: string | undefined;
    /** Aborts when the client goes away, a deadline passes, the server shuts down or the stream fails. */
    readonly signal: AbortSignal;
    /** Waits `ms` milliseconds; rejects at once when the request is cancelled. */
    readonly sleep: (ms: number) => Promise<void>;
    /** The events of an emitter, as lists of arguments; ends at once when the request is cancelled. */
    readonly on: (emitter: Emitter, name: string, options?: OnOptions) => AsyncIterableIterator<unknown[], void>;
    /** Runs `fn` in the background when the body has ended, one after another, and tells it how it ended. */
    readonly after: (fn: AfterCallback) => void;
    /** Status and headers of the reply to come; settable until the first item leaves. */
    readonly head: Head;
    /** The app's logger. */
    readonly log: Logger;
}
/** The names a dependency may not have, because the context has them. */
export declare const CONTEXT_NAMES: ["params", "query", "headers", "cookies", "body", "lastEventId", "request", "method", "path", "route", "signal", "sleep", "on", "after", "head", "log"];
/** `text` as a body is a string, `bytes` the reader of the raw body, `jsonl(schema)` its items, a schema what it gives. */
type BodyValue<B> = B extends Schema ? SchemaOutput<B> : B extends Format<unknown, infer Output> ? Output extends string ? string : Output extends Uint8Array ? RequestBody : AsyncIterable<Output> : RequestBody;
export {};
//# sourceMappingURL=context.d.ts.map