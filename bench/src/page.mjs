/** Tables in pages: what was measured stands between two marks, `<!-- name -->` and `<!-- /name -->`. */
import { readFileSync, writeFileSync } from 'node:fs'

/** @throws {Error} when the page has no such marks */
export function writeBetween(
  /** @type {string} */ page,
  /** @type {string} */ name,
  /** @type {string} */ markdown,
) {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const text = readFileSync(page, 'utf8')
  const start = text.indexOf(from)
  const end = text.indexOf(to)
  if (start < 0 || end < start) throw new Error(`${page} has no ${from} ... ${to}`)
  writeFileSync(page, `${text.slice(0, start + from.length)}\n\n${markdown}\n\n${text.slice(end)}`)
}
