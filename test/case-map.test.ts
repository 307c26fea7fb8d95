/**
 * The cases of FastAPI's family that a framework should pass, each with the test that covers it. The
 * page docs/cases.md is this map as a table.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface Covered {
  readonly title: string
  readonly file: string
  /** The test's name, or a part of it. */
  readonly name: string
  /** Upstream has no such test, or fails it. */
  readonly gap?: boolean
  readonly note?: string
}

interface Open {
  readonly title: string
  /** Why there is no test yet. */
  readonly open: string
}

const map = JSON.parse(read('test/case-map.json')) as Record<string, Covered | Open>

/** The chapters of the list, and the cases in each. */
const RANGES = [
  ['Streams', 1, 21],
  ['Files and ranges', 22, 44],
  ['Static files', 45, 51],
  ['Compression', 52, 61],
  ['Middleware around streams', 62, 73],
  ['The server, HTTP/1.1', 76, 91],
  ['Shutdown', 92, 101],
  ['Events, JSON Lines, dependencies', 119, 127],
  ['Uploads', 128, 130],
] as const

const numbers = RANGES.flatMap(([, from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at))

function table(): string {
  const lines = [
    '# Cases',
    '',
    'FastAPI, Starlette and Uvicorn have good tests. We wrote down what each of them asks of a framework, and the gaps that we found between them (G: upstream has no such test, or fails it). This page says which of our tests covers which case; [a test](../test/case-map.test.ts) keeps it true.',
  ]
  for (const [title, from, to] of RANGES) {
    lines.push('', `## ${title}`, '', '| Case | What is asked | Test | Note |', '|--|--|--|--|')
    for (const number of numbers.filter((each) => each >= from && each <= to)) {
      const entry = map[number]
      if (entry === undefined) continue
      if ('open' in entry) lines.push(`| ${number} | ${entry.title} | not covered | ${entry.open} |`)
      else {
        const link = `[${entry.name.replaceAll('|', '\\|')}](../${entry.file})`
        lines.push(
          `| ${number}${entry.gap === true ? ' G' : ''} | ${entry.title} | ${link} | ${entry.note ?? ''} |`,
        )
      }
    }
  }
  return `${lines.join('\n')}\n`
}

describe('the map of cases', () => {
  it('has every case, and no other', () => {
    expect(Object.keys(map).map(Number)).toEqual(numbers)
  })

  it.each(
    Object.entries(map).flatMap(([number, entry]) => ('file' in entry ? [[number, entry] as const] : [])),
  )('case %s is covered by the test it names', (_, { file, name }) => {
    // Quotes are escaped in some names, and long ones stand on a line of their own.
    const source = read(file).replaceAll("\\'", "'")
    expect(source.includes(name), `${file} has a test named "${name}"`).toBe(true)
  })

  it('says why a case is not covered, and every gap is', () => {
    for (const [number, entry] of Object.entries(map)) {
      if ('open' in entry) expect(entry.open.length, number).toBeGreaterThan(20)
    }
    const gaps = [
      12, 13, 14, 15, 16, 17, 18, 19, 20, 39, 40, 41, 42, 43, 44, 61, 73, 90, 91, 99, 100, 101, 125, 130,
    ]
    expect(
      Object.entries(map).flatMap(([number, entry]) => ('gap' in entry ? [Number(number)] : [])),
    ).toEqual(gaps)
  })

  it('is printed in docs/cases.md', () => {
    const expected = table()
    if (read('docs/cases.md') !== expected) console.log(expected)
    expect(read('docs/cases.md')).toBe(expected)
  })
})
