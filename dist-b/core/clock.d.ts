/** Where time comes from, so that tests can own it. */
export interface Clock {
    /** Milliseconds of a monotonic clock. */
    now(): number;
    /** Calls `fn` after `ms` milliseconds; returns what takes the timer back. */
    after(ms: number, fn: () => void): () => void;
}
/** The machine's own clock. */
export declare const systemClock: Clock;
//# sourceMappingURL=clock.d.ts.map