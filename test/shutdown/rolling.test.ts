/**
 * A rolling restart, as docs/deployment.md shows it: under load, each worker is replaced by a new one
 * that listens before the old one is told to go. No request fails.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { until, wait, within } from '../contract/transport.ts'

const ROOT = join(import.meta.dirname, '../..')
const WORKERS = 3
/** How long a request may take on a machine that is busy with other things. */
const ANSWER_MS = 10_000

/** The program of the page, without its types: Node 20 does not take them away by itself. */
let compiled: string
beforeAll(() => {
  compiled = mkdtempSync(join(tmpdir(), 'millrace-rolling-'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const project = join(compiled, 'tsconfig.json')
  const compilerOptions = {
    outDir: compiled,
    rootDir: join(ROOT, 'docs/snippets/deployment'),
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  }
  const files = [join(ROOT, 'docs/snippets/deployment/primary.ts')]
  writeFileSync(project, JSON.stringify({ compilerOptions, files }))
  execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })
  renameSync(join(compiled, 'primary.js'), join(compiled, 'primary.mjs'))
}, 120_000)
afterAll(() => rmSync(compiled, { recursive: true, force: true }))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Told = { readonly port?: number; readonly done?: string; readonly failed?: string }

class Cluster {
  readonly #child: ChildProcess
  port = 0

  constructor() {
    const worker = join(import.meta.dirname, 'worker.mjs')
    const primary = join(compiled, 'primary.mjs')
    const args = [primary, worker, String(WORKERS)]
    this.#child = fork(join(import.meta.dirname, 'primary.mjs'), args, { stdio: 'inherit' })
    cleanups.push(async () => {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.send({ what: 'close' })
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
      await gone
      clearTimeout(timer)
    })
  }

  async start(): Promise<void> {
    this.port = (await this.#told()).port!
  }

  #told(): Promise<Told> {
    return within(
      new Promise<Told>((resolve) => this.#child.once('message', (told) => resolve(told as Told))),
      'the cluster answers',
      60_000,
    )
  }

  tell(what: string, env: Record<string, string> = {}): Promise<Told> {
    const told = this.#told()
    this.#child.send({ what, env })
    return told
  }
}

interface Got {
  readonly status: number
  readonly text: string
}

function get(port: number, agent: Agent | false): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve({ status: response.statusCode!, text }))
      response.on('error', reject)
    })
    asked.on('error', (error) => reject(Object.assign(error, { reused: asked.reusedSocket })))
    // No answer is a failure, too.
    asked.setTimeout(ANSWER_MS, () => asked.destroy(new Error('No answer.')))
    asked.end()
  })
}

/**
 * A client as they are: a kept connection that the server closes just as a request goes out is no
 * failure, because nothing was done with it; then a new one is opened (RFC 9112 section 9.3.1).
 */
async function getPatiently(port: number, agent: Agent): Promise<Got> {
  for (;;) {
    try {
      return await get(port, agent)
    } catch (error) {
      if ((error as { reused?: boolean }).reused !== true) throw error
    }
  }
}

/** Asks without a pause until it is stopped: with a new connection each time, or over kept ones. */
function load(port: number) {
  const seen: Got[] = []
  const failures: unknown[] = []
  let going = true
  const agent = new Agent({ keepAlive: true })
  const ask = async (once: () => Promise<Got>) => {
    while (going)
      await once().then(
        (got) => void seen.push(got),
        (error: unknown) => void failures.push(error),
      )
  }
  const asking = [
    ...Array.from({ length: 4 }, () => ask(() => get(port, false))),
    ...Array.from({ length: 4 }, () => ask(() => getPatiently(port, agent))),
  ]
  return {
    seen,
    failures,
    async stop() {
      going = false
      await Promise.all(asking)
      agent.destroy()
    },
  }
}

test('each worker is replaced, and no request fails', async () => {
  const cluster = new Cluster()
  await cluster.start()
  const { seen, failures, stop } = load(cluster.port)
  await until(() => seen.length > 100, 'it is under load', 20_000)
  expect(await cluster.tell('restart', { VERSION: 'v2' })).toEqual({ done: 'restart' })
  const before = seen.length
  await until(() => seen.length > before + 100, 'the new ones answer', 20_000)
  await stop()

  expect(failures).toEqual([])
  expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200]))
  const pids = (version: string) =>
    new Set(seen.map(({ text }) => text).filter((text) => text.startsWith(version)))
  expect([pids('v1').size, pids('v2').size]).toEqual([WORKERS, WORKERS])
  expect(seen.slice(before).every(({ text }) => text.startsWith('v2'))).toBe(true)
}, 120_000)

test('a new worker that does not start leaves the old ones where they are', async () => {
  const cluster = new Cluster()
  await cluster.start()
  const { seen, failures, stop } = load(cluster.port)
  await until(() => seen.length > 20, 'it is under load', 20_000)
  const told = await cluster.tell('restart', { VERSION: 'v2', BROKEN: '1' })
  expect(told.failed).toContain('before it listened')
  await wait(200)
  await stop()
  expect(failures).toEqual([])
  expect(seen.every(({ status, text }) => status === 200 && text.startsWith('v1'))).toBe(true)
}, 120_000)

test('control: workers that are killed instead lose requests', async () => {
  const cluster = new Cluster()
  await cluster.start()
  const { seen, failures, stop } = load(cluster.port)
  await until(() => seen.length > 50, 'it is under load', 20_000)
  await cluster.tell('kill')
  const before = seen.length
  await until(() => seen.length > before + 20, 'there are new ones', 30_000)
  await stop()
  expect(failures.length).toBeGreaterThan(0)
}, 120_000)
