/** A process of its own that answers questions: the server under siege, a bad one, or an honest client. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { within } from '../contract/transport.ts'

export type Door = 'http1' | 'http2' | 'tls'
export type Ports = Readonly<Record<Door, number>>

interface Said {
  readonly ports?: Ports
  readonly id?: number
  readonly answer?: unknown
}

/** What one server uses at the most; a thousand hostile connections need more than the usual 1024. */
const DESCRIPTORS = 20_000
const START_MS = 20_000
const ANSWER_MS = 60_000

/**
 * Node lets its young generation grow up to 48 MiB under any load, and garbage waits there for as long. So it is
 * kept small: what is measured is what a client makes a server hold.
 */
const SMALL_YOUNG = '--max-semi-space-size=2'

export class Child {
  readonly ports: Ports
  /** What it wrote to stderr. */
  errors = ''
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  readonly #ended: Promise<never>
  #asked = 0

  private constructor(child: ChildProcess, ports: Ports) {
    this.#process = child
    this.ports = ports
    child.stderr!.on('data', (text) => void (this.errors += String(text)))
    this.#ended = new Promise((_, reject) => {
      child.once('exit', () => reject(new Error(`The process has ended:\n${this.errors.slice(-2000)}`)))
    })
    this.#ended.catch(() => {})
    // A question that meets its end is answered by that.
    child.on('error', () => {})
    child.on('message', ({ id, answer }: Said) => {
      this.#waiting.get(id!)?.(answer)
      this.#waiting.delete(id!)
    })
  }

  static async start(script: string, ...args: readonly string[]): Promise<Child> {
    const node = [process.execPath, '--expose-gc', SMALL_YOUNG, resolve(import.meta.dirname, script), ...args]
    const limited = `ulimit -n ${DESCRIPTORS} 2>/dev/null; exec "$@"`
    const child = spawn('/bin/sh', ['-c', limited, 'sh', ...node], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    const [said] = (await within(once(child, 'message'), `${script} starts`, START_MS)) as [Said]
    return new Child(child, said.ports!)
  }

  get pid(): number {
    return this.#process.pid!
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  async ask<T>(question: string): Promise<T> {
    const id = this.#asked++
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve))
    if (this.#process.connected) this.#process.send({ id, ask: question })
    return (await within(Promise.race([answer, this.#ended]), `an answer to "${question}"`, ANSWER_MS)) as T
  }

  stop(): void {
    this.#process.kill('SIGKILL')
  }
}
