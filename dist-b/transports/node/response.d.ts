/**
 * The two kinds of responses Node has, as far as they differ: how a head is written and how a body is
 * cut so that its reader can tell.
 */
import type { ServerResponse } from 'node:http';
import { type Http2ServerResponse } from 'node:http2';
import type { Reply } from '../../core/reply.ts';
import type { Chunk } from '../../core/source.ts';
/** A response being written. */
export interface NodeResponse {
    /** Whether there is nobody left to write to. */
    readonly gone: boolean;
    /** Whether everything was handed over to the system. */
    readonly finished: boolean;
    writeHead(reply: Reply): void;
    flushHead(): void;
    write(chunk: Chunk, done?: () => void): boolean;
    end(chunk?: Chunk): void;
    /** Ends abnormally once what was written has left. */
    cut(): void;
    /** Ends abnormally at once. */
    destroy(): void;
    on(event: 'drain' | 'finish' | 'close', listener: () => void): void;
}
/** A body under way, as shutdown sees it. */
export interface Sending {
    /** Whether the body has no known length, so that nobody can wait for its end. */
    readonly endless: boolean;
    /** Sends the reader away, as gently as the format allows. */
    stop(): void;
    /** Cuts the body at once. */
    cut(reason: 'shutdown'): void;
    /** Settles when what was sent is let go of, for bodies that are so only some time after their end. */
    readonly released?: Promise<void>;
}
/** HTTP/1: a cut is a connection that closes before the end of the body. */
export declare class Http1Response implements NodeResponse {
    #private;
    readonly raw: ServerResponse;
    constructor(raw: ServerResponse);
    get gone(): boolean;
    get finished(): boolean;
    writeHead(reply: Reply): void;
    flushHead(): void;
    write(chunk: Chunk, done?: () => void): boolean;
    end(chunk?: Chunk): void;
    cut(): void;
    destroy(): void;
    on(event: 'drain' | 'finish' | 'close', listener: () => void): void;
}
/** HTTP/2: a cut is a RST_STREAM, and leaves the connection's other streams alone. */
export declare class Http2Response implements NodeResponse {
    #private;
    constructor(raw: Http2ServerResponse);
    get gone(): boolean;
    get finished(): boolean;
    writeHead(reply: Reply): void;
    /** Nothing to do: HTTP/2 sends a head at once. */
    flushHead(): void;
    write(chunk: Chunk, done?: () => void): boolean;
    end(chunk?: Chunk): void;
    /**
     * A reset overtakes what is queued, and on Node 20 it frees the memory of writes that the session
     * still has to send: their frames then carry garbage. So it waits until nothing is queued.
     */
    cut(): void;
    /** For the same reason a connection that is itself stuck is given up as a whole. */
    destroy(): void;
    on(event: 'drain' | 'finish' | 'close', listener: () => void): void;
}
//# sourceMappingURL=response.d.ts.map