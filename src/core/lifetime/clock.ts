/** Where time comes from, so that tests can own it. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number
  /** Calls `fn` after `ms` milliseconds; returns what takes the timer back. */
  after(ms: number, fn: () => void): () => void
}

/** The longest time that `setTimeout` takes; it fires at once for a longer one. */
const LONGEST_MS = 2 ** 31 - 1

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    let timer: ReturnType<typeof setTimeout>
    const wait = (left: number) => {
      timer = left > LONGEST_MS ? setTimeout(() => wait(left - LONGEST_MS), LONGEST_MS) : setTimeout(fn, left)
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}

/** The same clock; what a timer throws is reported, since the runtime would end the process (issue 11). */
export function containedClock(clock: Clock, report: (error: unknown) => void): Clock {
  const contained = (fn: () => void) => () => {
    try {
      fn()
    } catch (error) {
      report(error)
    }
  }
  return { now: () => clock.now(), after: (ms, fn) => clock.after(ms, contained(fn)) }
}

/** Whether a promise settles, in whatever way, within so many milliseconds. */
export async function settlesWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  let cancelTimer = () => {}
  const late = new Promise<false>((resolve) => {
    cancelTimer = clock.after(ms, () => resolve(false))
  })
  const settled = work.then(
    () => true,
    () => true,
  )
  const inTime = await Promise.race([settled, late])
  cancelTimer()
  return inTime
}
