import { RequestBody } from './body.ts';
import type { Cancellation } from './cancellation.ts';
import { type AfterCallback } from './context.ts';
import type { Dependency } from './dependency.ts';
import type { Engine } from './engine.ts';
import { Head } from './head.ts';
import { type Incoming } from './incoming.ts';
import { Lifetime } from './lifetime.ts';
import type { Logger } from './logger.ts';
import type { ObservedRequest } from './observer.ts';
import type { RouteLimits } from './route.ts';
import type { Timeouts } from './timeout.ts';
import { type Emitter, type OnOptions } from './wait.ts';
export declare class Exchange {
    #private;
    readonly request: Incoming;
    readonly method: string;
    readonly path: string;
    readonly engine: Engine;
    /** The pattern of the matched route. */
    route: string | undefined;
    readonly lifetime: Lifetime;
    timeouts: Required<Timeouts>;
    /** Called when the route is found, by whoever waits for its limits. */
    onMatched: (() => void) | undefined;
    constructor(engine: Engine, request: Incoming, path: string, rawQuery: string);
    /** Called once the router has found the route. */
    matched(route: string | undefined, params: Readonly<Record<string, string>> | undefined, wildcard: string | undefined, limits: RouteLimits | undefined): void;
    get params(): unknown;
    get query(): unknown;
    get headers(): unknown;
    get cookies(): unknown;
    get body(): unknown;
    /** Hands over inputs that passed their schemas. */
    accept(inputs: object): void;
    /** The reader of the body, if anybody asked for it. */
    get touchedBody(): RequestBody | undefined;
    get rawBody(): RequestBody;
    get lastEventId(): string | undefined;
    get cancellation(): Cancellation;
    get signal(): AbortSignal;
    get sleep(): (ms: number) => Promise<void>;
    get on(): (emitter: Emitter, name: string, options?: OnOptions) => AsyncIterableIterator<unknown[], void>;
    get after(): (fn: AfterCallback) => void;
    get head(): Head;
    /** The head is about to leave: from now on setting anything on it throws. Gives it if it was touched. */
    closeHead(): Head | undefined;
    get log(): Logger;
    /** The request's instances of its dependencies. */
    get instances(): Map<Dependency<unknown>, unknown>;
    get observed(): ObservedRequest;
}
/**
 * The context as one dependency sees it: the request's own, with inputs and dependencies of its own.
 */
export declare class ExchangeView {
    readonly exchange: Exchange;
    constructor(exchange: Exchange, own: object);
}
//# sourceMappingURL=exchange.d.ts.map