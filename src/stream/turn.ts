/**
 * Fairness between streams and everything else on the event loop. Microtasks run until there are
 * none left, so a generator that never awaits real I/O would keep timers and sockets waiting for
 * ever. All pumps share one time slice per turn of the loop: who has work left when it is used up
 * continues in the next turn.
 */

/** Milliseconds that pumps may use up before the loop gets a turn. */
const SLICE_MS = 5

/** Puts a function on the loop's queue, behind I/O that is ready: setImmediate on Node. */
export type Macrotask = (fn: () => void) => void

const waiting: (() => void)[] = []
let scheduled = false
let sliceEnd = performance.now() + SLICE_MS

/** Whether the slice of this turn is used up. Costs a clock reading: ask once per some items. */
export function isSliceOver(): boolean {
  return performance.now() > sliceEnd
}

/** Calls `resume` in the next turn of the loop, when everything else that was ready has had its chance. */
export function continueNextTurn(resume: () => void, macrotask: Macrotask): void {
  waiting.push(resume)
  if (scheduled) return
  scheduled = true
  macrotask(() => runWaiting(macrotask))
}

function runWaiting(macrotask: Macrotask): void {
  scheduled = false
  sliceEnd = performance.now() + SLICE_MS
  const resumes = waiting.splice(0)
  let next = 0
  try {
    while (next < resumes.length) resumes[next++]!()
  } finally {
    // One that throws does not keep the others from their turn.
    for (const resume of resumes.slice(next)) continueNextTurn(resume, macrotask)
  }
}
