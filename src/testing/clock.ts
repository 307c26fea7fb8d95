/**
 * A clock that stands still until a test turns it.
 *
 * Theory. Between two timers everything that needs no time must have run, or a handler would meet
 * the next moment before it has reached its `sleep`. So the clock moves from timer to timer, in the
 * order in which they are due, and lets promises settle after each. Real I/O has a pace of its own
 * and is not waited for.
 */
import type { Clock } from '../core/lifetime/clock.ts'
import { settle } from './patience.ts'

/** A timer that has been set and has not fired. */
export interface TestTimer {
  /** When it is due, by the clock. */
  readonly at: number
  /** Where it was set: the first place outside Millrace, if there is one. */
  readonly setAt: string
}

/** The app's time in the hands of a test: `new App({ clock })`. It begins at 0. */
export interface TestClock extends Clock {
  /**
   * Lets `ms` milliseconds pass: fires what falls due on the way, one after another, and lets
   * promises settle in between and at the end. A second call waits for the first.
   */
  advance(ms: number): Promise<void>
  /** Goes on to the timer that is due next. Resolves to false when there is none. */
  advanceToNext(): Promise<boolean>
  /** The timers that are set, the next one first. */
  readonly timers: readonly TestTimer[]
}

/**
 * Makes a clock for tests.
 *
 * @example
 * const clock = createTestClock()
 * const app = new App({ clock })
 * await clock.advance(15_000)
 */
export function createTestClock(): TestClock {
  return new ManualClock()
}

/** A clock's timers, if it is one of ours. */
export function toTestClock(clock: Clock): TestClock | undefined {
  return clock instanceof ManualClock ? clock : undefined
}

interface Timer extends TestTimer {
  readonly fire: () => void
}

class ManualClock implements TestClock {
  #now = 0
  readonly #timers = new Set<Timer>()
  #moving: Promise<unknown> = Promise.resolve()

  now(): number {
    return this.#now
  }

  after(ms: number, fn: () => void): () => void {
    // As with real timers nothing fires in less than a millisecond, so that no loop stands still in time.
    const timer = { at: this.#now + Math.max(1, ms), fire: fn, setAt: callerOf(this.after) }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get timers(): readonly TestTimer[] {
    return [...this.#timers].sort((a, b) => a.at - b.at)
  }

  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity))
      return Promise.reject(new RangeError(`advance takes milliseconds from 0 up, not ${ms}.`))
    return this.#move(async () => {
      const end = this.#now + ms
      await settle()
      while (await this.#fireNext(end));
      this.#now = end
    })
  }

  advanceToNext(): Promise<boolean> {
    return this.#move(async () => {
      await settle()
      return this.#fireNext(Infinity)
    })
  }

  #move<T>(step: () => Promise<T>): Promise<T> {
    const moved = this.#moving.then(step)
    this.#moving = moved.catch(() => {})
    return moved
  }

  /** Fires the next timer that is due until `end`. Returns false when there is none. */
  async #fireNext(end: number): Promise<boolean> {
    let next: Timer | undefined
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer
    if (next === undefined || next.at > end || next.at === Infinity) return false
    this.#timers.delete(next)
    this.#now = next.at
    next.fire()
    await settle()
    return true
  }
}

/** The package itself, whose places are of no interest to its users. */
const HOME = new URL('../..', import.meta.url).pathname

function callerOf(entry: (...args: never[]) => unknown): string {
  const trace: { stack?: string } = {}
  Error.captureStackTrace?.(trace, entry)
  const frames = (trace.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line))
  const isForeign = (frame: string) =>
    frame.includes('/') &&
    !frame.includes(`${HOME}dist/`) &&
    !frame.includes(`${HOME}src/`) &&
    !frame.includes('node:')
  const frame = frames.find(isForeign) ?? frames[0] ?? 'unknown place'
  return frame.trim().replace(/^at /, '')
}
