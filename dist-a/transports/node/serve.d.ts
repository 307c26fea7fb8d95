import type { Application } from '../../core/app.ts';
import { type ListenOptions } from './server.ts';
export interface CloseOptions {
    /** Milliseconds that replies of known length may take to finish; default what `listen` was given. Streams are told at once. */
    readonly grace?: number;
}
/** A listening server. */
export interface Listening {
    readonly host: string;
    readonly port: number;
    /** For example `http://127.0.0.1:8000`. */
    readonly url: string;
    /** Stops this server: no new connections, streams told and ended, finite replies finished within the grace. */
    close(options?: CloseOptions): Promise<void>;
}
/** Starts the app and serves it on Node: HTTP/1.1, HTTP/2 and WebSocket. */
export declare function serve(app: Application, options?: ListenOptions): Promise<Listening>;
//# sourceMappingURL=serve.d.ts.map