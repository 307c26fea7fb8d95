import { HttpError } from '../error.ts'
import { type Cancellation, StreamCancelled } from './cancellation.ts'
import type { Clock } from './clock.ts'
import type { Source } from '../reply/source.ts'
import { isInstance, propertyOf } from '../thrown.ts'

/** Pulled without a pause before the event loop gets a turn, while work goes on that nobody reads. */
const ITEMS_PER_TURN = 64

/** The sources that must not outlive a request. */
export class SourceList {
  readonly #sources: Source[] = []

  add(source: Source): void {
    if (!this.#sources.includes(source)) this.#sources.push(source)
  }

  /** Those that have not ended. The outermost was registered last, may hold the inner ones, and comes first. */
  get open(): readonly Source[] {
    return this.#sources.filter((source) => !source.ended).reverse()
  }

  /** Pulls all of them to their end, unless the request is cancelled. Throws what they fail with. */
  async exhaust(cancellation: Cancellation, clock: Clock): Promise<void> {
    for (const source of this.#sources) {
      for (let pulled = 1; !source.ended && cancellation.error === undefined; pulled++) {
        await source.pull()
        if (pulled % ITEMS_PER_TURN === 0) await new Promise<void>((resolve) => clock.after(0, resolve))
      }
      // It may have failed in a pull that was under way before, which nobody awaits here.
      if (source.failure !== undefined) throw source.failure.error
    }
  }

  /** What they failed with, each error once, but for those in `known` and what an aborted signal brings about. */
  failures(known: Set<unknown>): unknown[] {
    const errors: unknown[] = []
    for (const { failure } of this.#sources) {
      if (failure === undefined || known.has(failure.error) || isExpected(failure.error)) continue
      known.add(failure.error)
      errors.push(failure.error)
    }
    return errors
  }
}

/**
 * What `fetch` and timers make of an aborted signal, Node of a body whose sender went away, and what the
 * app itself decided: none of it is a cleanup that went wrong.
 */
function isExpected(error: unknown): boolean {
  if (isInstance(error, HttpError)) return Number(propertyOf(error, 'status')) < 500
  if (isInstance(error, StreamCancelled)) return true
  if (!isInstance(error, Error)) return false
  return propertyOf(error, 'name') === 'AbortError' || propertyOf(error, 'code') === 'ECONNRESET'
}
