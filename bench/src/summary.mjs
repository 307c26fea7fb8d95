/** From rounds to what is said about them: medians, ranges, and ratios taken within each round. */
import { servers } from './launch.mjs'

/**
 * @typedef {Record<string, number>} Sample metric -> value
 * @typedef {{ server: string, round: number, sample?: Sample, failure?: string }} Run
 * @typedef {{ median: number, min: number, max: number, rounds: number }} Spread
 */

/** @returns {Spread | undefined} */
export function spread(/** @type {number[]} */ values) {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const at = (/** @type {number} */ i) => /** @type {number} */ (sorted[i])
  const half = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(half)) + at(Math.ceil(half))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
    rounds: sorted.length,
  }
}

/** The values of one metric on one server, by round. */
const byRound = (/** @type {Run[]} */ runs, /** @type {string} */ server, /** @type {string} */ key) =>
  new Map(
    runs.flatMap((run) => {
      const value = run.server === server ? run.sample?.[key] : undefined
      return value === undefined ? [] : [/** @type {const} */ ([run.round, value])]
    }),
  )

export const spreadOf = (
  /** @type {Run[]} */ runs,
  /** @type {string} */ server,
  /** @type {string} */ key,
) => spread([...byRound(runs, server, key).values()])

/**
 * `server` divided by `against` in each round; the spread of those. 'best peer' is the best Node peer of that round.
 * @param {Run[]} runs @param {string} server @param {string} against @param {import('./scenario.mjs').Metric} metric
 */
export function ratio(runs, server, against, metric) {
  const best = metric.better === 'higher' ? Math.max : Math.min
  const rivals =
    against === 'best peer'
      ? Object.keys(servers).filter((name) => servers[name]?.peer && servers[name]?.node !== false)
      : [against]
  const theirs = rivals.map((name) => byRound(runs, name, metric.key))
  const ratios = [...byRound(runs, server, metric.key)].flatMap(([round, value]) => {
    const values = theirs.flatMap((rounds) => rounds.get(round) ?? [])
    return values.length === 0 ? [] : [value / best(...values)]
  })
  return spread(ratios)
}

/** @returns {{ text: string, measured: Spread, met: boolean }[]} what "must show" asks, and what came out */
export function verdicts(
  /** @type {import('./scenario.mjs').Scenario} */ scenario,
  /** @type {Run[]} */ runs,
) {
  return scenario.targets.flatMap(({ metric: key, against, limit }) => {
    const metric = /** @type {import('./scenario.mjs').Metric} */ (
      scenario.metrics.find((one) => one.key === key)
    )
    const measured = against ? ratio(runs, 'millrace', against, metric) : spreadOf(runs, 'millrace', key)
    if (!measured) return []
    const met = metric.better === 'higher' ? measured.median >= limit : measured.median <= limit
    const bound = `${metric.better === 'higher' ? 'at least' : 'at most'} ${limit}`
    return [{ text: `${metric.label}${against ? ` / ${against}` : ''} ${bound}`, measured, met }]
  })
}

/** Three significant digits, and no more than is there to say. */
export function digits(/** @type {number} */ value) {
  const size = Math.abs(value)
  const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
  return text.replace(/\B(?=(\d{3})+(?!\d))/g, (at) => (size >= 10_000 ? ' ' : at))
}
