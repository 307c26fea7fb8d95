/** Waits in real time: for promises to settle, and for things to become true. */

type Later = (fn: () => void) => unknown

// Taken when the module is loaded, so that a test runner's fake timers do not stop them.
const { setTimeout, clearTimeout, performance } = globalThis
const runtime = globalThis as { setImmediate?: Later }
const macrotask: Later = runtime.setImmediate ?? ((fn) => setTimeout(fn, 0))

/**
 * Turns of the event loop after which what does no I/O is taken to have settled. One drains all
 * microtasks and ticks; a pump that has used up its time slice takes a second, its reader a third.
 */
const SETTLING_TURNS = 4

/** Lets promises, ticks and immediates run, until there are none left that need no I/O and no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await new Promise<void>((resolve) => macrotask(resolve))
}

/** A promise that nobody need await: a reply that is left, or a clock that is turned, may fail it first. */
export function unattended<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Waits in real time, whatever the app's clock says. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** What `promise` settles with, or undefined when it has not settled in `ms` real milliseconds. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<{ readonly value: T } | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise.then((value) => ({ value })), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Real milliseconds, for how long to wait. */
export function realNow(): number {
  return performance.now()
}
