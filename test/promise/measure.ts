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
 * latencies are recorded, all runs are made, and all of them count.
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
  if (records) record(what, bound, samples)
  return best
}

/** A file for what is measured, one JSON line each; see bench/src/latency.mjs. */
const RECORD = process.env['MILLRACE_LATENCY']

/** What is recorded of several runs, in milliseconds: medians, so that one stall does not decide, and the worst run. */
interface Summary {
  readonly p50: number
  readonly p99: number
  readonly worstP99: number
}

function summarize(runs: readonly (readonly number[])[]): Summary {
  const of = (share: number) => runs.map((values) => quantile(values, share))
  return { p50: median(of(0.5)), p99: median(of(0.99)), worstP99: Math.max(...of(0.99)) }
}

/** The middle value; between two of them, the greater. */
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

/** Records latencies as they are, if somebody wants to know. A run without a floor has an empty one. */
export function record(what: string, limit: number, runs: readonly Sample[]): void {
  if (RECORD === undefined) return
  const floors = runs.map(({ floor }) => floor).filter((floor) => floor.length > 0)
  const row = {
    what,
    limit,
    runs: runs.length,
    count: Math.min(...runs.map(({ ours }) => ours.length)),
    ours: summarize(runs.map(({ ours }) => ours)),
    floor: floors.length > 0 ? summarize(floors) : null,
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
