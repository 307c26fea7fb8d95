import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

/**
 * Background work that outlives its request: owned by the app, so that shutdown can wait for it.
 */
export class TaskTracker {
  readonly #running = new Set<Promise<void>>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  get running(): number {
    return this.#running.size
  }

  /** Follows a promise to its end. A failure is logged with `what`, and goes no further. */
  track(what: string, work: Promise<unknown>): void {
    const task: Promise<void> = work
      .then(
        () => {},
        (error: unknown) => this.#log.error({ err: error }, `${what} failed`),
      )
      .finally(() => this.#running.delete(task))
    this.#running.add(task)
  }

  /**
   * Waits until nothing runs any more, also not what was started while waiting.
   *
   * @returns false when that has not come within `ms` milliseconds.
   */
  async drained(ms: number, clock: Clock): Promise<boolean> {
    let late = false
    let wake = () => {}
    const cancelTimer = clock.after(ms, () => {
      late = true
      wake()
    })
    while (this.#running.size > 0 && !late) {
      const timeUp = new Promise<void>((resolve) => {
        wake = resolve
      })
      await Promise.race([Promise.all(this.#running), timeUp])
    }
    cancelTimer()
    return this.#running.size === 0
  }
}
