/** curl, as everybody tries a stream with. */
import { spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { within } from '../contract/transport.ts'
import { type ClientServer, startClientServer } from './server.ts'

const installed = spawnSync('curl', ['--version']).status === 0
if (!installed && !process.env['CI']) console.log('skipped: curl, because it is not installed')

// In CI a missing curl is a failure: the tests say so.
describe.skipIf(!installed && !process.env['CI'])('curl', { timeout: 30_000 }, () => {
  let server: ClientServer
  beforeAll(async () => {
    server = await startClientServer()
  })
  afterAll(() => server.close())

  interface Run {
    readonly code: number | null
    readonly text: string
    readonly errors: string
    /** Every piece of output, and when it came, since the start. */
    readonly pieces: readonly { readonly text: string; readonly at: number }[]
  }

  function curl(path: string, ...options: string[]): Promise<Run> {
    const startedAt = performance.now()
    const child = spawn('curl', ['-sS', '-N', '--max-time', '20', ...options, server.url + path])
    const pieces: { text: string; at: number }[] = []
    let errors = ''
    child.stdout.on('data', (bytes) =>
      pieces.push({ text: String(bytes), at: performance.now() - startedAt }),
    )
    child.stderr.on('data', (bytes) => (errors += String(bytes)))
    const run = new Promise<Run>((resolve) => {
      child.once('close', (code) =>
        resolve({ code, text: pieces.map((piece) => piece.text).join(''), errors, pieces }),
      )
    })
    return within(run, 'curl', 25_000)
  }

  test('shows items as they come, and ends with 0', async () => {
    const { code, text, pieces } = await curl('/steps', '-H', 'accept: application/jsonl')
    expect([code, text]).toEqual([0, [0, 1, 2, 3, 4].map((n) => `{"n":${n}}\n`).join('')])
    expect(pieces).toHaveLength(5)
    for (let n = 1; n < 5; n++) expect(pieces[n]!.at - pieces[0]!.at).toBeGreaterThan(n * 250 - 120)
  })

  test('tells a stream that failed: exit 18 over HTTP/1.1', async () => {
    const { code, text, errors } = await curl('/broken')
    expect(code).toBe(18)
    expect(errors).toMatch(/transfer closed|outstanding/i)
    expect(text).toMatch(/^\{"n":1\}\n\{"\$error":.*\}\n$/)
  })

  test('gets a real status for what failed before its first item', async () => {
    const { text } = await curl(
      '/refused',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{content_type} %header{x-seen}',
    )
    expect(text).toMatch(/^500 application\/problem\+json( yes)?/)
  })

  test('uploads, also after a 100-continue', async () => {
    const body = 'x'.repeat(2 * 1024 * 1024)
    const child = spawn('curl', [
      '-sS',
      '-v',
      '--data-binary',
      '@-',
      '-H',
      'expect: 100-continue',
      `${server.url}/upload`,
    ])
    let text = ''
    let log = ''
    child.stdout.on('data', (bytes) => (text += String(bytes)))
    child.stderr.on('data', (bytes) => (log += String(bytes)))
    child.stdin.end(body)
    const code = await within(new Promise((resolve) => child.once('close', resolve)), 'curl', 20_000)
    expect([code, text]).toEqual([0, `{"size":${body.length}}`])
    expect(log).toContain('100 Continue')
  })

  test('is not asked for a body that is too large', async () => {
    const child = spawn('curl', [
      '-sS',
      '-v',
      '--data-binary',
      '@-',
      '-H',
      'expect: 100-continue',
      `${server.url}/guarded`,
    ])
    let log = ''
    child.stderr.on('data', (bytes) => (log += String(bytes)))
    child.stdin.on('error', () => {})
    child.stdin.end('x'.repeat(100_000))
    await within(new Promise((resolve) => child.once('close', resolve)), 'curl', 20_000)
    expect(log).toContain('413')
    expect(log).not.toContain('100 Continue')
  })

  test('stopped in the middle (Ctrl+C), it leaves nothing behind', async () => {
    const child = spawn('curl', ['-sS', '-N', `${server.url}/quiet`])
    await new Promise((resolve) => setTimeout(resolve, 400))
    child.kill('SIGINT')
    await new Promise((resolve) => child.once('close', resolve))
    expect((await curl('/steps')).code).toBe(0)
  })
})
