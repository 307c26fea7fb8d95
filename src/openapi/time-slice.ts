/** How long the loop may be held, in milliseconds. */
const SLICE_MS = 8

/**
 * Long work in slices: a document of hundreds of routes takes half a second, and streams go on meanwhile.
 *
 * @example for (const route of routes) { if (slice.isOver) await slice.next(); ... }
 */
export class TimeSlice {
  #end = performance.now() + SLICE_MS

  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Lets everybody else have a turn. */
  async next(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0))
    this.#end = performance.now() + SLICE_MS
  }
}
