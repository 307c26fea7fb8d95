import type { HandlerContext, KnownOptions, Middleware, Result, Route, RouteOptions } from './route.ts';
import type { WebSocketOptions, WebSocketRoute } from './route.ts';
import type { Uses } from './dependency.ts';
import type { WebSocketHandlerContext } from './websocket.ts';
/** A request handler of any fetch-style framework. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;
/** A path under a prefix. */
export type Join<Prefix extends string, P extends string> = Prefix extends '' ? P : `${Prefix}${P}`;
/** The registration function of one method. */
export interface Register<M extends string, Prefix extends string, U> {
    /**
     * Declares a route.
     *
     * @param path literal segments, `:name` for one segment, `*name` at the end for the rest.
     * @param handler a function, whose result is sent, or a generator, whose items are streamed.
     * @throws {UsageError} once the app has started.
     */
    <const P extends string, R>(path: P, handler: (context: HandlerContext<Join<Prefix, P>, unknown, U>) => R): Route<M, Join<Prefix, P>, unknown, R>;
    /**
     * Declares a route with options: input schemas, what it returns or streams, dependencies.
     *
     * @param path literal segments, `:name` for one segment, `*name` at the end for the rest.
     * @param options plain data; see RouteOptions.
     * @param handler a function, whose result is sent, or a generator, whose items are streamed.
     * @throws {UsageError} once the app has started.
     */
    <const P extends string, const O extends RouteOptions, R extends Result<O>>(path: P, options: O & KnownOptions<O, RouteOptions>, handler: (context: HandlerContext<Join<Prefix, P>, O, U>) => R): Route<M, Join<Prefix, P>, O, R>;
}
export interface RouterOptions<Prefix extends string = string, U extends Uses = Uses> {
    /** In front of every path of this router, for example `/users`. */
    readonly prefix?: Prefix;
    /** Tags of every route, for the docs. */
    readonly tags?: readonly string[];
    /** Dependencies of every route; handlers get them by these names. */
    readonly use?: U;
    /** Middleware around every route, the first one outermost. */
    readonly middleware?: readonly Middleware[];
}
type Handler = (context: never) => unknown;
/** What was declared on a router, in order. */
export type Declared = {
    readonly kind: 'route';
    readonly path: string;
    readonly route: Route<string, string, RouteOptions>;
    readonly handler: Handler;
} | {
    readonly kind: 'websocket';
    readonly path: string;
    readonly route: WebSocketRoute<string, WebSocketOptions>;
    readonly handler: Handler;
} | {
    readonly kind: 'mount';
    readonly path: string;
    readonly declaredAt: string;
    readonly fetch: FetchHandler;
} | {
    readonly kind: 'group';
    readonly group: RouteGroup;
};
/** A router without its types: what an app reads of it. */
export interface RouteGroup {
    readonly prefix: string;
    readonly tags: readonly string[];
    readonly use: Uses;
    readonly middleware: readonly Middleware[];
    readonly declared: readonly Declared[];
    freeze(): void;
}
/**
 * A group of routes with a common prefix, tags, dependencies and middleware. Include it in an app or
 * in another router.
 */
export declare class Router<const Prefix extends string = '', const U extends Uses = {}> implements RouteGroup {
    #private;
    readonly prefix: string;
    readonly tags: readonly string[];
    readonly use: Uses;
    readonly middleware: readonly Middleware[];
    readonly declared: Declared[];
    readonly get: Register<'GET', Prefix, U>;
    readonly post: Register<'POST', Prefix, U>;
    readonly put: Register<'PUT', Prefix, U>;
    readonly patch: Register<'PATCH', Prefix, U>;
    readonly delete: Register<'DELETE', Prefix, U>;
    readonly options: Register<'OPTIONS', Prefix, U>;
    /** QUERY (RFC 10008): safe and idempotent like GET, with a body. */
    readonly query: Register<'QUERY', Prefix, U>;
    constructor(options?: RouterOptions<Prefix, U>);
    /**
     * Declares a route for any other method, for example `app.route('PURGE', '/cache/:key', handler)`.
     *
     * @throws {UsageError} for what is not an upper-case method token.
     */
    route<const M extends string, const P extends string, R>(method: M, path: P, handler: (context: HandlerContext<Join<Prefix, P>, unknown, U>) => R): Route<M, Join<Prefix, P>, unknown, R>;
    route<const M extends string, const P extends string, const O extends RouteOptions, R extends Result<O>>(method: M, path: P, options: O & KnownOptions<O, RouteOptions>, handler: (context: HandlerContext<Join<Prefix, P>, O, U>) => R): Route<M, Join<Prefix, P>, O, R>;
    /**
     * Declares a WebSocket route.
     *
     * @param handler runs while the socket is open; when it returns, the socket is closed with 1000.
     */
    websocket<const P extends string, const O extends WebSocketOptions>(path: P, options: O & KnownOptions<O, WebSocketOptions>, handler: (context: WebSocketHandlerContext<Join<Prefix, P>, O, U>) => unknown): WebSocketRoute<Join<Prefix, P>, O>;
    /** Adds the routes of a router, under this one's prefix, dependencies and middleware. */
    include(router: RouteGroup): void;
    /**
     * Hands everything below a path to a fetch-style handler (Hono, h3, another Millrace app). It sees
     * the path without the prefix.
     */
    mount(path: string, handler: FetchHandler | {
        readonly fetch: FetchHandler;
    }): void;
    /** Ends registration. The app calls it when it starts. */
    freeze(): void;
}
export {};
//# sourceMappingURL=router.d.ts.map