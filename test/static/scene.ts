/** A folder to serve, with what must not be served around it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

/** In every file that must not get out. */
export const SECRET = 'SECRET'

export interface Place {
  /** What is served. */
  readonly root: string
  /** Writes a file inside of the root, with a date of some time ago. */
  write(path: string, text: string): void
}

/** Makes a place, which is taken away after the tests of the file. */
export function createPlace(files: Readonly<Record<string, string>>): Place {
  const home = mkdtempSync(join(tmpdir(), 'millrace-static-'))
  const root = join(home, 'public')
  const write = (path: string, text: string) => {
    const full = join(root, path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, text)
    utimesSync(full, 1_700_000_000.5, 1_700_000_000.5)
  }
  mkdirSync(root)
  for (const [path, text] of Object.entries(files)) write(path, text)
  // Outside: beside the root, with its name in front, and above.
  write('../secret.txt', SECRET)
  write('../public-private/secret.txt', SECRET)
  // Links out, by a path and step by step, to a file and to a folder; and one to what is hidden inside.
  symlinkSync('../secret.txt', join(root, 'link.txt'))
  symlinkSync(join(home, 'public-private'), join(root, 'linked'))
  symlinkSync('..', join(root, 'up'))
  write('.env', SECRET)
  write('.git/config', SECRET)
  symlinkSync('.env', join(root, 'env.txt'))
  symlinkSync('loop', join(root, 'loop'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  return { root, write }
}
