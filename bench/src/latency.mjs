/**
 * The latencies that are promised, as they are: runs the tests that judge them, on whatever else the
 * machine does, and prints p50 and p99: medians of the runs, and the worst run. For a quiet machine; about four minutes.
 *
 *   npm run latency -w @millrace/bench [-- --write-docs]
 *
 * `--write-docs` puts the table into docs/streaming.md, between its markers.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeBetween } from './page.mjs'

/** @typedef {{ p50: number, p99: number, worstP99: number }} Summary medians of the runs' quantiles, and the worst run's p99 */
/** @typedef {{ what: string, limit: number, runs: number, count: number, ours: Summary, floor: Summary | null }} Row */

const root = join(import.meta.dirname, '../..')
const suites = ['no-buffering', 'fairness', 'cancellation'].map((name) => `test/promise/${name}.test.ts`)

const load = loadavg()[0]?.toFixed(1)
const folder = mkdtempSync(join(tmpdir(), 'millrace-latency-'))
const file = join(folder, 'rows.jsonl')
try {
  writeFileSync(file, '')
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...suites], {
    cwd: root,
    env: { ...process.env, MILLRACE_LATENCY: file },
    stdio: 'inherit',
  })
  if (status !== 0) console.log('Some tests failed; what was measured:')
  const lines = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)
  const table = toTable(lines.map((line) => /** @type {Row} */ (JSON.parse(line))))
  console.log(table)
  if (process.argv.includes('--write-docs')) writeBetween(join(root, 'docs/streaming.md'), 'latency', table)
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}

/** @param {Row[]} rows */
function toTable(rows) {
  const ms = (/** @type {number} */ value) => value.toFixed(2)
  const cells = rows.map(({ what, limit, runs, count, ours, floor }) => {
    const p99 = ours.p99 <= limit ? ms(ours.p99) : `**${ms(ours.p99)}**`
    const bare = floor === null ? ' |  | ' : `${ms(floor.p50)} | ${ms(floor.p99)} | ${ms(floor.worstP99)}`
    return `| ${what} | ${ms(ours.p50)} | ${p99} | ${ms(ours.worstP99)} | ${limit} | ${bare} | ${runs} x ${count} |`
  })
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU'
  return [
    `Milliseconds, measured on ${new Date().toISOString().slice(0, 10)} with Node ${process.versions.node} on ${cpus().length} cores (${cpu}), load ${load} before it began. p50 and p99 are medians of the runs, so that one stall of the machine does not decide; beside them stands the p99 of the worst run. In every run a bare or idle server was measured at the same time. Bold: over the limit.`,
    '',
    '| | p50 | p99 | Worst p99 | Limit of the p99 | Bare p50 | Bare p99 | Bare, worst p99 | Runs x samples |',
    '|--|--|--|--|--|--|--|--|--|',
    ...cells,
  ].join('\n')
}
