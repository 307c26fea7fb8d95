import type { CancelReason } from '../core/cancellation.ts';
import type { Source } from '../core/source.ts';
import { type PumpEnding, type PumpLimits } from './pump.ts';
type Result = IteratorResult<Uint8Array, void>;
/**
 * A pump turned round: bytes are produced when they are asked for, one read at a time. For transports
 * whose reader pulls: web streams and the in-memory link. A source that fails rejects the read that
 * follows what was produced before.
 */
export declare class PulledBody implements AsyncIterableIterator<Uint8Array, void> {
    #private;
    constructor(source: Source, onEnd: (ending: PumpEnding) => void, limits?: PumpLimits);
    /** The next bytes. Asking again before the answer is a mistake of the transport. */
    next(): Promise<Result>;
    /** The reader wants no more. */
    return(): Promise<Result>;
    /** The connection breaks under what is written next: it is lost, and so is the reader. For tests. */
    breakNextWrite(error: unknown): void;
    /** Ends the body from outside: with a farewell where the format has one. */
    stop(reason: 'shutdown' | 'timeout'): void;
    /** Cuts the body from outside; a waiting read is rejected with `error`. */
    cut(reason: CancelReason, error?: unknown): void;
    [Symbol.asyncIterator](): this;
}
export {};
//# sourceMappingURL=pulled.d.ts.map