/** Links between our own files must lead somewhere. Links to other sites are not followed. */
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, linksOf, type Page, readPages, ROOT } from './page.ts'

/** What is wrong with the links of a page. */
function deadLinks(page: Page, pages: readonly Page[]): string[] {
  return linksOf(page)
    .filter((link) => !/^[a-z]+:/i.test(link))
    .flatMap((link) => {
      const [file, anchor] = link.split('#') as [string, string | undefined]
      const target = file === '' ? page.path : relative('.', join(dirname(page.path), decodeURI(file)))
      const linked = [page, ...pages].find(({ path }) => path === target)
      if (linked === undefined && (target.startsWith('..') || !existsSync(join(ROOT, target))))
        return [`${link}: no such file`]
      if (anchor === undefined) return []
      if (linked === undefined || anchorsOf(linked).has(anchor)) return []
      return [`${link}: no such heading`]
    })
}

describe('links', () => {
  const pages = readPages()

  it.each(pages.map((page) => [page.path, page] as const))('of %s resolve', (_path, page) => {
    expect(deadLinks(page, pages)).toEqual([])
  })

  it.each([
    ['a file that is not there', '[x](no-such-page.md)', 'no such file'],
    ['a way out of the repository', '[x](../../etc/passwd)', 'no such file'],
    ['a heading that is not there', '[x](../README.md#no-such-heading)', 'no such heading'],
    ['a heading of the page itself', '# A\n[x](#b)', 'no such heading'],
  ])('are checked for %s', (_what, text, problem) => {
    expect(deadLinks({ path: 'docs/control.md', text }, pages).join()).toContain(problem)
  })

  it('in code are no links', () => {
    const text = '`[x](nowhere)`\n\n```ts\nmap[x](nowhere)\n```\n'
    expect(linksOf({ path: 'docs/control.md', text })).toEqual([])
  })
})
