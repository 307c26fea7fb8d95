import { SharedMessage } from '../core/socket.ts';
/** An entry of a log: a value at an offset, with its wire form made once for all readers. */
export interface LogEntry<T> {
    readonly offset: number;
    readonly value: T;
    /** Strings and bytes as they are, everything else as JSON. */
    readonly message: SharedMessage;
}
/**
 * A bounded log in memory: a ring of the last `capacity` entries. Offsets only grow; an offset below
 * `start` has been overwritten.
 */
export declare class MemoryLog<T> {
    #private;
    readonly capacity: number;
    /** @throws {RangeError} unless `capacity` is a whole number of at least 1. */
    constructor(capacity: number);
    /** The offset that the next entry will have. */
    get end(): number;
    /** The offset of the oldest entry that is still there. */
    get start(): number;
    append(value: T): LogEntry<T>;
    /** @returns undefined for what is not there any more, or not yet. */
    at(offset: number): LogEntry<T> | undefined;
}
//# sourceMappingURL=log.d.ts.map