/** Why a request's work was cut short. */
export type CancelReason = 'disconnect' | 'error' | 'timeout' | 'shutdown';
/** What the waits of a cancelled request reject with, and what its `signal.reason` is. */
export declare class StreamCancelled extends Error {
    readonly name = "StreamCancelled";
    readonly reason: CancelReason;
    constructor(reason: CancelReason, cause?: unknown);
}
/**
 * The one cancel path of a request: client gone, deadline, shutdown and error all come through
 * here, once. An AbortController is made only when somebody reads `signal`, since most requests
 * never need one.
 */
export declare class Cancellation {
    #private;
    /** Whether a stream is under way that has yet to show anything: a shutdown need not wait for its first item. */
    awaitsFirstItem: boolean;
    /** Set once the request is cancelled. */
    get error(): StreamCancelled | undefined;
    /** The same as an AbortSignal, for `fetch`, `pg`, `fs` and everything else that takes one. */
    get signal(): AbortSignal;
    /**
     * From now on a client that leaves, or is sent away by a shutdown, cancels nothing: the route asked to
     * finish its work. Instead `onSurvived` is told.
     */
    survive(onSurvived: () => void): void;
    /** There is no more time: work that was to be finished is cancelled after all. */
    giveUp(): void;
    /** Cancels. Only the first call counts. */
    cancel(reason: CancelReason, cause?: unknown): void;
    /**
     * Calls `listener` when the request is cancelled, at once if it already is.
     *
     * @returns a function that takes the listener back.
     */
    subscribe(listener: (error: StreamCancelled) => void): () => void;
}
//# sourceMappingURL=cancellation.d.ts.map