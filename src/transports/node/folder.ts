import { realpath, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HttpError, UsageError } from '../../core/error.ts'
import type { FileSource } from '../../stream/file-source.ts'
import type { Folder } from '../../stream/static-site.ts'
import { isMisspelt } from '../../wire/file-path.ts'
import { diskFile, isAbsence } from './file.ts'

/**
 * A folder on disk, and nothing outside of it: the path is looked up with all its links before anything is
 * opened, and what has left the folder is not there.
 *
 * @param dotfiles whether a link may lead to a name that begins with a dot.
 */
export function diskFolder(path: string | URL, dotfiles: boolean): Folder {
  return new DiskFolder(resolve(path instanceof URL ? fileURLToPath(path) : path), dotfiles)
}

class DiskFolder implements Folder {
  readonly #path: string
  readonly #dotfiles: boolean
  #root: string | undefined

  constructor(path: string, dotfiles: boolean) {
    this.#path = path
    this.#dotfiles = dotfiles
  }

  async ready(): Promise<void> {
    const root = await present(() => realpath(this.#path))
    if (root === undefined || !(await stat(root)).isDirectory())
      throw new UsageError(`There is no folder ${this.#path}. Create it, or give static() another one.`)
    this.#root = root
  }

  async find(names: readonly string[]): Promise<FileSource | 'folder' | undefined> {
    const real = await this.#locate(names)
    const stats = real === undefined ? undefined : await present(() => stat(real))
    if (stats === undefined || stats.isDirectory()) return stats && 'folder'
    return stats.isFile() ? this.#file(names, real) : undefined
  }

  /** @param located where it is, if that is known. */
  #file(names: readonly string[], located?: string): FileSource {
    const name = names.at(-1)!
    return {
      name,
      open: async () => {
        const real = located ?? (await this.#locate(names))
        return real === undefined ? undefined : present(() => diskFile(real).open())
      },
      sibling: (extension) => this.#file([...names.slice(0, -1), name + extension]),
    }
  }

  /** The path without links, if it is inside and the names are spelt as they are on disk. */
  async #locate(names: readonly string[]): Promise<string | undefined> {
    if (this.#root === undefined) await this.ready()
    const path = join(this.#root!, ...names)
    const real = await present(() => realpath(path))
    if (real === undefined || isMisspelt(path, real)) return undefined
    return real === path || (await this.#staysInside(names)) ? real : undefined
  }

  /** Whether links lead to nothing but what could be asked for by its own name, at every step on the way. */
  async #staysInside(names: readonly string[]): Promise<boolean> {
    const root = this.#root!
    const inside = root.endsWith(sep) ? root : root + sep
    for (let depth = 1; depth <= names.length; depth++) {
      const step = await present(() => realpath(join(root, ...names.slice(0, depth))))
      if (step === undefined || !step.startsWith(inside)) return false
      if (!this.#dotfiles && step.slice(inside.length - 1).includes(`${sep}.`)) return false
    }
    return true
  }
}

/** What is not there is undefined, what may not be read a 403. */
async function present<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (isAbsence(error)) return undefined
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new HttpError('FORBIDDEN', { detail: 'This file may not be read.', cause: error })
  }
}
