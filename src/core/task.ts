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

  /** Waits until nothing runs any more, also not what was started while waiting. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
