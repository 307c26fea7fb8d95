import type { FileSource } from '../../stream/file.ts';
/** A file on disk. Whoever chooses the path decides what may be read: never build it from raw input. */
export declare function diskFile(path: string): FileSource;
/**
 * Reads a file asynchronously and gives it in chunks of a size of your choice. Reads are large and
 * one ahead of the chunks, so that small chunks cost no more system calls than big ones.
 *
 * @param size bytes per chunk; only the last one may be shorter.
 * @example app.get('/log', { streams: bytes('text/plain') }, () => readChunks('big.log', 1024))
 * @throws {RangeError} for a size below 1.
 */
export declare function readChunks(path: string, size: number): AsyncGenerator<Uint8Array, void, undefined>;
//# sourceMappingURL=file.d.ts.map