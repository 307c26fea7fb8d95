/** What is still open when nothing should be, and the error that tells of it. */
import type { Application } from '../core/app.ts';
import type { CleanupFailure, LedgerEntry, OpenPart } from '../core/ledger.ts';
/** Something that outlived what it belongs to. */
export interface Leak {
    /**
     * - `request`: a handler is still at work, or nobody has learned how a body ended;
     * - `source`: a generator or stream has not ended;
     * - `dependency`, `file`: it has not been released or closed;
     * - `after`: a callback of `after()` has not run;
     * - `task`: background work goes on;
     * - `timer`: it is still set on the test clock;
     * - `cleanup`: it was done, but failed.
     */
    readonly kind: OpenPart['kind'] | 'task' | 'timer' | 'cleanup';
    /** In one line: what it is, and how to mend it. */
    readonly message: string;
    /** `GET /ticks`, where it belongs to a request. */
    readonly route?: string;
    /** Milliseconds since the request or the task began, by the app's clock. */
    readonly ageMs?: number;
}
/** Something was left over. It names all of it. */
export declare class LeakError extends Error {
    readonly name = "LeakError";
    readonly leaks: readonly Leak[];
    /** Where the request was cut, for `everyDisconnectPoint`. */
    readonly point: string | undefined;
    constructor(leaks: readonly Leak[], point?: string);
}
/** A cleanup that ran and threw: what it should have freed may not be free. */
export declare function fromFailure({ entry, what, error }: CleanupFailure): Leak;
/** Looks at an app for what has not been unwound. */
export declare class LeakDetector {
    #private;
    /** @param isMine whether a request belongs to whoever asks. */
    constructor(app: Application, isMine: (entry: LedgerEntry) => boolean);
    /**
     * Waits in real time until nothing is open any more, but no longer than `ms`.
     *
     * @param everything also requests of others, background work and timers.
     * @param onWait called now and then, for example to turn a clock.
     * @returns what is open then.
     */
    wait(ms: number, everything: boolean, onWait?: () => unknown): Promise<Leak[]>;
    /** The timers that were set since and are still set. */
    timers(): Leak[];
}
//# sourceMappingURL=leak.d.ts.map