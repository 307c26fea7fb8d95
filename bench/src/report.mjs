/** Says what was measured: tables on the terminal, `latest.json` with every round, `latest.svg`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plot } from './plot.mjs'
import { scenarios } from './scenario.mjs'
import { digits, ratio, spreadOf, verdicts } from './summary.mjs'

/**
 * @typedef {object} Results
 * @property {string} at
 * @property {{ cpu: string, cores: number, memory: string, kernel: string, node: string, load: string }} machine
 * @property {Record<string, string>} versions
 * @property {string[]} notes
 * @property {'full' | 'quick'} size
 * @property {number} rounds
 * @property {string[]} servers
 * @property {Record<string, import('./summary.mjs').Run[]>} runs by scenario
 */

/** Columns aligned; the first to the left, the others to the right. */
function table(/** @type {string[][]} */ rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('   ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n')
}

/** @returns {string} */
function section(/** @type {string} */ name, /** @type {Results} */ results) {
  const scenario = scenarios[name]
  const runs = results.runs[name]
  if (!scenario || !runs) return ''
  const [main, ...others] = scenario.metrics
  if (!main) return ''
  const hasOld = results.servers.includes('millrace-old')
  const head = [
    'server',
    main.label,
    'min – max',
    '/ node',
    '/ best peer',
    ...(hasOld ? ['/ old'] : []),
    ...others.map((metric) => metric.label),
  ]
  const times = (/** @type {import('./summary.mjs').Spread | undefined} */ one) =>
    one ? `${one.median.toFixed(2)}×` : '·'
  const rows = results.servers
    .filter((server) => runs.some((run) => run.server === server))
    .map((server) => {
      const value = spreadOf(runs, server, main.key)
      if (!value) return [server, 'failed', ...head.slice(2).map(() => '·')]
      return [
        server,
        digits(value.median),
        value.rounds > 1 ? `${digits(value.min)} – ${digits(value.max)}` : 'one round',
        times(ratio(runs, server, 'node', main)),
        times(
          server.startsWith('millrace') || server === 'node'
            ? ratio(runs, server, 'best peer', main)
            : undefined,
        ),
        ...(hasOld
          ? [times(server === 'millrace' ? ratio(runs, server, 'millrace-old', main) : undefined)]
          : []),
        ...others.map((metric) => {
          const other = spreadOf(runs, server, metric.key)
          if (!other) return '·'
          const by = metric.bare ? undefined : ratio(runs, server, 'node', metric)
          return by ? `${digits(other.median)} (${by.median.toFixed(2)}×)` : digits(other.median)
        }),
      ]
    })
  const failures = runs.flatMap((run) =>
    run.failure ? [`  ! ${run.server}, round ${run.round + 1}: ${run.failure}`] : [],
  )
  const asked = verdicts(scenario, runs).map(({ text, measured, met }) => {
    const range = measured.rounds > 1 ? ` (${digits(measured.min)} – ${digits(measured.max)})` : ''
    return `  ${met ? 'met   ' : 'MISSED'} ${text}: ${digits(measured.median)}${range}`
  })
  const title = `${scenario.title}  ${scenario.path}  (${main.better} is better)`
  return ['', title, table([head, ...rows]), ...failures, ...asked].join('\n')
}

export function print(/** @type {Results} */ results) {
  const { machine, versions, notes } = results
  console.log(
    `\nMillrace bench, ${results.size}, ${results.rounds} round${results.rounds > 1 ? 's' : ''}; medians, ratios taken within each round`,
  )
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}, Linux ${machine.kernel}, Node ${machine.node}, JSON load by ${machine.load}`,
  )
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  )
  for (const note of notes) console.log(`note: ${note}`)
  for (const name of Object.keys(results.runs)) console.log(section(name, results))
}

/** Writes the files and returns their paths. */
export function save(/** @type {Results} */ results, /** @type {string} */ folder) {
  mkdirSync(folder, { recursive: true })
  const json = join(folder, 'latest.json')
  const svg = join(folder, 'latest.svg')
  const { runs: all, ...facts } = results
  const summary = Object.entries(all).map(([name, runs]) => [name, summarize(name, runs, results.servers)])
  writeFileSync(
    json,
    `${JSON.stringify({ ...facts, summary: Object.fromEntries(summary), runs: all }, null, 2)}\n`,
  )
  writeFileSync(svg, plot(results))
  return [json, svg]
}

/** Medians and ranges of every metric on every server, and what was asked of it. */
function summarize(
  /** @type {string} */ name,
  /** @type {import('./summary.mjs').Run[]} */ runs,
  /** @type {string[]} */ servers,
) {
  const scenario = scenarios[name]
  if (!scenario) return undefined
  const spreads = (/** @type {string} */ server) =>
    scenario.metrics.map(({ key, label }) => [label, spreadOf(runs, server, key)])
  return {
    title: scenario.title,
    medians: Object.fromEntries(servers.map((server) => [server, Object.fromEntries(spreads(server))])),
    asked: verdicts(scenario, runs),
  }
}
