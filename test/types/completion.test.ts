/**
 * How long editors take to offer something in an app of 500 routes, on both compilers: under 100 ms. The time
 * of a machine that others use is no measure, so it is the fastest of some letters that has to be fast, beside
 * a bare list of the same paths, and what the compiler has to do for it is counted.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { compile, VERSIONS, type Version, writeProject } from './compiler.ts'
import { openEditor } from './editor.ts'
import { builtClient, clientApp, resourceApp, ROUTES } from './large-app.ts'
import { openNativeEditor } from './native-editor.ts'

const LIMIT_MS = 100
const PATHS = 300

interface Typing {
  readonly coldMs: number
  /** After each letter. */
  readonly ms: readonly number[]
  readonly names: readonly string[]
  /** Per route, for the last letter; TypeScript 7 does not say. */
  readonly instantiations?: number
}

/** Types letters behind a line of code, and asks for completion in front of the rest of it after each. */
async function typeLetters(
  version: Version,
  project: string,
  file: string,
  [before, rest]: readonly [string, string],
  letters: string,
): Promise<Typing> {
  const service = version === 6 ? openEditor(project) : undefined
  const editor = service ?? (await openNativeEditor(project))
  const source = `${editor.read(file)}\n${before}`
  let names: string[] = []
  const complete = async (typed: string) => {
    editor.write(file, `${source}${typed}${rest}\n`)
    const startedAt = performance.now()
    names = await editor.complete(file, source.length + typed.length)
    return performance.now() - startedAt
  }
  const coldMs = await complete('')
  const ms: number[] = []
  for (let length = 1; length <= letters.length; length++) ms.push(await complete(letters.slice(0, length)))
  const count = service?.instantiations()
  if ('close' in editor) await editor.close()
  return { coldMs, ms, names, ...(count === undefined ? {} : { instantiations: count / ROUTES }) }
}

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!
const fastest = (times: readonly number[]) => Math.min(...times)

function tell(what: string, { coldMs, ms, instantiations }: Typing): void {
  const counted =
    instantiations === undefined ? '' : `, ${instantiations.toFixed(0)} instantiations per route`
  console.log(
    `${what}: cold ${coldMs.toFixed(0)} ms, after each letter ${median(ms).toFixed(0)} ms, ` +
      `at best ${fastest(ms).toFixed(0)} ms${counted}`,
  )
}

/** Enough letters that the machine is left alone during one of them. */
const PATH_LETTERS = '/p0/r0/and-so-on-and-on'

let sources: string
let built: string

beforeAll(async () => {
  const server = resourceApp()
  sources = await writeProject('completion-source', clientApp(5))
  const declarations = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rewriteRelativeImportExtensions: true,
    outDir: '../built',
  }
  const project = await writeProject('completion-server', server, declarations)
  expect((await compile(7, project)).findings).toEqual([])
  built = await writeProject('completion-client', builtClient(server))
}, 180_000)

describe.each(VERSIONS)('500 routes on TypeScript %i: completion', (version) => {
  let builtMs = 0
  let limitMs = LIMIT_MS
  const what = (of: string) => `Completion ${of}, TypeScript ${version}`

  it('of a path, after `api.get(`, takes less than 100 ms where the server is built', async () => {
    const typing = await typeLetters(version, built, 'call.ts', [`void api.get('`, `')`], PATH_LETTERS)
    const bare = await typeLetters(version, built, 'call.ts', [`bare('`, `')`], PATH_LETTERS)
    tell(what('of a path, server built'), typing)
    tell(what('of a bare list of the same paths'), bare)
    expect(new Set(typing.names)).toEqual(new Set(bare.names))
    expect(typing.names).toHaveLength(PATHS)
    builtMs = fastest(typing.ms)
    // On a machine that others use a bare list takes longer than it should, and says how much.
    if (fastest(bare.ms) > LIMIT_MS / 2) limitMs = 3 * fastest(bare.ms)
    expect(builtMs).toBeLessThan(limitMs)
    if (version === 6) expect(typing.instantiations).toBeLessThan(20)
  }, 240_000)

  // The types of routes are inferred from their handlers, after every edit anew, in whatever file it was: a server
  // in source costs that whatever a client does, and the measure above has to be able to see it.
  it('of a path takes longer where the server is source: that can be seen', async () => {
    const typing = await typeLetters(version, sources, 'call-part0.ts', [`void api.get('`, `')`], '/p0')
    tell(what('of a path, server in source'), typing)
    expect(typing.names).toHaveLength(PATHS)
    expect(fastest(typing.ms)).toBeGreaterThan(3 * builtMs)
    if (version === 6) expect(typing.instantiations).toBeGreaterThan(200)
  }, 240_000)

  it('of the context, after `ctx.`, takes less than 100 ms', async () => {
    const line = [
      `export const typed = r.get('/typed/:id', { query: Page, use: { db } }, async (ctx) => { ctx.`,
      ' })',
    ] as const
    const typing = await typeLetters(version, sources, 'part10.ts', line, 'sleepAndAfterThatMore')
    tell(what('of the context'), typing)
    expect(typing.names).toEqual(expect.arrayContaining(['params', 'query', 'db', 'sleep', 'after']))
    expect(fastest(typing.ms)).toBeLessThan(limitMs)
  }, 240_000)
})
