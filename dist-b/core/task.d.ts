import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
/**
 * Background work that outlives its request: owned by the app, so that shutdown can wait for it.
 */
export declare class TaskTracker {
    #private;
    constructor(log: Logger, clock: Clock);
    get running(): number;
    /** What runs, and since how many milliseconds. */
    get list(): readonly {
        readonly what: string;
        readonly ageMs: number;
    }[];
    /** Follows a promise to its end. A failure is logged with `what`, and goes no further. */
    track(what: string, work: Promise<unknown>): void;
    /** From now on nobody waits for long: the process was told a second time to end. */
    hurry(): void;
    /**
     * Waits until nothing runs any more, also not what was started while waiting.
     *
     * @returns false when that has not come within `ms` milliseconds.
     */
    drained(ms: number, clock: Clock): Promise<boolean>;
}
//# sourceMappingURL=task.d.ts.map