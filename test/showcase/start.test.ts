import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'examples/showcase/dist/main.js')
// What npm runs before it has been done: the build.
const NPM_START = ['npm', 'start', '--ignore-scripts'] as const

let running: ChildProcess | undefined

afterEach(() => {
  try {
    if (running !== undefined) process.kill(-running.pid!, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
  running = undefined
})

/** Starts the showcase in a process group of its own, as a terminal does. Gathers what it prints. */
function start(
  env: Record<string, string>,
  [command, ...rest]: readonly [string, ...string[]] = [process.execPath, main],
) {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build -w @millrace/showcase`)
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, SHOWCASE_FILE_MB: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running = child
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text))
  }
  const exit = once(child, 'close').then(
    ([code, signal]) => ({ code, signal }) as { code: number | null; signal: string | null },
  )
  const url = async () => {
    while (!/curl/.test(printed.stdout))
      await Promise.race([
        once(child.stdout!, 'data'),
        exit.then(() => Promise.reject(new Error(printed.stderr))),
      ])
    return /http:\/\/127\.0\.0\.1:\d+/.exec(printed.stdout)![0]
  }
  return { child, printed, exit, url }
}

test('says what it serves, serves it, and ends at SIGTERM also while a stream is open', async () => {
  const { child, printed, exit, ...showcase } = start({ PORT: '0' })
  const url = await showcase.url()
  expect(url).not.toMatch(/:0$/)
  for (const path of [
    '/',
    '/video',
    '/download',
    '/async-download',
    '/clip',
    '/data',
    '/data/processed',
    '/ticks',
    '/items',
    '/ws',
  ]) {
    expect(printed.stdout).toContain(path)
  }
  expect(printed.stdout).toMatch(/^ +curl -N http/m)

  const reader = (await fetch(`${url}/video`)).body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('frame 0\n')

  const asked = performance.now()
  child.kill('SIGTERM')
  expect(await exit).toEqual({ code: 0, signal: null })
  expect(performance.now() - asked).toBeLessThan(15_000)
  expect(printed.stderr).toBe('')
  await reader.cancel().catch(() => {}) // it was cut
}, 30_000)

test.each([
  ['SIGTERM to npm alone', 'SIGTERM', 1],
  // A terminal tells all of them, and npm then tells its own once more: two for the showcase.
  ['Ctrl+C', 'SIGINT', -1],
] as const)(
  'npm start: %s ends it in order, also while a stream is open',
  async (_what, signal, group) => {
    const { child, exit, ...showcase } = start({ PORT: '0' }, NPM_START)
    const url = await showcase.url()
    const reader = (await fetch(`${url}/ticks?interval=200`)).body!.getReader()
    await reader.read()
    process.kill(group * child.pid!, signal)
    // The pipes end with the last process that holds them: nothing is left behind.
    expect(await exit).toEqual({ code: 0, signal: null })
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    await reader.cancel().catch(() => {}) // it was cut
  },
  30_000,
)

test('a taken port is said plainly', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  try {
    const { printed, exit } = start({ PORT: String(port) })
    expect(await exit).toEqual({ code: 1, signal: null })
    expect(printed.stderr).toContain(`Port ${port} is taken`)
    expect(printed.stderr).not.toContain('    at ')
  } finally {
    other.close()
  }
}, 30_000)

test.each([
  ['PORT', 'eight'],
  ['PORT', '70000'],
  ['SHOWCASE_FILE_MB', '-1'],
])(
  '%s=%s is refused',
  async (name, value) => {
    const { printed, exit } = start({ [name]: value })
    expect(await exit).toEqual({ code: 1, signal: null })
    expect(printed.stderr).toContain(name)
    expect(printed.stderr).not.toContain('    at ')
  },
  30_000,
)
