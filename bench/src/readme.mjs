/** The table of README's “How fast”, as the last run measured it: `npm run bench -- --write-docs`. */
import { writeBetween } from './page.mjs'
import { scenarios } from './scenario.mjs'
import { digits, ratio, spreadOf, verdicts } from './summary.mjs'

/** A median with its range over the rounds, and how many there are where some have failed. */
function cell(/** @type {import('./summary.mjs').Spread | undefined} */ one, /** @type {number} */ rounds) {
  if (!one) return ''
  const fewer = one.rounds < rounds ? `; ${one.rounds} of ${rounds} rounds` : ''
  const range = one.rounds > 1 ? ` (${digits(one.min)} – ${digits(one.max)}${fewer})` : ''
  return `${digits(one.median)}${range}`
}

/** @returns {string} Markdown */
function toTable(/** @type {import('./report.mjs').Results} */ results) {
  const { machine, rounds, at, versions, notes } = results
  const rows = Object.entries(results.runs).flatMap(([name, runs]) => {
    const scenario = scenarios[name]
    const metric = scenario?.metrics[0]
    if (!scenario || !metric) return []
    const rival = results.servers.includes('nginx') && name === 'file' ? 'nginx' : undefined
    const asked = verdicts(scenario, runs).map(
      ({ text, met }) =>
        `${text.slice(metric.label.length).replace(/^ \/ /, '')}: ${met ? 'met' : '**missed**'}`,
    )
    const peers = [cell(ratio(runs, 'millrace', 'best peer', metric), rounds)]
    if (rival) peers.push(`nginx ${cell(ratio(runs, 'millrace', rival, metric), rounds)}`)
    return [
      [
        `${scenario.title}, ${metric.label}`,
        cell(spreadOf(runs, 'millrace', metric.key), rounds),
        cell(ratio(runs, 'millrace', 'node', metric), rounds),
        peers.filter(Boolean).join('; '),
        asked.join('; '),
      ],
    ]
  })
  const peers = Object.entries(versions).filter(([name]) => name !== 'millrace')
  return [
    `${at.slice(0, 10)}, Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), ${rounds} rounds: medians, with the least and the most. Beside: ${peers.map((peer) => peer.join(' ')).join(', ')}.${notes.map((note) => ` Note: ${note}.`).join('')}`,
    '',
    '| | Millrace | of bare `node:http` | of the best Node peer | asked |',
    '|--|--|--|--|--|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
}

/** Puts the table between the marks of a page. */
export function writeReadme(
  /** @type {import('./report.mjs').Results} */ results,
  /** @type {string} */ page,
) {
  writeBetween(page, 'bench', toTable(results))
}
