/** A crash in one handler never ends the process. The process is a real one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { wait, within } from '../contract/transport.ts'

let server: ChildProcess
let port: number
let paths: string[]
let errors = ''

beforeAll(async () => {
  server = spawn(process.execPath, [join(import.meta.dirname, 'crash-server.mjs')])
  server.stderr!.on('data', (text) => void (errors += String(text)))
  const [line] = (await within(once(server.stdout!, 'data'), 'the server starts', 20_000)) as [Buffer]
  const [first, ...rest] = String(line).trim().split(' ')
  port = Number(first)
  paths = rest
})

afterAll(async () => {
  server.stdin!.end()
  if (server.exitCode === null)
    await within(once(server, 'exit'), 'the server ends', 10_000).catch(() => server.kill())
})

/** Asks, and leaves before there is a reply. */
async function leave(path: string): Promise<void> {
  const connection = await RawConnection.open(port)
  await connection.write('GET', path)
  await wait(30)
  connection.destroy()
}

async function request(
  method: string,
  path: string,
  readAll: boolean,
  body?: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const connection = await RawConnection.open(port)
  try {
    const got = await within(connection.request(method, path, { body, headers }), `${method} ${path}`)
    let text = ''
    let piece = await got.bytes()
    if (!readAll) return String(piece)
    for (; piece !== undefined; piece = await got.bytes()) text += String(piece)
    return text
  } finally {
    connection.destroy()
  }
}

async function expectAlive(after: string): Promise<void> {
  // Longer than what is left alone for a moment.
  await wait(after.includes('leave') || after.includes('half') ? 60 : 2)
  expect(server.exitCode, `${after} ended the process:\n${errors.slice(-2000)}`).toBe(null)
  expect(await request('GET', '/alive', true), after).toBe('alive')
}

test('every crash is survived, by clients that stay and clients that leave', async () => {
  expect(paths.length).toBeGreaterThan(35)
  for (const path of paths) {
    if (path === '/leave-tasks') {
      await leave(path)
      await expectAlive(`GET ${path}`)
      continue
    }
    for (const readAll of [true, false]) {
      // A stream that waits for a minute is only for clients that leave.
      if (readAll && path.startsWith('/leave')) continue
      await request('GET', path, readAll).catch(() => {})
      await expectAlive(`GET ${path}`)
    }
  }
  await request('POST', '/body', true, new Uint8Array(100_000)).catch(() => {})
  await expectAlive('POST /body')
  // Nobody awaits what these read: it is no JSON, cannot be saved, or does not come whole.
  const form = '--x\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\nhello\r\n--x--\r\n'
  const parts = { 'content-type': 'multipart/form-data; boundary=x' }
  for (const [path, body, headers] of [
    ['/body-unseen', '{"a":', {}],
    ['/body-form-unseen', '%zz=1', {}],
    ['/save-unseen', 'hello', {}],
    ['/parts-unseen', form, parts],
  ] as const) {
    const bytes = Buffer.from(body)
    await request('POST', path, true, bytes, headers).catch(() => {})
    await expectAlive(`POST ${path}`)
    const connection = await RawConnection.open(port)
    const announced = { ...headers, 'content-length': String(bytes.byteLength) }
    await connection.write('POST', path, { headers: announced })
    connection.send(bytes.subarray(0, -1))
    await wait(10)
    connection.destroy()
    await expectAlive(`half a POST ${path}`)
  }
  await request('GET', '/mount', true).catch(() => {})
  await expectAlive('GET /mount')
})

test('and told about', () => {
  for (const where of ['handler', 'cleanup', 'after', 'the middle', 'finally', 'observer', 'transform'])
    expect(errors).toContain(`crash in ${where}`)
})

test('what nobody awaits is told, and a rejection of another kind ends the process', async () => {
  expect(errors).toContain('Work of a request that was cancelled went on')
  await request('PURGE', '/unhandled', true).catch(() => {})
  if (server.exitCode === null) await within(once(server, 'exit'), 'the server ends')
  expect(server.exitCode).toBe(1)
  expect(errors).toContain('crash that nobody handles')
})

test('a rejection that is its own cause ends the process with what it says', () => {
  const program = `
    import { App } from 'millrace'
    await new App().listen({ port: 0 })
    const error = new Error('it goes round')
    error.cause = error
    void Promise.reject(error)`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(status).toBe(1)
  expect(stderr).toContain('it goes round')
  expect(stderr).not.toContain('call stack')
})
