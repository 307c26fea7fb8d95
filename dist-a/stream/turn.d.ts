/**
 * Fairness between streams and everything else on the event loop. Microtasks run until there are
 * none left, so a generator that never awaits real I/O would keep timers and sockets waiting for
 * ever. All pumps share one time slice per turn of the loop: who has work left when it is used up
 * continues in the next turn.
 */
/** Puts a function on the loop's queue, behind I/O that is ready: setImmediate on Node. */
export type Macrotask = (fn: () => void) => void;
/** Whether the slice of this turn is used up. Costs a clock reading: ask once per some items. */
export declare function isSliceOver(): boolean;
/** Calls `resume` in the next turn of the loop, when everything else that was ready has had its chance. */
export declare function continueNextTurn(resume: () => void, macrotask: Macrotask): void;
//# sourceMappingURL=turn.d.ts.map