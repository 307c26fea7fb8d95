/** Broken downloads, resumed by the programs that people resume them with, and compared byte for byte. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type HttpError, reply } from 'millrace'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until, within } from '../contract/transport.ts'

const SIZE = 24 * 1024 * 1024 + 7
const folder = mkdtempSync(join(tmpdir(), 'millrace-resume-'))
const original = join(folder, 'original.bin')
const copy = join(folder, 'copy.bin')

/** What was asked for, and how it was answered. */
interface Seen {
  readonly range: string | undefined
  readonly status: number
  bytes: number
}

const seen: Seen[] = []
let url = ''

beforeAll(async () => {
  writeFileSync(
    original,
    createCipheriv('aes-128-ctr', 'millrace-resumes', Buffer.alloc(16)).update(Buffer.alloc(SIZE)),
  )
  const app = new App({
    middleware: [
      async (context, next) => {
        const range = context.headers['range'] as string | undefined
        const note = (status: number) => {
          const entry: Seen = { range, status, bytes: 0 }
          seen.push(entry)
          context.after(({ bytes }) => void (entry.bytes = bytes))
        }
        try {
          const answer = await next()
          note(answer.status)
          return answer
        } catch (error) {
          note((error as HttpError).status)
          throw error
        }
      },
    ],
  })
  app.get('/file', () => reply.file(original))
  // The known-bad ones: no parts, and parts that begin one byte late.
  app.get('/whole', () => reply.file(original, { ranges: false }))
  app.get('/late', ({ headers }) => {
    const start = Number(/\d+/.exec(String(headers['range'] ?? 0))?.[0])
    const rest = readFileSync(original).subarray(start === 0 ? 0 : start - 1, start === 0 ? SIZE : SIZE - 1)
    return reply.bytes(rest, {
      status: start === 0 ? 200 : 206,
      headers: { 'content-range': `bytes ${start}-${SIZE - 1}/${SIZE}`, 'accept-ranges': 'bytes' },
    })
  })
  url = (await app.listen({ port: 0 })).url
  cleanup = () => app.close({ grace: 0 })
})
let cleanup = async () => {}
afterAll(async () => {
  await cleanup()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  seen.length = 0
  for (const file of [copy, `${copy}.aria2`]) rmSync(file, { force: true })
})

function start(program: string, args: readonly string[]) {
  const child: ChildProcess = spawn(program, args, {
    cwd: folder,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, code: within(ended, program, 60_000) }
}

/** Starts a slow download and takes it away when a good part has arrived. */
async function breakOff(program: string, args: readonly string[]): Promise<number> {
  const { child, code } = start(program, args)
  await until(() => existsSync(copy) && statSync(copy).size > 2_000_000, `${program} has begun`, 30_000)
  child.kill('SIGKILL')
  await code
  const { size } = statSync(copy)
  expect(size).toBeLessThan(SIZE)
  return size
}

const isSame = () => spawnSync('cmp', [original, copy]).status === 0

/** Runs the tests of a program if it is there, and says so if it is not; in CI it must be. */
function withProgram(program: string, define: () => void): void {
  const installed = spawnSync(program, ['--version']).status === 0
  if (!installed && !process.env['CI']) console.log(`skipped: ${program}, because it is not installed`)
  describe.skipIf(!installed && !process.env['CI'])(program, { timeout: 120_000 }, define)
}

withProgram('curl', () => {
  const resume = (path: string) => start('curl', ['-sS', '-C', '-', '-o', copy, url + path]).code

  test('-C - asks for the rest, and has the file', async () => {
    const had = await breakOff('curl', ['-sS', '--limit-rate', '4M', '-o', copy, `${url}/file`])
    expect(await resume('/file')).toBe(0)
    expect(isSame()).toBe(true)
    await until(() => seen.length === 2 && seen[1]!.bytes > 0, 'the end of the second')
    expect(seen[1]).toMatchObject({ range: `bytes=${had}-`, status: 206, bytes: SIZE - had })
  })

  test('is told by a server that has no parts, and by one whose parts are wrong', async () => {
    await breakOff('curl', ['-sS', '--limit-rate', '4M', '-o', copy, `${url}/file`])
    expect(await resume('/whole')).toBe(33)
    expect(isSame()).toBe(false)
    expect(await resume('/late')).toBe(0)
    expect(isSame(), 'cmp sees one byte').toBe(false)
  })
})

withProgram('wget', () => {
  test('-c asks for the rest, and has the file; a whole one is not sent again', async () => {
    const had = await breakOff('wget', ['-q', '--limit-rate=4m', '-O', copy, `${url}/file`])
    expect(await start('wget', ['-q', '-c', '-O', copy, `${url}/file`]).code).toBe(0)
    expect(isSame()).toBe(true)
    await until(() => seen.length === 2 && seen[1]!.bytes > 0, 'the end of the second')
    expect(seen[1]).toMatchObject({ range: `bytes=${had}-`, status: 206, bytes: SIZE - had })
    expect(await start('wget', ['-q', '-c', '-O', copy, `${url}/file`]).code).toBe(0)
    expect(seen[2]).toMatchObject({ range: `bytes=${SIZE}-`, status: 416 })
    expect(isSame()).toBe(true)
  })
})

withProgram('aria2c', () => {
  const args = ['-q', '-x8', '-s8', '-k1M', '--file-allocation=none', '-d', folder, '-o', 'copy.bin']

  test('-x8 puts eight parts at a time together', async () => {
    expect(await start('aria2c', [...args, `${url}/file`]).code).toBe(0)
    expect(isSame()).toBe(true)
    const parts = seen.filter(({ status }) => status === 206)
    expect(new Set(parts.map(({ range }) => range)).size).toBeGreaterThanOrEqual(7)
  })

  test('-c goes on with what is left of the parts', async () => {
    const { child, code } = start('aria2c', [
      ...args,
      '--max-overall-download-limit=6M',
      '--auto-save-interval=1',
      `${url}/file`,
    ])
    await until(
      () => existsSync(`${copy}.aria2`) && statSync(copy).size > 2_000_000,
      'aria2c has begun',
      30_000,
    )
    await new Promise((resolve) => setTimeout(resolve, 1500))
    child.kill('SIGTERM')
    await code
    expect(isSame()).toBe(false)
    expect(await start('aria2c', [...args, '-c', `${url}/file`]).code).toBe(0)
    expect(isSame()).toBe(true)
  })
})
