/** What a browser has to load of our client. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type OutputChunk, rolldown } from 'rolldown'
import { beforeAll, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
/** Minified and gzipped, in bytes: what is loaded at once, and with what is loaded when it is first used. */
const BUDGETS = { atOnce: 6 * 1024, inAll: 9 * 1024 }

async function bundle(entry: string): Promise<OutputChunk[]> {
  const bundled = await rolldown({ input: join(ROOT, entry), platform: 'browser', external: /^node:|^ws$/ })
  const { output } = await bundled.generate({ format: 'esm', minify: true })
  return output.filter((chunk) => chunk.type === 'chunk')
}

const size = (chunks: readonly OutputChunk[]) =>
  gzipSync(chunks.map(({ code }) => code).join('\n'), { level: 9 }).byteLength

/** The chunks that are loaded with the entry. */
function atOnce(chunks: readonly OutputChunk[]): OutputChunk[] {
  const found = new Set<OutputChunk>()
  const visit = (chunk: OutputChunk | undefined) => {
    if (chunk === undefined || found.has(chunk)) return
    found.add(chunk)
    for (const name of chunk.imports) visit(chunks.find(({ fileName }) => fileName === name))
  }
  visit(chunks.find(({ isEntry }) => isEntry))
  return [...found]
}

/** Modules that have no business in a client. */
const foreign = (chunks: readonly OutputChunk[]) =>
  chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .map((id) => id.replace(`${ROOT}/`, ''))
    .filter((id) => !/^dist\/(client|wire)\//.test(id))

describe('the bundle of the client', () => {
  let chunks: OutputChunk[]
  beforeAll(async () => {
    chunks = await bundle('dist/client/index.js')
  }, 60_000)

  test('is small', () => {
    const sizes = { atOnce: size(atOnce(chunks)), inAll: size(chunks) }
    console.log(`The client, minified and gzipped: ${sizes.atOnce} bytes at once, ${sizes.inAll} in all`)
    expect(sizes.atOnce).toBeLessThanOrEqual(BUDGETS.atOnce)
    expect(sizes.inAll).toBeLessThanOrEqual(BUDGETS.inAll)
  })

  test('holds nothing of the server', () => {
    expect(foreign(chunks)).toEqual([])
    expect(chunks.length).toBeGreaterThan(1)
  })

  test('would be seen to hold it', async () => {
    const server = await bundle('dist/index.js')
    expect(foreign(server)).toContain('dist/core/app.js')
    expect(size(server)).toBeGreaterThan(BUDGETS.inAll)
  }, 60_000)
})

test('the types of the client name no package of the server', () => {
  const resolved = createRequire(import.meta.url).resolve('millrace/package.json')
  const types = readFileSync(join(resolved, '../dist/client/client.d.ts'), 'utf8')
  expect(types).not.toMatch(/from '(?!\.)/)
})
