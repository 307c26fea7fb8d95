/** Waits in real time: for promises to settle, and for things to become true. */
/** Lets promises, ticks and immediates run, until there are none left that need no I/O and no timer. */
export declare function settle(): Promise<void>;
/** Waits in real time, whatever the app's clock says. */
export declare function pause(ms: number): Promise<void>;
/** What `promise` settles with, or undefined when it has not settled in `ms` real milliseconds. */
export declare function within<T>(promise: Promise<T>, ms: number): Promise<{
    readonly value: T;
} | undefined>;
/** Real milliseconds, for how long to wait. */
export declare function realNow(): number;
//# sourceMappingURL=patience.d.ts.map