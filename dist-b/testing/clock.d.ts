/**
 * A clock that stands still until a test turns it.
 *
 * Theory. Between two timers everything that needs no time must have run, or a handler would meet
 * the next moment before it has reached its `sleep`. So the clock moves from timer to timer, in the
 * order in which they are due, and lets promises settle after each. Real I/O has a pace of its own
 * and is not waited for.
 */
import type { Clock } from '../core/clock.ts';
/** A timer that has been set and has not fired. */
export interface TestTimer {
    /** When it is due, by the clock. */
    readonly at: number;
    /** Where it was set: the first place outside Millrace, if there is one. */
    readonly setAt: string;
}
/** The app's time in the hands of a test: `new App({ clock })`. It begins at 0. */
export interface TestClock extends Clock {
    /**
     * Lets `ms` milliseconds pass: fires what falls due on the way, one after another, and lets
     * promises settle in between and at the end. A second call waits for the first.
     */
    advance(ms: number): Promise<void>;
    /** Goes on to the timer that is due next. Resolves to false when there is none. */
    advanceToNext(): Promise<boolean>;
    /** The timers that are set, the next one first. */
    readonly timers: readonly TestTimer[];
}
/**
 * Makes a clock for tests.
 *
 * @example
 * const clock = createTestClock()
 * const app = new App({ clock })
 * await clock.advance(15_000)
 */
export declare function createTestClock(): TestClock;
/** A clock's timers, if it is one of ours. */
export declare function toTestClock(clock: Clock): TestClock | undefined;
//# sourceMappingURL=clock.d.ts.map