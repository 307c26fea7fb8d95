/**
 * Clients that other people's generators make of the dialect for generators. They need TypeScript 5, so
 * they live in a folder of their own, with a lock of its own, and are installed when this runs.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, sse } from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as sink from './kitchen-sink.ts'

const FOLDER = join(import.meta.dirname, 'generator')
const CACHE = join(FOLDER, '.cache')
const bin = (name: string) => join(FOLDER, 'node_modules/.bin', name)

/** Undefined when the generators are there, or why they are not. */
function install(): string | undefined {
  const command = [
    'ci',
    '--prefix',
    FOLDER,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ]
  const { status, stderr } = spawnSync('npm', command, { encoding: 'utf8', timeout: 180_000 })
  return status === 0 ? undefined : stderr.trim().split('\n').at(-1)
}

const missing = install()
if (missing !== undefined && !process.env['CI'])
  console.log(`skipped: generated clients, because the generators cannot be installed: ${missing}`)

/** Generates both clients of a document. */
function generate(document: object): void {
  rmSync(CACHE, { recursive: true, force: true })
  mkdirSync(CACHE, { recursive: true })
  const file = join(CACHE, 'openapi.json')
  writeFileSync(file, JSON.stringify(document))
  execFileSync(bin('openapi-typescript'), [file, '-o', join(CACHE, 'types.ts')], { stdio: 'pipe' })
  execFileSync(bin('openapi-ts'), ['-i', file, '-o', join(CACHE, 'hey'), '--no-log-file'], { stdio: 'pipe' })
}

/** What TypeScript 5 says of the program that uses them. */
function compile(...options: string[]): string {
  const { stdout } = spawnSync(bin('tsc'), ['-p', FOLDER, ...options], { encoding: 'utf8', timeout: 120_000 })
  return stdout
}

// In CI generators that cannot be installed are a failure.
describe.skipIf(missing !== undefined && !process.env['CI'])(
  'generated clients',
  { timeout: 180_000 },
  () => {
    beforeAll(() => expect(missing).toBeUndefined())
    afterAll(() => rmSync(CACHE, { recursive: true, force: true }))

    it('compile, and type the items of streams', async () => {
      generate(await sink.app.openapi({ dialect: '3.1', exports: sink }))
      expect(compile()).toBe('')
    })

    it('would be seen to type them as unknown, as they do with `itemSchema`', async () => {
      generate({ ...(await sink.app.openapi({ exports: sink })), openapi: '3.1.1' })
      expect(compile()).toContain('error TS')
    })

    it('read a live stream of events', async () => {
      generate(await sink.app.openapi({ dialect: '3.1', exports: sink }))
      expect(
        compile('--noEmit', 'false', '--outDir', join(CACHE, 'out'), '--rewriteRelativeImportExtensions'),
      ).toBe('')
      const app = new App()
      const Tick = z.object({ n: z.int(), price: z.object({ value: z.number(), currency: z.string() }) })
      app.get('/streams/sse', { streams: sse(Tick) }, function* () {
        for (const n of [1, 2, 3]) yield { n, price: { value: n * 10, currency: 'EUR' } }
      })
      const { url } = await app.listen({ port: 0 })
      const program = join(CACHE, 'out/consumer.js')
      const { readEvents } = (await import(program)) as { readEvents(url: string): Promise<number> }
      expect(await readEvents(url)).toBe(60)
      await app.close()
    })
  },
)
