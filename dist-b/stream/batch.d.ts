import type { Chunk } from '../core/source.ts';
/** A batch that has this many bytes (or UTF-16 units) is full. */
export declare const FULL: number;
/**
 * Small chunks on their way to becoming one write. Strings are joined as strings. Views that follow
 * each other in one buffer are joined without a copy; other bytes are copied together.
 */
export declare class Batch {
    #private;
    get isEmpty(): boolean;
    get isFull(): boolean;
    /** Adds a chunk. Returns false when what is there has to be taken first. */
    add(chunk: Chunk): boolean;
    /** Gives what was gathered and starts anew. A buffer that was given away is never filled again. */
    take(): Chunk;
}
//# sourceMappingURL=batch.d.ts.map