/**
 * Whether work takes too long for a text of some length. The limit is many times what linear work takes, and a
 * fraction of what quadratic work takes, so that a busy machine changes nothing. The text grows to its length
 * in steps: what is exponential fails early.
 */
export function isSlow(
  work: (text: string) => unknown,
  make: (length: number) => string,
  length: number,
  limitMs: number,
): boolean {
  for (let each = 24; ; each = Math.min(length, each * 4)) {
    const text = make(each)
    if (fastest(() => work(text), limitMs) > limitMs) return true
    if (each === length) return false
  }
}

/** Milliseconds of the first round that keeps a limit, or of the fastest. */
function fastest(run: () => unknown, limitMs: number): number {
  let best = Infinity
  for (let round = 0; round < 4 && best > limitMs; round++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}
