/** How much came when: counts in bins of a fixed width, the newest at the end. */

export const BIN_MS = 250
export const BINS = 120

export class RateMeter {
  readonly #items = new Float64Array(BINS)
  readonly #bytes = new Float64Array(BINS)
  #newest = 0

  /** @param at Milliseconds since the start; never less than before. */
  add(at: number, items: number, bytes: number): void {
    this.#advance(at)
    this.#items[this.#newest % BINS]! += items
    this.#bytes[this.#newest % BINS]! += bytes
  }

  #advance(at: number): void {
    const bin = Math.max(this.#newest, Math.floor(at / BIN_MS))
    for (let next = Math.max(this.#newest + 1, bin - BINS + 1); next <= bin; next++) {
      this.#items[next % BINS] = 0
      this.#bytes[next % BINS] = 0
    }
    this.#newest = bin
  }

  /** Items per second, or bytes, of every bin up to `at`, the oldest first. */
  series(what: 'items' | 'bytes', at: number): number[] {
    this.#advance(at)
    const counts = what === 'items' ? this.#items : this.#bytes
    const perSecond = 1000 / BIN_MS
    return Array.from({ length: BINS }, (_, i) => {
      const bin = this.#newest - BINS + 1 + i
      return bin < 0 ? 0 : counts[bin % BINS]! * perSecond
    })
  }

  /** Per second, over the last two seconds or as long as it has run. */
  now(what: 'items' | 'bytes', at: number): number {
    const bins = Math.min(8, Math.floor(at / BIN_MS) + 1)
    const newest = this.series(what, at).slice(-bins)
    return newest.reduce((sum, value) => sum + value, 0) / bins
  }
}
