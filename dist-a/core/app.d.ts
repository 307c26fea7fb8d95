import { type Clock } from './clock.ts';
import type { Dependency, Uses } from './dependency.ts';
import { type ErrorHandler } from './dispatch.ts';
import type { Engine } from './engine.ts';
import type { Format } from './format.ts';
import type { Incoming } from './incoming.ts';
import { type Logger } from './logger.ts';
import type { Observer } from './observer.ts';
import type { Reply } from './reply.ts';
import type { AnyRoute } from './route.ts';
import { Router, type RouterOptions } from './router.ts';
import { type Timeouts } from './timeout.ts';
/** Runs around the app's life: what stands before the `yield` at start-up, what stands after it at shutdown. */
export type Lifespan = () => AsyncGenerator<unknown, void, unknown>;
export interface AppOptions<U extends Uses = Uses> extends Omit<RouterOptions<string, U>, 'prefix'> {
    /** For the documents. */
    readonly title?: string;
    readonly version?: string;
    /** Start-up and shutdown as one generator; it yields once, when the app is ready. */
    readonly lifespan?: Lifespan;
    /** Where to log; a pino logger fits. Default: warnings and errors as JSON lines on standard error. */
    readonly log?: Logger;
    readonly observers?: readonly Observer[];
    /** The largest request body in bytes, default 1 MiB. Routes may set their own. */
    readonly bodyLimit?: number;
    /** How long each phase of a request may take; see Timeouts for the defaults. */
    readonly timeouts?: Timeouts;
    /** Milliseconds that background work may take at shutdown before it is cancelled, default 10 000. */
    readonly backgroundMs?: number;
    /** Milliseconds a cancelled stream may take to unwind before it is reported, default 5000. */
    readonly unwindMs?: number;
    /** Where time comes from; tests put their own here. */
    readonly clock?: Clock;
}
/**
 * The model of an app: routes, and `handle`, which answers one request. It knows no transport; the
 * `App` of the front door adds those.
 */
export declare class Application<const U extends Uses = {}> extends Router<'', U> {
    #private;
    readonly title: string;
    readonly version: string;
    readonly engine: Engine;
    constructor(options: AppOptions<U>, inferFormat: (first: unknown) => Format);
    /** Every route with its full path. Reading it ends registration. */
    get routes(): readonly AnyRoute[];
    /** Answers errors your own way: the first handler that returns a reply wins. */
    onError(handler: ErrorHandler): void;
    /**
     * Replaces a dependency, for tests.
     *
     * @returns a function that puts it back.
     */
    override<T>(dependency: Dependency<T>, replacement: Dependency<T>): () => void;
    /**
     * Ends registration and builds the route table.
     *
     * @throws {UsageError} for duplicate routes and other mistakes, naming the places.
     */
    freeze(): void;
    /** Freezes and runs the lifespan up to its yield. Idempotent; rejects when start-up fails. */
    start(): Promise<void>;
    /** Whether the app has started and is not shutting down: what a readiness probe asks. */
    get ready(): boolean;
    /** Readiness turns false, so that load balancers look elsewhere while running requests end. */
    retire(): void;
    /** Waits for background work, releases what has scope `app`, and runs the lifespan to its end. */
    stop(): Promise<void>;
    /**
     * Answers one request. Never throws and never rejects: what goes wrong becomes a reply.
     * Synchronous when everything on the way is.
     */
    handle(incoming: Incoming): Reply | Promise<Reply>;
}
//# sourceMappingURL=app.d.ts.map