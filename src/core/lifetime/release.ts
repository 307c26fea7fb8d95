import { captureAsyncScope } from './async-scope.ts'
import type { Release } from '../engine.ts'
import type { Failure } from '../reply/source.ts'

/** Runs a piece of cleanup and logs what it throws. */
type Guard = (what: string, fn: () => unknown) => Promise<unknown>

/** The cleanups of dependencies of one scope. */
export class ReleaseList {
  readonly #held: { readonly name: string; readonly release: Release }[] = []

  /** @param name the name under which the dependency is used. */
  add(name: string, release: Release): void {
    // What ends a request is an event of its connection, which may be another request's doing.
    const enter = captureAsyncScope()
    this.#held.push({ name, release: (failure) => enter(() => release(failure)) })
  }

  /** Of those that have not been released, or whose release is under way. */
  get names(): readonly string[] {
    return this.#held.map(({ name }) => name)
  }

  /** Releases all of them, the last one first; also those that are added meanwhile. */
  async run(failure: () => Failure | undefined, guard: Guard): Promise<void> {
    for (let last = this.#held.at(-1); last !== undefined; last = this.#held.at(-1)) {
      const { name, release } = last
      await guard(`Release of dependency "${name}"`, () => release(failure()))
      this.#held.splice(this.#held.indexOf(last), 1)
    }
  }

  /**
   * Releases all of them in the same order; once one has failed, the others are told.
   *
   * @throws what the first of them threw.
   */
  async commit(): Promise<void> {
    let failure: Failure | undefined
    await this.run(
      () => failure,
      async (_what, fn) => {
        try {
          await fn()
        } catch (error) {
          failure ??= { error }
        }
      },
    )
    if (failure !== undefined) throw failure.error
  }
}
