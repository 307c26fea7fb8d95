/** Seeds: inputs that hurt once. Each is a file, in the form of input.ts. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatInput, type Input, parseInput } from './input.ts'

/** The programs that use this run in the folder of the package. */
export const FOLDER = join(process.cwd(), 'test/fuzz')

export interface Seed {
  readonly name: string
  readonly input: Input
}

export function readCorpus(): Seed[] {
  const folder = join(FOLDER, 'corpus')
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  return names.toSorted().map((name) => ({ name, input: readInput(join(folder, name)) }))
}

export function readInput(path: string): Input {
  try {
    return parseInput(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(`${path}: ${String(cause)}`, { cause })
  }
}

/** @returns where a finding was written to. */
export function writeFinding(name: string, input: Input, reason: string): string {
  const folder = join(FOLDER, 'findings')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.txt`)
  writeFileSync(path, formatInput(input, reason))
  return path
}
