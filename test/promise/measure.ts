/** Numbers that a promise is stated in, and how a noisy machine is allowed for. */

/** The value that a share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

/** A latency of ours, and that of the simplest thing that could be, taken at the same time. */
export interface Compared {
  readonly ours: number
  readonly floor: number
}

/**
 * The least of up to `runs` measurements; stops as soon as one is within the bound. Other work on the
 * machine can only add to a latency, and adds to the floor as well: what is ours is the rest.
 */
export async function bestOf(
  runs: number,
  bound: number,
  measure: () => Promise<Compared>,
): Promise<Compared> {
  let best: Compared = { ours: Infinity, floor: 0 }
  for (let run = 0; run < runs && !(best.ours <= bound); run++) {
    const next = await measure()
    if (next.ours < best.ours) best = next
  }
  return best
}

export const ownPart = ({ ours, floor }: Compared): number => ours - Math.max(0, floor)

export const round = (value: number): number => Math.round(value * 100) / 100

/** Prints a number that was shown, for the record. */
export function show(what: string, values: Record<string, number | string>): void {
  const shown = Object.entries(values).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`,
  )
  process.stdout.write(`[promise] ${what}: ${shown.join(', ')}\n`)
}

/** Runs `work` over all values, `width` at a time. */
export async function inParallel<T>(
  values: Iterable<T>,
  width: number,
  work: (value: T) => Promise<void>,
): Promise<void> {
  const rest = values[Symbol.iterator]()
  const worker = async () => {
    for (let { done, value } = rest.next(); done !== true; { done, value } = rest.next())
      await work(value as T)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
