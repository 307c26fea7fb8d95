/**
 * Every program in the documentation is a file in `docs/snippets/`, is printed as it stands there, is
 * type-checked against the built package, runs, and does what the text says. CONTRIBUTING.md tells
 * how to add one.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claims as bandwidth } from './claim/bandwidth.ts'
import { claims as client } from './claim/client.ts'
import { claims as compression } from './claim/compression.ts'
import { claims as dependencyInjection } from './claim/dependency-injection.ts'
import { claims as deployment } from './claim/deployment.ts'
import { claims as errors } from './claim/errors.ts'
import { claims as file, prepare as prepareFiles } from './claim/files.ts'
import { claims as gettingStarted } from './claim/getting-started.ts'
import { claims as openapi } from './claim/openapi.ts'
import { claims as readme } from './claim/readme.ts'
import { claims as routes } from './claim/routes.ts'
import { claims as security } from './claim/security.ts'
import { claims as streaming } from './claim/streaming.ts'
import { claims as streams } from './claim/streams.ts'
import { claims as testing } from './claim/testing.ts'
import { claims as uploads } from './claim/uploads.ts'
import { claims as websockets } from './claim/websockets.ts'
import { blocksOf, type Page, readPages, ROOT } from './page.ts'
import { type Claim, type Claims, runProgram, SNIPPETS } from './program.ts'

const CLAIMS: Readonly<Record<string, Claims>> = {
  bandwidth,
  client,
  compression,
  'dependency-injection': dependencyInjection,
  deployment,
  'getting-started': gettingStarted,
  errors,
  files: file,
  openapi,
  readme,
  routes,
  security,
  streaming,
  streams,
  testing,
  uploads,
  websockets,
}

/** Code that is shown and not run: what is typed into a terminal, what comes out, what is sent. */
const PLAIN = new Set(['sh', 'json', 'http', 'text'])

const PROGRAM = /^ts file=docs\/snippets\/([a-z0-9-]+\/[a-z0-9-]+\.ts)$/

/** The file a block is printed from. */
const programOf = (info: string): string | undefined => PROGRAM.exec(info)?.[1]

const claimOf = (file: string): Claim | undefined => {
  const [folder, name] = file.split('/') as [string, string]
  return CLAIMS[folder]?.[name]
}

const read = (file: string) => readFileSync(join(SNIPPETS, file), 'utf8')

/** What is wrong with the code blocks of some pages. */
function blockProblems(pages: readonly Page[]): string[] {
  return pages.flatMap((page) =>
    blocksOf(page).flatMap(({ info, code, line }) => {
      const at = `${page.path}:${line}`
      if (PLAIN.has(info)) return []
      const file = programOf(info)
      if (file === undefined) return [`${at}: "${info}" is neither plain nor "ts file=docs/snippets/..."`]
      if (!existsSync(join(SNIPPETS, file))) return [`${at}: there is no ${file}`]
      if (claimOf(file) === undefined) return [`${at}: nothing in test/docs/claim checks ${file}`]
      return code === read(file)
        ? []
        : [`${at}: differs from ${file}; run UPDATE_DOCS=1 npx vitest run test/docs`]
    }),
  )
}

/** Prints the files into the pages, for the one who has changed a file. */
function updateBlocks(pages: readonly Page[]): void {
  for (const { path, text } of pages) {
    const updated = text.replace(/^```(ts file=.*)\n[\s\S]*?^```$/gm, (block, info: string) => {
      const file = programOf(info)
      return file !== undefined && existsSync(join(SNIPPETS, file))
        ? `\`\`\`${info}\n${read(file)}\`\`\``
        : block
    })
    if (updated !== text) writeFileSync(join(ROOT, path), updated)
  }
}

const files = readdirSync(SNIPPETS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()

if (process.env['UPDATE_DOCS'] !== undefined) updateBlocks(readPages())

describe('the code in the documentation', () => {
  // The root and docs/. What stands beside the code (bench/README.md) is its own business.
  const pages = readPages().filter(({ path }) => /^(docs\/.*|[^/]+)$/.test(path))

  it('is printed from files that are checked', () => {
    expect(blockProblems(pages)).toEqual([])
  })

  it('is all the code there is: no file without a page, no claim without a file', () => {
    const printed = pages.flatMap((page) => blocksOf(page).map(({ info }) => programOf(info)))
    expect(files.filter((file) => !printed.includes(file))).toEqual([])
    const claimed = Object.entries(CLAIMS).flatMap(([folder, claims]) =>
      Object.keys(claims).map((name) => `${folder}/${name}`),
    )
    expect(claimed.filter((file) => !files.includes(file))).toEqual([])
  })

  it.each([
    ['a block without a file', 'ts', 'neither plain'],
    ['another spelling of the language', 'typescript', 'neither plain'],
    ['a file that is not there', 'ts file=docs/snippets/readme/no-such.ts', 'there is no'],
    ['a block that differs from its file', 'ts file=docs/snippets/readme/frames.ts', 'differs from'],
  ])('is refused: %s', (_what, info, problem) => {
    const page = { path: 'docs/control.md', text: `\`\`\`${info}\nlet x\n\`\`\`\n` }
    expect(blockProblems([page]).join()).toContain(problem)
  })

  it('passes the type check against the built package', async () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', join(ROOT, 'docs')], {
      cwd: ROOT,
    }).catch((failed: { stdout: string }) => failed)
    expect(stdout).toBe('')
  })
})

describe('the program', () => {
  const home = process.cwd()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))

  // Programs name files as if they stood beside them; claims write those files.
  let release = async () => {}
  beforeAll(async () => {
    process.chdir(folder)
    release = await prepareFiles()
  })
  afterAll(async () => {
    await release()
    process.chdir(home)
    rmSync(folder, { recursive: true })
  })

  it.each(files)('%s does what its page says', async (file) => {
    const claim = claimOf(file)
    expect(claim, `an entry in test/docs/claim for ${file}`).toBeDefined()
    await runProgram(file, claim!)
  })
})
