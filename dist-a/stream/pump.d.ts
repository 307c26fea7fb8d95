import type { Outcome, ReplyTiming } from '../core/reply.ts';
import type { Chunk, Source } from '../core/source.ts';
import { type Macrotask } from './turn.ts';
/** Where chunks go: a socket's response, a web stream, a test. */
export interface Sink {
    /** Takes a chunk. Returns false when it wants no more until the pump's `resume()` is called. */
    write(chunk: Chunk): boolean;
    /** A clean end. The sink calls the pump's `close('complete')` when all of it has left. */
    end(): void;
    /** An abnormal end, after what was written so far: the reader must be able to tell. */
    abort(error: unknown): void;
    /** An abnormal end at once, for a reader that takes nothing. */
    destroy(): void;
    /** The head may go now, though there is no chunk yet. */
    open(): void;
    /** Runs `fn` when the microtasks of this turn have drained. */
    defer(fn: () => void): void;
    readonly macrotask: Macrotask;
}
/** The bounds of one body. */
export interface PumpLimits {
    /** Its stated length in bytes. */
    readonly length?: number | undefined;
    readonly timing?: ReplyTiming | undefined;
}
/** How a pump ended. */
export interface PumpEnding {
    readonly outcome: Outcome;
    readonly bytes: number;
    readonly items: number;
    /** Items that did not pass their schema and were left out. */
    readonly dropped: number;
    readonly error?: unknown;
}
export declare class Pump {
    #private;
    constructor(source: Source, sink: Sink, onEnd: (ending: PumpEnding) => void, limits?: PumpLimits);
    /** Starts pulling. */
    start(): void;
    /** The sink can take more. */
    readonly resume: () => void;
    /**
     * The sink is closed: `complete` after a clean end has left, anything else when it was cut. Only
     * the first call counts; the outcome of a failed source stays `error`.
     */
    close(outcome: Outcome, bytes: number, error?: unknown): void;
    /**
     * Sends the reader away before the source has ended: cleanly where the format lets it come back
     * and lose nothing, otherwise with a last word and a cut.
     */
    stop(reason: 'shutdown' | 'timeout'): void;
}
//# sourceMappingURL=pump.d.ts.map