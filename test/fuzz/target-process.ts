/** The server under test, seen from outside: its process, its ports, and what it reports of itself. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { certificate } from '../contract/certificate.ts'
import { FOLDER } from './corpus.ts'
import type { PortName } from './input.ts'

/** How much of what the process writes is kept, in characters. */
const OUTPUT = 4000

/** What the loop did since the last look, and what the log blames on nobody. */
export interface Look {
  readonly loopMs: number
  readonly rssMiB: number
  readonly errors: readonly string[]
}

/** What is open in the target, after a collection of garbage. */
export interface Census extends Look {
  readonly handlers: number
  readonly dependencies: number
  readonly afters: number
  readonly requests: number
  readonly connections: number
  readonly timers: number
  readonly work: number
  readonly descriptors: number
  readonly files: readonly string[]
  readonly memoryMiB: number
  readonly resources: Readonly<Record<string, number>>
}

interface Answer {
  readonly id: number
  readonly answer: unknown
}

export class Target {
  /** Settles when the process has ended, with how. */
  readonly ended: Promise<string>
  /** How the process ended, once it has. */
  end: string | undefined
  /** When its end was seen. */
  endedAt: number | undefined
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  #ports: Readonly<Record<'plain' | 'http2' | 'tls', number>> = { plain: 0, http2: 0, tls: 0 }
  #asked = 0
  #output = ''

  private constructor(fault: string | undefined) {
    this.#child = fork(join(FOLDER, 'target/main.mjs'), {
      execArgv: ['--expose-gc'],
      env: { ...process.env, NODE_OPTIONS: '', MILLRACE_FUZZ: JSON.stringify({ ...certificate(), fault }) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (data: Buffer) => (this.#output = (this.#output + String(data)).slice(-OUTPUT)))
    this.#child.on('message', ({ id, answer }: Answer) => {
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
    this.#child.on('exit', () => (this.endedAt = performance.now()))
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.end = `${signal ?? `exit code ${code}`}`
        resolve(this.end)
      })
    })
  }

  /** @param fault one of target/fault.mjs, for a control. */
  static async start(fault?: string): Promise<Target> {
    const target = new Target(fault)
    const ports = await Promise.race([
      new Promise((resolve) => target.#waiting.set(0, resolve)),
      target.ended,
    ])
    if (typeof ports === 'string') throw new Error(`The target did not start: ${target.output}`)
    target.#ports = ports as { plain: number; http2: number; tls: number }
    return target
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What the process wrote last. */
  get output(): string {
    return this.#output
  }

  portOf(name: PortName): number {
    const below = { plain: 'plain', http2: 'http2', tls: 'tls', https1: 'tls', https2: 'tls' } as const
    return this.#ports[below[name]]
  }

  /** @returns undefined when the process ended, or did not answer in time. */
  look(): Promise<Look | undefined> {
    return this.#ask('look', 10_000) as Promise<Look | undefined>
  }

  census(): Promise<Census | undefined> {
    return this.#ask('census', 20_000) as Promise<Census | undefined>
  }

  async #ask(ask: string, ms: number): Promise<unknown> {
    if (this.end !== undefined || !this.#child.connected) return undefined
    const id = ++this.#asked
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => (timer = setTimeout(resolve, ms, undefined)))
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve))
    this.#child.send({ id, ask }, () => {})
    const got = await Promise.race([answer, late, this.ended.then(() => undefined)])
    clearTimeout(timer)
    return got
  }

  /** Closes the app. The process has to end by itself then. */
  async close(ms: number): Promise<string> {
    if (this.end !== undefined) return this.end
    this.#child.send({ id: ++this.#asked, ask: 'close' }, () => {})
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => (timer = setTimeout(resolve, ms, 'did not end')))
    const end = await Promise.race([this.ended, late])
    clearTimeout(timer)
    if (this.end === undefined) await this.kill()
    return end
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
