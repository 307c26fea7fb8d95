/** Plays an input over a connection, and keeps what came back. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import type { Input } from './input.ts'
import type { Target } from './target-process.ts'

/** How much of what comes back is kept, in bytes; the rest is read and dropped. */
const KEPT = 4 * 1024 * 1024
/** How long a client that waits for its replies or for the server's end stays at the most. */
const WAIT_MS = 10_000
/** How long a client stays that waits for the server to close. */
const END_MS = 2000
/** How long connecting may take. */
const CONNECT_MS = 10_000

export interface Visit {
  /** The bytes that came back, up to a limit. */
  readonly received: Buffer
  /** Whether bytes were dropped. */
  readonly isPartial: boolean
  /** Who ended the connection: it was closed or reset by the server, or the client left. */
  readonly end: 'closed' | 'reset' | 'left' | 'refused'
  /** Whether the server closed before the client had sent everything. */
  readonly isCut: boolean
}

/** @param isAnswered whether what has come back is all that the client waits for. */
export async function visit(
  target: Target,
  input: Input,
  isAnswered?: (received: Buffer) => boolean,
): Promise<Visit> {
  const below = connect({ port: target.portOf(input.port), host: '127.0.0.1', allowHalfOpen: true })
  const client = new Client(open(input, below), below)
  if (!(await client.connected())) return { ...client.visit(), end: 'refused' }
  if (!input.reads) client.socket.pause()
  let isCut = false
  for (const step of input.steps) {
    if (client.isOver) isCut = true
    if (client.isOver) break
    if (step.kind === 'pause') await Promise.race([wait(step.ms), client.over])
    else client.socket.write(step.bytes)
  }
  if (input.end === 'half') client.socket.end()
  if (isAnswered !== undefined) await client.until(isAnswered, WAIT_MS)
  else if (input.end === 'wait') await client.until(() => false, END_MS)
  else await client.quiet(input.patience)
  const visited = { ...client.visit(), isCut }
  if (input.end === 'reset' && !client.isOver) client.reset()
  else client.socket.destroy()
  return visited
}

/** @param below the connection that TLS may stand on. */
function open({ port }: Input, below: Socket): Socket {
  if (port !== 'https1' && port !== 'https2') return below
  const ALPNProtocols = [port === 'https1' ? 'http/1.1' : 'h2']
  return connectTls({ socket: below, ALPNProtocols, rejectUnauthorized: false, servername: 'localhost' })
}

class Client {
  readonly socket: Socket
  readonly #below: Socket
  /** Settles when the server has ended the connection. */
  readonly over: Promise<void>
  isOver = false
  #wasReset = false
  #pieces: Buffer[] = []
  #size = 0
  #isPartial = false
  #wake = () => {}

  constructor(socket: Socket, below: Socket) {
    this.socket = socket
    this.#below = below
    below.setNoDelay(true)
    // TLS reports the errors of what it stands on, until it is destroyed.
    if (below !== socket) below.on('error', () => {})
    socket.on('data', (data: Buffer) => this.#take(data))
    this.over = new Promise((resolve) => {
      const end = () => {
        this.isOver = true
        resolve()
        this.#wake()
      }
      socket.on('error', (error: NodeJS.ErrnoException) => {
        this.#wasReset = error.code === 'ECONNRESET' || error.code === 'EPIPE'
        end()
      })
      socket.on('end', end).on('close', end)
    })
  }

  #take(data: Buffer): void {
    if (this.#size > KEPT) this.#isPartial = true
    else this.#pieces.push(data)
    this.#size += data.byteLength
    this.#wake()
  }

  async connected(): Promise<boolean> {
    const event = 'encrypted' in this.socket ? 'secureConnect' : 'connect'
    const opened = new Promise<boolean>((resolve) => this.socket.once(event, () => resolve(true)))
    const isOpen = await within(CONNECT_MS, Promise.race([opened, this.over.then(() => false)]))
    if (isOpen !== true) this.socket.destroy()
    return isOpen === true
  }

  get received(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0] ?? Buffer.alloc(0)
  }

  /** Until enough has come, or the server has ended the connection. */
  async until(isEnough: (received: Buffer) => boolean, ms: number): Promise<void> {
    const deadline = performance.now() + ms
    while (!this.isOver && performance.now() < deadline && !isEnough(this.received))
      await this.#news(deadline - performance.now())
  }

  /** Until nothing has come for a while, or the connection is over, five times as long at the most. */
  async quiet(patience: number): Promise<void> {
    const deadline = performance.now() + patience * 5
    for (let size = -1; !this.isOver && size !== this.#size && performance.now() < deadline;) {
      size = this.#size
      await this.#news(patience)
    }
  }

  async #news(ms: number): Promise<void> {
    await within(ms, new Promise<void>((resolve) => (this.#wake = resolve)))
  }

  reset(): void {
    this.#below.resetAndDestroy()
    this.socket.destroy()
  }

  visit(): Visit {
    const end = !this.isOver ? 'left' : this.#wasReset ? 'reset' : 'closed'
    return { received: this.received, isPartial: this.#isPartial, end, isCut: false }
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)))
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
