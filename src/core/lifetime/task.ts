import type { Clock } from './clock.ts'
import type { Logger } from '../logger.ts'

/** What work may still take when there is no time, in milliseconds. */
const HURRIED_MS = 200

/**
 * Background work that outlives its request: owned by the app, so that shutdown can wait for it.
 */
export class TaskTracker {
  readonly #running = new Map<Promise<void>, { readonly what: string; readonly startedAt: number }>()
  readonly #log: Logger
  readonly #clock: Clock
  readonly #waits = new Set<() => void>()
  #hurried = false

  constructor(log: Logger, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  get running(): number {
    return this.#running.size
  }

  /** What runs, and since how many milliseconds. */
  get list(): readonly { readonly what: string; readonly ageMs: number }[] {
    const now = this.#clock.now()
    return [...this.#running.values()].map(({ what, startedAt }) => ({ what, ageMs: now - startedAt }))
  }

  /** Follows a promise to its end. A failure is logged with `what`, and goes no further. */
  track(what: string, work: Promise<unknown>): void {
    const task: Promise<void> = work
      .then(
        () => {},
        (error: unknown) => this.#log.error({ err: error }, `${what} failed`),
      )
      .finally(() => this.#running.delete(task))
    this.#running.set(task, { what, startedAt: this.#clock.now() })
  }

  /** From now on nobody waits for long: the process was told a second time to end. */
  hurry(): void {
    this.#hurried = true
    for (const giveUp of this.#waits) giveUp()
  }

  /**
   * Waits until nothing runs any more, also not what was started while waiting.
   *
   * @returns false when that has not come within `ms` milliseconds.
   */
  async drained(ms: number, clock: Clock): Promise<boolean> {
    let late = false
    let wake = () => {}
    const giveUp = () => {
      late = true
      wake()
    }
    this.#waits.add(giveUp)
    const cancelTimer = clock.after(this.#hurried ? Math.min(ms, HURRIED_MS) : ms, giveUp)
    while (this.#running.size > 0 && !late) {
      const timeUp = new Promise<void>((resolve) => {
        wake = resolve
      })
      await Promise.race([Promise.all(this.#running.keys()), timeUp])
    }
    cancelTimer()
    this.#waits.delete(giveUp)
    return this.#running.size === 0
  }
}
