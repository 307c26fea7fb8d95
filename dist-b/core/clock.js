/** The longest time that `setTimeout` takes; it fires at once for a longer one. */
const LONGEST_MS = 2 ** 31 - 1;
/** The machine's own clock. */
export const systemClock = {
    now: () => performance.now(),
    after(ms, fn) {
        let timer;
        const wait = (left) => {
            timer = left > LONGEST_MS ? setTimeout(() => wait(left - LONGEST_MS), LONGEST_MS) : setTimeout(fn, left);
        };
        wait(ms);
        return () => clearTimeout(timer);
    },
};
//# sourceMappingURL=clock.js.map