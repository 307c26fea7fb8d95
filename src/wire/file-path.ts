/**
 * From the path of a request to the names of folders and a file. What could mean another file than it
 * says, on any system, is refused on all of them: the same requests are refused where an app is
 * developed and where it runs.
 */
import { DEVICE } from './filename.ts'
import { decodeParam } from './path.ts'

/** Separators, streams and drives of Windows (`a:b`), controls. */
const FOREIGN = /[/\\:\u0000-\u001f\u007f]/

/** Windows leaves dots and blanks at the end out. */
const TRAILING = /[. ]$/

/** Short names, by which Windows knows a file with a longer name, too. */
const SHORT = /~\d/

/**
 * The names that a path leads along.
 *
 * @param segments of a canonical path, encoded.
 * @param dotfiles whether names may begin with a dot.
 * @returns undefined for what is refused.
 */
export function toFilePath(segments: readonly string[], dotfiles: boolean): string[] | undefined {
  const names = segments.map(decodeParam)
  return names.every((name) => isFileName(name, dotfiles)) ? names : undefined
}

function isFileName(name: string, dotfiles: boolean): boolean {
  if (name === '' || name === '.' || name === '..') return false
  if (!dotfiles && name.startsWith('.')) return false
  return !FOREIGN.test(name) && !TRAILING.test(name) && !DEVICE.test(name) && !SHORT.test(name)
}

/**
 * Whether a file answers to another spelling of its name, as on disks that do not care for capitals or for
 * the ways to write an accent. A guard compares paths, and must not be passed by `/Private`.
 *
 * @param asked the path that was asked for.
 * @param real the path as the disk has it.
 */
export function isMisspelt(asked: string, real: string): boolean {
  return asked !== real && fold(asked) === fold(real)
}

const fold = (path: string): string => path.normalize('NFC').toLowerCase()
