import { Application, type AppOptions } from './core/app.ts';
import type { Uses } from './core/dependency.ts';
import type { CloseOptions, Listening } from './transports/node/serve.ts';
import type { ListenOptions } from './transports/node/server.ts';
/**
 * An app: routes, and what serves them. Declare everything first; the app is frozen when it starts.
 *
 * @example
 * const app = new App({ title: 'Ticker' })
 * app.get('/', () => 'hello')
 * await app.listen({ port: 8000 })
 */
export declare class App<const U extends Uses = {}> extends Application<U> {
    #private;
    constructor(options?: AppOptions<U>);
    /**
     * Starts the app and serves it on Node: HTTP/1.1, HTTP/2 and WebSocket.
     *
     * @throws {UsageError} for mistakes in the declared routes; rejects when the port is taken.
     */
    listen(options?: ListenOptions): Promise<Listening>;
    /** Answers a web Request, for Bun, Deno, workers and other frameworks' mounts. Rejects only when start-up fails. */
    readonly fetch: (request: Request) => Promise<Response>;
    /**
     * Stops: no new connections, streams told and cut, finite replies finished within the grace, then
     * background work, and the lifespan to its end.
     */
    close(options?: CloseOptions): Promise<void>;
}
//# sourceMappingURL=app.d.ts.map