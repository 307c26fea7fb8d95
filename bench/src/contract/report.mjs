/** Tables: for the terminal, and for docs/streaming.md between its markers. */
import { questions } from './question.mjs'

/** @typedef {import('./probe.mjs').Cell} Cell */
/**
 * @typedef {object} Results
 * @property {string} date
 * @property {string} node
 * @property {string} commit of Millrace
 * @property {string} machine
 * @property {Record<string, string>} versions
 * @property {number} seconds
 * @property {{ id: string, title: string, expected: string, cells: Record<string, Cell> }[]} rows
 * @property {{ framework: string, option: string, question: string, cell: Cell }[]} options
 */

const titleOf = (/** @type {string} */ id) => questions.find((question) => question.id === id)?.title ?? id

/** Aligned, with a `!` before what breaks the contract. */
export function printTable(/** @type {Results} */ { rows, options }) {
  const frameworks = Object.keys(rows[0]?.cells ?? {})
  const lines = [
    ['', ...frameworks],
    ...rows.map(({ title, cells }) => [
      title.replaceAll('`', ''),
      ...frameworks.map((name) => {
        const cell = cells[name]
        return cell === undefined ? '-' : `${cell.kept === false ? '! ' : ''}${cell.text}`
      }),
    ]),
  ]
  const widths = ['', ...frameworks].map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  console.log('\n! the contract is not kept. With another option or idiom:')
  for (const { framework, option, question, cell } of options) {
    console.log(
      `  ${framework}, ${option.replaceAll('`', '')}: ${titleOf(question).replaceAll('`', '')}: ${cell.text}`,
    )
  }
}

/** The same as Markdown; bold is what breaks the contract. */
export function toMarkdown(/** @type {Results} */ { date, node, versions, rows, options }) {
  const frameworks = Object.keys(rows[0]?.cells ?? {})
  const row = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`
  const tell = (/** @type {Cell | undefined} */ cell) =>
    cell === undefined ? '' : cell.kept === false ? `**${cell.text}**` : cell.text
  return [
    `Measured on ${date.slice(0, 10)} with Node ${node}. Bold: not what is asked for.`,
    '',
    row(['', ...frameworks]),
    row(['', ...frameworks].map(() => '--')),
    ...rows.map(({ title, cells }) => row([title, ...frameworks.map((name) => tell(cells[name]))])),
    '',
    'What is asked for:',
    '',
    ...rows.map(({ title, expected }) => `- ${title}: ${expected}.`),
    '',
    'With another option or idiom:',
    '',
    row(['', 'With', 'Asked', 'Seen']),
    row(['--', '--', '--', '--']),
    ...options.map(({ framework, option, question, cell }) =>
      row([framework, option, titleOf(question), tell(cell)]),
    ),
    '',
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n')
}
