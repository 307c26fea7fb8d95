/** Measures whether work is linear in the length of its input, on machines that do other work as well. */

/** Milliseconds of the fastest of some rounds; one round where it is below `enough`. */
export function fastest(run: () => unknown, enough: number, rounds = 4): number {
  let best = Infinity
  for (let round = 0; round < rounds && best > enough; round++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** Below this many milliseconds the noise of the machine is larger than what is measured. */
const NOISE_MS = 10

/**
 * How many times longer work takes on a text of four times the length: 4 where it is linear, 16 where it is
 * quadratic. 1 where the long text takes no time worth measuring.
 */
export function growthOf(
  work: (text: string) => unknown,
  make: (length: number) => string,
  length: number,
): number {
  const long = make(length)
  const most = fastest(() => work(long), NOISE_MS)
  if (most < NOISE_MS) return 1
  const short = make(length / 4)
  return most / fastest(() => work(short), 0)
}
