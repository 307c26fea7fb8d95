/** Numbers that a promise is stated in, and how a noisy machine is allowed for. */
import { appendFileSync } from 'node:fs'

/** The value that a share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

/** Latencies of ours, and those of the simplest thing that could be, taken at the same time. */
export interface Sample {
  readonly ours: readonly number[]
  readonly floor: readonly number[]
}

/** The p99 of both. */
export interface Compared {
  readonly ours: number
  readonly floor: number
}

const p99 = ({ ours, floor }: Sample): Compared => ({
  ours: quantile(ours, 0.99),
  floor: quantile(floor, 0.99),
})

/**
 * The least of up to `runs` measurements; stops as soon as one is within the bound. Other work on the
 * machine can only add to a latency, and adds to the floor as well: what is ours is the rest. When
 * latencies are recorded, all runs are made, and all that was measured counts.
 *
 * @param what the name it is recorded by; undefined for a control.
 */
export async function bestOf(
  what: string | undefined,
  runs: number,
  bound: number,
  measure: () => Promise<Sample>,
): Promise<Compared> {
  let best: Compared = { ours: Infinity, floor: 0 }
  const samples: Sample[] = []
  const records = RECORD !== undefined && what !== undefined
  for (let run = 0; run < runs && (records || !(best.ours <= bound)); run++) {
    const sample = await measure()
    samples.push(sample)
    const next = p99(sample)
    if (next.ours < best.ours) best = next
  }
  if (records)
    record(
      what,
      bound,
      samples.flatMap(({ ours }) => ours),
      samples.flatMap(({ floor }) => floor),
    )
  return best
}

/** A file for what is measured, one JSON line each; see bench/src/latency.mjs. */
const RECORD = process.env['MILLRACE_LATENCY']

/** Records latencies as they are, in milliseconds, if somebody wants to know. */
export function record(
  what: string,
  limit: number,
  ours: readonly number[],
  floor: readonly number[] = [],
): void {
  if (RECORD === undefined) return
  const both = (values: readonly number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) })
  const row = {
    what,
    limit,
    count: ours.length,
    ours: both(ours),
    floor: floor.length > 0 ? both(floor) : null,
  }
  appendFileSync(RECORD, `${JSON.stringify(row)}\n`)
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
