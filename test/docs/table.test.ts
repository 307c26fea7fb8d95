/** Tables on the pages that repeat what the source says must say the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_TABLE } from '../../src/core/error.ts'
import { ROOT } from './page.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** The cells of every row of a page's tables. */
function rowsOf(path: string): string[][] {
  return [...read(path).matchAll(/^\| (.*) \|$/gm)].map((match) => match[1]!.split(' | '))
}

/** The names in backquotes in the first cells. */
function namesOf(path: string): string[] {
  return rowsOf(path).flatMap(([first]) => [...first!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!))
}

const sourceFiles = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

describe('docs/errors.md', () => {
  const rows = rowsOf('docs/errors.md').filter((cells) => /^`[A-Z_]+`$/.test(cells[0]!))

  it('has the error table, whole and in order', () => {
    const written = rows.map(([code, status, title]) => [code!.slice(1, -1), Number(status), title])
    expect(written).toEqual(Object.entries(ERROR_TABLE).map(([code, entry]) => [code, ...entry]))
  })

  it('says which codes Millrace uses itself', () => {
    const source = sourceFiles
      .map((file) => read(`src/${file}`))
      .join('\n')
      .replace(/export const ERROR_TABLE = [^]*? as const/, '')
    const used = Object.keys(ERROR_TABLE).filter((code) => source.includes(`'${code}'`))
    const written = rows.filter((cells) => cells[3] !== 'yours to throw').map(([code]) => code!.slice(1, -1))
    expect(written).toEqual(used)
  })
})

describe('docs/dependencies.md', () => {
  it('names every dependency, and no other', () => {
    const manifests = ['package.json', 'scripts/lint/package.json'].map(
      (path) => JSON.parse(read(path)) as Record<'dependencies' | 'devDependencies', Record<string, string>>,
    )
    const declared = Object.assign(
      {},
      ...manifests.flatMap((each) => [each.dependencies, each.devDependencies]),
    )
    expect(namesOf('docs/dependencies.md').sort()).toEqual(Object.keys(declared).sort())
  })
})

describe('docs/architecture.md', () => {
  it('names every folder of src', () => {
    const folders = new Set(
      sourceFiles.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!),
    )
    const named = rowsOf('docs/architecture.md').flatMap(
      ([first]) => /^\[src\/([a-z]+)\]/.exec(first!)?.[1] ?? [],
    )
    expect(named.sort()).toEqual([...folders].sort())
  })
})
