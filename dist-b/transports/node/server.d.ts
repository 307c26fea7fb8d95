import type { Application } from '../../core/app.ts';
import { type CompressOptions } from './compress.ts';
export interface ListenOptions {
    /** Default 8000; 0 picks a free port. */
    readonly port?: number;
    /** The address to bind, default 127.0.0.1. Use `0.0.0.0` or `::` to be reached from other machines. */
    readonly host?: string;
    /** Key and certificate in PEM: serves HTTPS, with HTTP/2 and HTTP/1.1 on the same port (ALPN). */
    readonly tls?: TlsOptions;
    /** Serves HTTP/2 without TLS to clients that know it beforehand (RFC 9113 section 3.3); HTTP/1.1 is then not spoken. */
    readonly http2?: boolean;
    /** Compresses streams for clients that accept it, flushed item by item. Default false. */
    readonly compress?: boolean | CompressOptions;
    /** Milliseconds that finite replies may take when the server closes, default 10 000. Streams are told at once. */
    readonly grace?: number;
    /**
     * Closes the app at SIGTERM and SIGINT, and then ends the process with exit code 0; a second signal
     * cuts what is left, and leaves teardown one second. Default true.
     */
    readonly signals?: boolean;
}
export interface TlsOptions {
    readonly key: string | Uint8Array;
    readonly cert: string | Uint8Array;
}
/** One listening socket: requests in, replies out, and an orderly end. */
export declare class NodeServer {
    #private;
    constructor(app: Application, options: ListenOptions);
    /** @returns the port it is bound to. */
    listen(port: number, host: string): Promise<number>;
    /**
     * Accepts nothing more, tells every stream at once, lets finite replies finish within the grace, and
     * cuts the rest. Called again, a shorter grace counts.
     */
    close(grace: number): Promise<void>;
}
//# sourceMappingURL=server.d.ts.map