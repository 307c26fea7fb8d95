/** Reads the project's Markdown: its code blocks, headings and links. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A Markdown file. */
export interface Page {
  /** From the root of the repository, for example `docs/streams.md`. */
  readonly path: string
  readonly text: string
}

/** A fenced code block. */
export interface Block {
  /** The whole info string: a language, and for programs the file they live in. */
  readonly info: string
  readonly code: string
  /** Of the opening fence, from 1. */
  readonly line: number
}

const FOREIGN = new Set(['node_modules', 'dist', 'coverage', 'results'])

/** Every Markdown file of the repository that is ours. */
export function readPages(): Page[] {
  return markdownIn(ROOT).map((path) => ({
    path: relative(ROOT, path),
    text: readFileSync(path, 'utf8'),
  }))
}

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || FOREIGN.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return markdownIn(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const FENCE = /^```(.*)\n([\s\S]*?)^```$/gm

export function blocksOf({ text }: Page): Block[] {
  return [...text.matchAll(FENCE)].map((match) => ({
    info: match[1]!.trim(),
    code: match[2]!,
    line: text.slice(0, match.index).split('\n').length,
  }))
}

/** The text without code, where brackets mean links. */
function proseOf({ text }: Page): string {
  return text.replace(FENCE, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '))
}

/** The targets of its links and images. */
export function linksOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
}

/** The names that links may use after `#`, made from the headings as GitHub makes them. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>()
  for (const match of page.text.replace(FENCE, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = match[1]!
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-')
    let name = slug
    for (let i = 1; anchors.has(name); i++) name = `${slug}-${i}`
    anchors.add(name)
  }
  return anchors
}
