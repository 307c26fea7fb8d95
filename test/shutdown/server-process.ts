/** A server in a process of its own, which is sent real signals. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { until, within } from '../contract/transport.ts'

export interface Entry {
  readonly event: string
  readonly at: number
  readonly [field: string]: unknown
}

export interface Settings {
  readonly grace?: number
  readonly backgroundMs?: number
  readonly unwindMs?: number
  readonly file?: string
  readonly http2?: boolean
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly signals?: boolean
  readonly failStart?: boolean
  readonly failStop?: boolean
  readonly slowTeardown?: number
}

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  /** `Date.now()` when it was seen. */
  readonly at: number
}

export class ServerProcess {
  readonly entries: Entry[] = []
  readonly exit: Promise<Exit>
  readonly #child: ChildProcess
  errors = ''

  constructor(settings: Settings) {
    const script = join(import.meta.dirname, 'server.mjs')
    this.#child = spawn(process.execPath, [script, JSON.stringify(settings)])
    let rest = ''
    this.#child.stdout!.on('data', (bytes) => {
      const lines = (rest + String(bytes)).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.entries.push(JSON.parse(line) as Entry)
    })
    this.#child.stderr!.on('data', (bytes) => void (this.errors += String(bytes)))
    this.exit = new Promise((resolve) => {
      // `close`, not `exit`: what it wrote has been read by then.
      let at = 0
      this.#child.once('exit', () => (at = Date.now()))
      this.#child.once('close', (code, signal) => resolve({ code, signal, at }))
    })
  }

  /** The first entry of an event, waited for. */
  async entry(event: string, ms = 10_000): Promise<Entry> {
    await until(() => this.find(event) !== undefined, `the server tells "${event}": ${this.errors}`, ms)
    return this.find(event)!
  }

  find(event: string): Entry | undefined {
    return this.entries.find((entry) => entry.event === event)
  }

  get events(): string[] {
    return this.entries.map(({ event }) => event)
  }

  /** Sends a signal. @returns when. */
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): number {
    this.#child.kill(name)
    return Date.now()
  }

  exited(ms = 15_000): Promise<Exit> {
    return within(this.exit, 'the process ends', ms)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.signal('SIGKILL')
    await this.exit
  }
}

const running: ServerProcess[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]()
})

/** Starts a server; it ends with the test. */
export async function startServer(settings: Settings = {}): Promise<ServerProcess & { port: number }> {
  const server = new ServerProcess(settings)
  running.push(server)
  const { port } = await server.entry('listening', 30_000)
  return Object.assign(server, { port: port as number })
}

/** Starts one that is not expected to listen. */
export function startFailing(settings: Settings): ServerProcess {
  const server = new ServerProcess(settings)
  running.push(server)
  return server
}
