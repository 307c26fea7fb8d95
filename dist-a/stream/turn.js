/**
 * Fairness between streams and everything else on the event loop. Microtasks run until there are
 * none left, so a generator that never awaits real I/O would keep timers and sockets waiting for
 * ever. All pumps share one time slice per turn of the loop: who has work left when it is used up
 * continues in the next turn.
 */
/** Milliseconds that pumps may use up before the loop gets a turn. */
const SLICE_MS = 5;
const waiting = [];
let scheduled = false;
let sliceEnd = performance.now() + SLICE_MS;
/** Whether the slice of this turn is used up. Costs a clock reading: ask once per some items. */
export function isSliceOver() {
    return performance.now() > sliceEnd;
}
/** Calls `resume` in the next turn of the loop, when everything else that was ready has had its chance. */
export function continueNextTurn(resume, macrotask) {
    waiting.push(resume);
    if (scheduled)
        return;
    scheduled = true;
    macrotask(runWaiting);
}
function runWaiting() {
    scheduled = false;
    sliceEnd = performance.now() + SLICE_MS;
    for (const resume of waiting.splice(0))
        resume();
}
//# sourceMappingURL=turn.js.map