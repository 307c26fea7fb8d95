/** What was measured, as a table that may stand on a page. */

export type Row = readonly [name: string, ...cells: (string | number)[]]

const MOST_ROWS = 15

/** @param rows the worst first. Only some of them are printed, unless the siege is a full one. */
export function printTable(head: Row, rows: readonly Row[]): void {
  const isFull = process.env['SIEGE_CONNECTIONS'] !== undefined
  const shown = isFull ? rows : rows.slice(0, MOST_ROWS)
  const more = rows.length > shown.length ? [`(and ${rows.length - shown.length} that were cheaper)`] : []
  const lines = [head, head.map(() => '--'), ...shown].map((row) => `| ${row.join(' | ')} |`)
  process.stdout.write(`${[...lines, ...more].join('\n')}\n`)
}
