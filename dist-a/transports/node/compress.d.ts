import type { Reply } from '../../core/reply.ts';
import type { Chunk } from '../../core/source.ts';
import type { Sink } from '../../stream/pump.ts';
/** A content coding we can produce. */
export type Coding = 'br' | 'gzip';
export interface CompressOptions {
    /** Compress event streams too, default false: small events gain little, and some proxies hold them back. */
    readonly events?: boolean;
}
/**
 * Chooses a content coding for a stream (RFC 9110 section 12.5.3), and says so in its headers.
 *
 * @returns undefined for a stream that must not be compressed, or that the client wants as it is.
 */
export declare function negotiateCoding(reply: Reply, acceptEncoding: string | undefined, options: CompressOptions): Coding | undefined;
/**
 * A sink that compresses on the way to another. It takes one chunk at a time: while zlib works, or the
 * socket is full, the pump waits.
 */
export declare class CompressingSink implements Sink {
    #private;
    /** Called when the next chunk may come. */
    onReady: () => void;
    constructor(inner: Sink, coding: Coding);
    get macrotask(): Sink['macrotask'];
    get defer(): Sink['defer'];
    write(chunk: Chunk): boolean;
    /** The socket takes more again. */
    readonly resume: () => void;
    open(): void;
    end(): void;
    abort(error: unknown): void;
    destroy(): void;
}
//# sourceMappingURL=compress.d.ts.map