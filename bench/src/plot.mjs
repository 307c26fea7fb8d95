/** The picture of a run: small multiples, one panel per scenario, one bar per server. Hand-written SVG, light and dark. */
import { scenarios } from './scenario.mjs'
import { digits, spreadOf, verdicts } from './summary.mjs'

const width = 960
const margin = 28
const gap = 20
const columns = 2
const panelWidth = (width - 2 * margin - gap) / columns
const row = 24
const labelWidth = 92
const valueWidth = 64

const style = `
  :root { color-scheme: light dark }
  .ground { fill: #fbfaf7 } .panel { fill: #ffffff; stroke: #e5e2da }
  text { font: 12px ui-sans-serif, system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #22262b }
  .title { font-size: 20px; font-weight: 650 } .name { font-size: 13.5px; font-weight: 620 }
  .quiet { fill: #6b7178; font-size: 11.5px } .value { font-variant-numeric: tabular-nums }
  .ours { fill: #0f7c8c } .old { fill: #8fc1c7 } .bare { fill: #6f767e } .peer { fill: #c3c7cb }
  .strong { font-weight: 650 } .range { stroke: #22262b; stroke-opacity: .55; stroke-width: 1.4; fill: none } .missed { fill: #b3412e } .met { fill: #2c7a4b }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #14181c } .panel { fill: #1b2026; stroke: #2c333b } text { fill: #e8eaec } .quiet { fill: #98a1aa }
    .ours { fill: #35b3c4 } .old { fill: #25626b } .bare { fill: #8d969f } .peer { fill: #4a525b }
    .range { stroke: #e8eaec } .missed { fill: #ff9b86 } .met { fill: #6fce93 }
  }`

const escape = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
const colour = (/** @type {string} */ server) =>
  ({ millrace: 'ours', 'millrace-old': 'old', node: 'bare' })[server] ?? 'peer'

/** One panel with its top left corner at (x, y). */
function panel(
  /** @type {string} */ name,
  /** @type {import('./report.mjs').Results} */ results,
  /** @type {number} */ x,
  /** @type {number} */ y,
) {
  const scenario = scenarios[name]
  const metric = scenario?.metrics[0]
  if (!scenario || !metric) return ''
  const runs = results.runs[name] ?? []
  const bars = results.servers
    .filter((server) => runs.some((run) => run.server === server))
    .map((server) => ({ server, value: spreadOf(runs, server, metric.key) }))
  const most = Math.max(...bars.map(({ value }) => value?.max ?? 0), 1e-9)
  const left = x + 16 + labelWidth
  const scale = (/** @type {number} */ value) =>
    (Math.max(0, value) / most) * (panelWidth - 32 - labelWidth - valueWidth)
  const lines = bars.map(({ server, value }, i) => {
    const top = y + 58 + i * row
    const strong = server === 'millrace' ? ' strong' : ''
    const label = `<text class="${strong.trim()}" x="${left - 10}" y="${top + 12}" text-anchor="end">${escape(server)}</text>`
    if (!value) return `${label}<text class="missed" x="${left}" y="${top + 12}">failed</text>`
    const middle = top + 8
    const range =
      value.max > value.min
        ? `<path class="range" d="M${(left + scale(value.min)).toFixed(1)} ${middle}H${(left + scale(value.max)).toFixed(1)}"/>`
        : ''
    const bar = `<rect class="${colour(server)}" x="${left}" y="${top}" width="${Math.max(1.5, scale(value.median)).toFixed(1)}" height="16" rx="2.5"/>`
    const at = left + scale(value.max) + 8
    return `${label}${bar}${range}<text class="value${strong}" x="${at.toFixed(1)}" y="${top + 12}">${digits(value.median)}</text>`
  })
  return `<g>
  ${frame(scenario.title, `${metric.label} · ${metric.better === 'higher' ? 'longer' : 'shorter'} is better`, x, y, panelHeight(results))}
  ${lines.join('\n  ')}
</g>`
}

/** A frame with a name and a line under it. */
const frame = (
  /** @type {string} */ name,
  /** @type {string} */ line,
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {number} */ height,
) =>
  `<rect class="panel" x="${x}" y="${y}" width="${panelWidth}" height="${height}" rx="10"/>
  <text class="name" x="${x + 16}" y="${y + 25}">${escape(name)}</text>
  <text class="quiet" x="${x + 16}" y="${y + 43}">${escape(line)}</text>`

/** What the project asks of itself, and what came out. */
function askedPanel(
  /** @type {import('./report.mjs').Results} */ results,
  /** @type {number} */ x,
  /** @type {number} */ y,
) {
  const lines = Object.entries(results.runs).flatMap(([name, runs]) => {
    const scenario = scenarios[name]
    return scenario ? verdicts(scenario, runs).map((one) => ({ name, ...one })) : []
  })
  const step = Math.min(20, (panelHeight(results) - 66) / Math.max(1, lines.length))
  const texts = lines.map(({ name, text, measured, met }, i) => {
    const top = y + 66 + i * step
    return `<text class="${met ? 'met' : 'missed'} strong" x="${x + 16}" y="${top}">${met ? '✓' : '✗'}</text>
  <text x="${x + 34}" y="${top}">${escape(`${name}: ${text}`)}</text>
  <text class="value strong" x="${x + panelWidth - 16}" y="${top}" text-anchor="end">${digits(measured.median)}</text>`
  })
  return `<g>
  ${frame('What Millrace asks of itself', 'ratio of millrace to the other, median over rounds', x, y, panelHeight(results))}
  ${texts.join('\n  ')}
</g>`
}

const panelHeight = (/** @type {import('./report.mjs').Results} */ results) =>
  58 + results.servers.length * row + 10

export function plot(/** @type {import('./report.mjs').Results} */ results) {
  const names = Object.keys(results.runs)
  const tall = panelHeight(results)
  const place = (/** @type {number} */ i) =>
    /** @type {const} */ ([
      margin + (i % columns) * (panelWidth + gap),
      92 + Math.floor(i / columns) * (tall + gap),
    ])
  const panels = names.map((name, i) => panel(name, results, ...place(i)))
  if (results.servers.includes('millrace')) panels.push(askedPanel(results, ...place(panels.length)))
  const height = 92 + Math.ceil(panels.length / columns) * (tall + gap) + 26
  const { machine } = results
  const how = `${results.rounds} interleaved round${results.rounds > 1 ? 's' : ''} (${results.size}), bars are medians, lines min to max. Each server alone on one core.`
  const where = `Node ${machine.node}, ${machine.cpu}, Linux ${machine.kernel}, ${results.at.slice(0, 10)}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Millrace beside bare Node and other frameworks">
<style>${style}
</style>
<rect class="ground" width="${width}" height="${height}"/>
<text class="title" x="${margin}" y="44">Millrace beside bare Node and its peers</text>
<text class="quiet" x="${margin}" y="66">${escape(how)}</text>
${panels.join('\n')}
<text class="quiet" x="${margin}" y="${height - 20}">${escape(where)}</text>
</svg>
`
}
