import { settle } from './patience.js';
/**
 * Makes a clock for tests.
 *
 * @example
 * const clock = createTestClock()
 * const app = new App({ clock })
 * await clock.advance(15_000)
 */
export function createTestClock() {
    return new ManualClock();
}
/** A clock's timers, if it is one of ours. */
export function toTestClock(clock) {
    return clock instanceof ManualClock ? clock : undefined;
}
class ManualClock {
    #now = 0;
    #timers = new Set();
    #moving = Promise.resolve();
    now() {
        return this.#now;
    }
    after(ms, fn) {
        // As with real timers nothing fires in less than a millisecond, so that no loop stands still in time.
        const timer = { at: this.#now + Math.max(1, ms), fire: fn, setAt: callerOf(this.after) };
        this.#timers.add(timer);
        return () => this.#timers.delete(timer);
    }
    get timers() {
        return [...this.#timers].sort((a, b) => a.at - b.at);
    }
    advance(ms) {
        if (!(ms >= 0 && ms < Infinity))
            return Promise.reject(new RangeError(`advance takes milliseconds from 0 up, not ${ms}.`));
        return this.#move(async () => {
            const end = this.#now + ms;
            await settle();
            while (await this.#fireNext(end))
                ;
            this.#now = end;
        });
    }
    advanceToNext() {
        return this.#move(async () => {
            await settle();
            return this.#fireNext(Infinity);
        });
    }
    #move(step) {
        const moved = this.#moving.then(step);
        this.#moving = moved.catch(() => { });
        return moved;
    }
    /** Fires the next timer that is due until `end`. Returns false when there is none. */
    async #fireNext(end) {
        let next;
        for (const timer of this.#timers)
            if (next === undefined || timer.at < next.at)
                next = timer;
        if (next === undefined || next.at > end || next.at === Infinity)
            return false;
        this.#timers.delete(next);
        this.#now = next.at;
        next.fire();
        await settle();
        return true;
    }
}
/** The package itself, whose places are of no interest to its users. */
const HOME = new URL('../..', import.meta.url).pathname;
function callerOf(entry) {
    const trace = {};
    Error.captureStackTrace?.(trace, entry);
    const frames = (trace.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
    const isForeign = (frame) => !frame.includes(`${HOME}dist/`) && !frame.includes(`${HOME}src/`) && !frame.includes('node:');
    const frame = frames.find(isForeign) ?? frames[0] ?? 'unknown place';
    return frame.trim().replace(/^at /, '');
}
//# sourceMappingURL=clock.js.map