/** `millrace openapi`, as it is typed into a terminal. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { millrace: string } }
const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fixture = (name: string) => join(import.meta.dirname, 'app', `${name}.mjs`)

function millrace(...args: string[]): { code: number | null; out: string; err: string } {
  const program = join(ROOT, manifest.bin.millrace)
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { code: status, out: stdout, err: stderr }
}

const parse = (text: string) => JSON.parse(text) as Record<string, never>

describe('millrace openapi', { timeout: 90_000 }, () => {
  it('prints the document, with the names of exports, and nothing else; then it ends', () => {
    const { code, out, err } = millrace('openapi', fixture('plain'))
    expect([code, err]).toEqual([0, 'this is not the document\n'])
    expect(parse(out)).toMatchObject({
      openapi: '3.2.0',
      info: { title: 'Plain', version: '3.0.0' },
      paths: { '/ticks': { get: { operationId: 'watchTicks' } }, '/search': { query: {} } },
      components: { schemas: { Tick: { type: 'object' } } },
    })
  })

  it('prints the dialect for generators, and the AsyncAPI document', () => {
    const older = parse(millrace('openapi', '--dialect', '3.1', fixture('plain')).out)
    expect(older).toMatchObject({ openapi: '3.1.1' })
    expect(Object.keys(older['paths']!)).toEqual(['/ticks'])
    const async = parse(millrace('openapi', fixture('plain'), '--asyncapi').out)
    expect(async).toMatchObject({ asyncapi: '3.1.0', channels: { chat: { address: '/chat' }, news: {} } })
  })

  it('takes an export by name, also a function that makes the app', () => {
    expect(parse(millrace('openapi', fixture('several'), '--export', 'second').out)).toMatchObject({
      info: { title: 'Second' },
    })
    expect(parse(millrace('openapi', fixture('plain'), '--export', 'createOther').out)).toMatchObject({
      info: { title: 'Other' },
    })
  })

  it('writes to a file', () => {
    const file = join(folder, 'openapi.json')
    expect(millrace('openapi', fixture('plain'), '--out', file)).toMatchObject({ code: 0, out: '' })
    expect(parse(readFileSync(file, 'utf8'))).toMatchObject({ openapi: '3.2.0' })
    const nowhere = millrace('openapi', fixture('plain'), '--out', join(folder, 'no/such/folder.json'))
    expect(nowhere.code).toBe(1)
    expect(nowhere.err).toContain('cannot be written')
  })

  it.each([
    ['a module that is not there', ['openapi', 'nowhere.js'], 1, 'There is no file '],
    ['no module', ['openapi'], 2, 'Name one module.'],
    ['two modules', ['openapi', 'a.js', 'b.js'], 2, 'Name one module.'],
    ['an option that there is not', ['openapi', '--dilect', '3.1'], 2, "Unknown option '--dilect'"],
    [
      'a dialect that there is not',
      ['openapi', fixture('plain'), '--dialect', '3.0'],
      2,
      'There are the dialects',
    ],
    ['a module without an app', ['openapi', fixture('none')], 1, 'exports no app. It exports: port.'],
    ['several apps', ['openapi', fixture('several')], 1, 'exports several apps: first, second. Choose one'],
    [
      'an export that there is not',
      ['openapi', fixture('none'), '--export', 'app'],
      1,
      'does not export "app"',
    ],
    [
      'a function that makes something else',
      ['openapi', fixture('plain'), '--export', 'createNothing'],
      1,
      'is no app',
    ],
    ['a function that fails', ['openapi', fixture('plain'), '--export', 'createFailure'], 1, 'no database'],
    ['a module that fails', ['openapi', fixture('broken')], 1, 'the module is broken'],
    ['a document with problems', ['openapi', fixture('troubled')], 1, 'GET /size, returns: zod'],
    ['a command that there is not', ['docs'], 2, 'There is no command "docs".'],
    ['nothing', [], 2, 'millrace <command>'],
  ])('says what to do about %s', (_what, args, code, message) => {
    const result = millrace(...args)
    expect(result).toMatchObject({ code, out: '' })
    expect(result.err).toContain(message)
    if (code === 2) expect(result.err).not.toMatch(/^\s+at /m)
  })

  it.each([
    ['a module in TypeScript', 'app.ts', 'app.ts'],
    ['one that a module imports', 'imports.mjs', 'app.ts'],
  ])('says why it cannot read %s, where it cannot, and what to do', (_what, name, meant) => {
    writeFileSync(join(folder, 'app.ts'), 'export const n: number = 1\n')
    writeFileSync(join(folder, 'imports.mjs'), "export * from './app.ts'\n")
    const { code, err } = millrace('openapi', join(folder, name))
    expect(code).toBe(1)
    const strips = 'typescript' in process.features && process.features.typescript !== false
    if (strips) return expect(err).toContain('exports no app')
    expect(err).toMatch(new RegExp(`cannot read TypeScript: .*${meant}\n`))
    expect(err).toContain('NODE_OPTIONS=--import=tsx')
  })

  it('says what TypeScript it cannot read', () => {
    const file = join(folder, 'enum.ts')
    writeFileSync(file, 'export enum Color { Red }\n')
    const { code, err } = millrace('openapi', file)
    expect(code).toBe(1)
    expect(err).toContain('no enum')
  })

  it.each([[['--help']], [['help']], [['openapi', '--help']]])('%j explains itself', (args) => {
    const { code, out } = millrace(...args)
    expect(code).toBe(0)
    expect(out).toContain('openapi')
  })
})
