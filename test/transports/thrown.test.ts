/**
 * Odd values that are thrown, rejected, yielded or returned: what cannot be asked, read or written. On no path
 * do they end the process or leave a request without an answer, and each is logged once.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { wait, within } from '../contract/transport.ts'

/** What the server says at its start. */
interface Started {
  readonly port: number
  readonly kinds: readonly string[]
  readonly get: readonly string[]
  readonly post: readonly string[]
  readonly sockets: readonly string[]
}

type Answered = readonly [status: number, body: string]

class ThrownServer {
  readonly process: ChildProcess
  started!: Started
  #stderr = ''

  constructor(...args: readonly string[]) {
    this.process = spawn(process.execPath, [join(import.meta.dirname, 'thrown-server.mjs'), ...args])
    this.process.stderr!.on('data', (text) => void (this.#stderr += String(text)))
  }

  async start(): Promise<void> {
    const line = within(once(this.process.stdout!, 'data'), 'the server starts', 20_000)
    this.started = JSON.parse(String((await line)[0])) as Started
  }

  async stop(): Promise<void> {
    this.process.stdin!.end()
    if (this.process.exitCode === null)
      await within(once(this.process, 'exit'), 'the server ends', 10_000).catch(() => this.process.kill())
  }

  /** The status, and the whole body, or `cut`. */
  async ask(method: string, path: string, request: { body?: Uint8Array } = {}): Promise<Answered> {
    const connection = await RawConnection.open(this.started.port)
    const type = path.startsWith('/lines') ? 'application/jsonl' : 'application/json'
    const headers = request.body === undefined ? {} : { 'content-type': type }
    try {
      const got = await within(
        connection.request(method, path, { headers, ...request }),
        `an answer to ${method} ${path}`,
      )
      let text = ''
      try {
        for (let piece = await got.bytes(); piece !== undefined; piece = await got.bytes())
          text += String(piece)
      } catch {
        text = 'cut'
      }
      return [got.status, text]
    } catch (error) {
      expect(this.process.exitCode, `${path} ended the process:\n${this.#stderr.slice(-2000)}`).toBe(null)
      throw error
    } finally {
      connection.destroy()
    }
  }

  /** How many errors were logged since the last time: at least as many as are waited for. */
  async logged(wanted: number): Promise<string[]> {
    const lines: string[] = []
    const deadline = performance.now() + 2000
    do lines.push(...(JSON.parse((await this.ask('GET', '/log'))[1]) as string[]))
    while (lines.length < wanted && performance.now() < deadline)
    return lines
  }

  /** Connects, sends a message, and waits for the close. */
  async close(path: string): Promise<number> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.started.port}${path}`)
    socket.on('error', () => {})
    socket.once('open', () => socket.send('"x"'))
    const [code] = (await within(once(socket, 'close'), `the close of ${path}`)) as [number]
    return code
  }
}

/** Two things go wrong on these paths. */
const TWICE = /^(on-error|observer-error|observer-async-error)$/
/** These fail behind a reply that is complete, or beside it. */
const BEHIND = /^(cleanup|cleanup-stream|commit-stream|after|trailer|file-close|observer-.*|sink-abort)$/

function linesOf(path: string, [status, body]: Answered): number {
  if (TWICE.test(path)) return 2
  return BEHIND.test(path) || status >= 500 || body === 'cut' ? 1 : 0
}

let server: ThrownServer
beforeAll(async () => {
  server = new ThrownServer()
  await server.start()
})
afterAll(() => server.stop())

/** Asks for every kind on every path, and compares what was logged. */
async function expectAll(
  paths: readonly string[],
  ask: (path: string, kind: string) => Promise<Answered>,
): Promise<void> {
  expect(paths.length).toBeGreaterThan(5)
  for (const path of paths) {
    for (const kind of server.started.kinds) {
      if (/schema|returns|lines/.test(path)) await server.ask('GET', `/kind/${kind}`)
      const answer = await ask(path, kind)
      const wanted = linesOf(path, answer)
      expect([path, kind, await server.logged(wanted)]).toEqual([
        path,
        kind,
        Array.from({ length: wanted }, () => expect.any(String)),
      ])
    }
  }
}

// A file whose first read fails is cut without a head (faults.md A23); that is another matter.
const withoutReads = (path: string) => path !== 'file-read'

describe('odd values end no process', () => {
  test('over HTTP', { timeout: 120_000 }, async () => {
    await expectAll(server.started.get.filter(withoutReads), (path, kind) =>
      server.ask('GET', `/${path}/${kind}`),
    )
  })

  test.each(['fetch', 'memory'])('over %s', { timeout: 120_000 }, async (link) => {
    // There are no trailers, and a file is closed while its body is read, so that both are told.
    const paths = server.started.get.filter((path) => path !== 'trailer' && path !== 'file-close')
    await expectAll(paths, async (path, kind) => {
      const [status, text] = await server.ask('GET', `/${link}/${path}/${kind}`)
      expect([path, kind, status]).toEqual([path, kind, 200])
      return JSON.parse(text) as Answered
    })
  })

  test('in what reads a body', { timeout: 60_000 }, async () => {
    const body = Buffer.from('1\n')
    await expectAll(server.started.post, (path, kind) => server.ask('POST', `/${path}/${kind}`, { body }))
  })

  test('in WebSockets', { timeout: 60_000 }, async () => {
    for (const path of server.started.sockets) {
      for (const kind of server.started.kinds) {
        await server.ask('GET', `/kind/${kind}`)
        const code = await server.close(`/${path}/${kind}`)
        // A send that nobody awaits is told of and closes nothing.
        const wanted = code === 1011 || path === 'ws-send-unawaited' ? 1 : 0
        expect([path, kind, code, (await server.logged(wanted)).length]).toEqual([path, kind, code, wanted])
        expect([path, kind, [1000, 1007, 1011].includes(code)]).toEqual([path, kind, true])
      }
    }
  })

  test('with a logger that throws', { timeout: 60_000 }, async () => {
    const failing = new ThrownServer('logger')
    await failing.start()
    try {
      for (const path of failing.started.get.filter(withoutReads)) {
        for (const kind of ['revoked', 'getters']) {
          await failing.ask('GET', `/${path}/${kind}`)
        }
      }
      await wait(50)
      await failing.ask('GET', '/log')
      expect(failing.process.exitCode).toBe(null)
    } finally {
      await failing.stop()
    }
  })
})

test.each([
  [
    'a revoked proxy',
    'const { proxy: thrown, revoke } = Proxy.revocable({}, {}); revoke()',
    'cannot be read',
  ],
  ['no prototype', "const thrown = Object.assign(Object.create(null), { message: 'mine' })", 'mine'],
  ['a symbol', "const thrown = Symbol('mine')", 'Symbol(mine)'],
])('a rejection that nobody handles says what it can: %s', (_, declare, said) => {
  const program = `
    import { App } from 'millrace'
    await new App().listen({ port: 0 })
    ${declare}
    void Promise.reject(thrown)`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(status).toBe(1)
  expect(stderr).toContain('Unhandled rejection')
  expect(stderr).toContain(said)
})

test('a lifespan that throws one rejects, at the start and at the end', () => {
  const program = `
    import { App } from 'millrace'
    const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy }
    const first = new App({ lifespan: async function* () { throw revoked() } })
    await first.listen({ port: 0, signals: false }).catch(() => console.log('start'))
    const last = new App({ lifespan: async function* () { yield; throw revoked() } })
    await last.listen({ port: 0, signals: false })
    await last.close().catch(() => console.log('end'))`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect([run.status, run.stdout, run.stderr]).toEqual([0, 'start\nend\n', ''])
})
