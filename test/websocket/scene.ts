/** Apps on real ports, clients that can be asked for what comes next, and sockets without a library. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectTcp, type Socket as TcpSocket } from 'node:net'
import {
  App,
  type AppOptions,
  type Context as HandlerContext,
  type Message,
  type WebSocketConnection,
} from 'millrace'
import { afterEach, expect } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { type LogEntry, recorder, until as untilBy, wait, within as withinBy } from '../contract/transport.ts'

export { wait }

/** The machine is small and shared: what is awaited comes soon or never, and the limit only ends the test. */
const LIMIT_MS = 15_000

/** Waits for something to become true. */
export const until = (holds: () => boolean, what: string, ms = LIMIT_MS): Promise<void> =>
  untilBy(holds, what, ms)

/** The promise, but not for ever. */
export const within = <T>(promise: Promise<T>, what: string, ms = LIMIT_MS): Promise<T> =>
  withinBy(promise, what, ms)

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Runs after the test, the latest first. */
export const cleanUp = (fn: () => unknown): void => void cleanups.push(fn)

export interface Server {
  readonly app: App
  readonly port: number
  readonly log: LogEntry[]
  /** The errors that were logged. */
  errors(): string[]
}

/** Serves what `declare` declares, until the test is over. */
export async function serve(declare: (app: App) => void, options: AppOptions<{}> = {}): Promise<Server> {
  const log: LogEntry[] = []
  const app = new App({ log: recorder(log), unwindMs: 2000, ...options })
  declare(app)
  const { port } = await app.listen({ port: 0 })
  cleanUp(() => app.close({ grace: 500 }))
  const errors = () =>
    log
      .filter(({ level }) => level === 'error')
      .map(({ fields }) => (fields['err'] instanceof Error ? fields['err'].message : String(fields['err'])))
  return { app, port, log, errors }
}

export type Context = HandlerContext<'/'> & { readonly socket: WebSocketConnection<Message, unknown> }

/** A server with one socket, whose handler is given. What the handler throws is kept. */
export async function serveOne(
  handler: (context: Context) => unknown,
  options: AppOptions<{}> = {},
): Promise<Server & { readonly outcome: { thrown?: unknown; ended?: boolean } }> {
  const outcome: { thrown?: unknown; ended?: boolean } = {}
  const server = await serve((app) => {
    app.websocket('/', {}, async (context) => {
      try {
        await handler(context)
      } catch (error) {
        outcome.thrown = error
        throw error
      } finally {
        outcome.ended = true
      }
    })
  }, options)
  return { ...server, outcome }
}

/** A client of the ws library. */
export class Peer {
  readonly ws: WebSocket
  readonly handshake: IncomingMessage
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #received: (string | Buffer)[] = []
  #wake = () => {}
  #isClosed = false

  constructor(ws: WebSocket, handshake: IncomingMessage, received: (string | Buffer)[]) {
    this.ws = ws
    this.handshake = handshake
    this.#received = received
    ws.on('message', () => this.#wake())
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => {
        this.#isClosed = true
        this.#wake()
        resolve({ code, reason: reason.toString() })
      })
    })
  }

  send(message: string | Uint8Array | object): void {
    this.ws.send(
      typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message),
    )
  }

  /** The next message, undefined when the socket is closed. */
  next(): Promise<string | Buffer | undefined> {
    const take = async () => {
      while (this.#received.length === 0 && !this.#isClosed)
        await new Promise<void>((resolve) => (this.#wake = resolve))
      return this.#received.shift()
    }
    return within(take(), 'the next message')
  }

  async json(): Promise<unknown> {
    return JSON.parse(String(await this.next())) as unknown
  }

  /** The next `count` messages. */
  async take(count: number): Promise<(string | Buffer | undefined)[]> {
    const taken: (string | Buffer | undefined)[] = []
    for (let i = 0; i < count; i++) taken.push(await this.next())
    return taken
  }

  /** How the socket was closed. */
  ended(ms = LIMIT_MS): Promise<{ code: number; reason: string }> {
    return within(this.closed, 'the socket is closed', ms)
  }

  /** Reads nothing any more. */
  stall(): void {
    this.ws.pause()
  }
}

/** Connects, and rejects when the server refuses. */
export async function connect(
  { port }: Pick<Server, 'port'>,
  path: string,
  { protocols = [], ...options }: ClientOptions & { protocols?: string[] } = {},
): Promise<Peer> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, options)
  cleanUp(() => ws.terminate())
  // Messages may come together with the handshake, before anybody awaits it.
  const received: (string | Buffer)[] = []
  ws.on('message', (data, isBinary) => received.push(isBinary ? (data as Buffer) : String(data as Buffer)))
  ws.on('error', () => {})
  const upgraded = once(ws, 'upgrade') as Promise<[IncomingMessage]>
  const refusedWith = new Promise<never>((_, reject) =>
    ws.once('unexpected-response', (_request, { statusCode }) =>
      reject(new Error(`refused with ${statusCode}`)),
    ),
  )
  const [handshake] = await within(Promise.race([upgraded, refusedWith]), 'the handshake')
  const peer = new Peer(ws, handshake, received)
  if (ws.readyState === WebSocket.CONNECTING) await once(ws, 'open')
  return peer
}

export interface Refusal {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Connects, and expects to be refused. */
export async function refused(
  { port }: Pick<Server, 'port'>,
  path: string,
  options: ClientOptions = {},
): Promise<Refusal> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  cleanUp(() => ws.terminate())
  ws.on('error', () => {})
  const opened = once(ws, 'open').then(() => expect.unreachable('the socket was opened'))
  const [, response] = (await within(
    Promise.race([once(ws, 'unexpected-response'), opened]),
    'the refusal',
  )) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode, headers: response.headers, text }
}

/** A frame as clients send them: masked. `head` is the first byte: FIN and opcode. */
export function frame(head: number, payload: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.from(payload as Uint8Array)
  const length =
    bytes.length < 126
      ? Buffer.from([bytes.length])
      : bytes.length < 0x10000
        ? Buffer.from([126, bytes.length >> 8, bytes.length & 255])
        : Buffer.concat([
            Buffer.from([127, 0, 0, 0, 0]),
            Buffer.from(new Uint32Array([bytes.length]).buffer).reverse(),
          ])
  length[0]! |= 0x80
  const mask = randomBytes(4)
  return Buffer.concat([Buffer.from([head]), length, mask, bytes.map((byte, i) => byte ^ mask[i & 3]!)])
}

export const TEXT = 0x81
export const CLOSE = 0x88
export const PING = 0x89

/** A connection without a WebSocket library: it sends what it is told to, and reads only when asked. */
export class RawPeer {
  readonly socket: TcpSocket
  readonly gone: Promise<void>
  error: NodeJS.ErrnoException | undefined
  received: Buffer = Buffer.alloc(0)

  constructor(socket: TcpSocket) {
    this.socket = socket
    socket.on('error', (error) => (this.error = error))
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()))
    cleanUp(() => socket.destroy())
  }

  write(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** Reads on, until what was received satisfies `enough`. */
  async read(enough: (received: Buffer) => boolean): Promise<Buffer> {
    const collect = (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk]))
    this.socket.on('data', collect).resume()
    await until(() => enough(this.received), 'enough was received')
    this.socket.off('data', collect)
    this.socket.pause()
    return this.received
  }

  /** Reads until the connection is over, and gives the code of the last close frame. */
  async closeCode(): Promise<number | undefined> {
    this.socket
      .on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])))
      .resume()
    await within(this.gone, 'the connection is over')
    return readFrames(this.received)
      .findLast(({ opcode }) => opcode === 8)
      ?.payload.readUInt16BE()
  }
}

/** The frames a server has sent. */
export function readFrames(bytes: Buffer): { opcode: number; payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]! & 127
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    frames.push({ opcode: bytes[at]! & 15, payload: bytes.subarray(start, start + length) })
    at = start + length
  }
  return frames
}

export async function openTcp({ port }: Pick<Server, 'port'>, allowHalfOpen = false): Promise<RawPeer> {
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen })
  const peer = new RawPeer(socket)
  await once(socket, 'connect')
  return peer
}

/** The head of a request to upgrade. */
export const upgradeHead = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${fields}\r\n`

/** A raw connection after its handshake. Nothing is read from it any more. */
export async function upgrade(server: Pick<Server, 'port'>, path: string): Promise<RawPeer> {
  const peer = await openTcp(server)
  peer.write(upgradeHead(path))
  const received = await peer.read((bytes) => bytes.includes('\r\n\r\n'))
  expect(String(received)).toMatch(/^HTTP\/1\.1 101 /)
  peer.received = received.subarray(received.indexOf('\r\n\r\n') + 4)
  return peer
}

/** The server's end of the connections to a port. */
export function serverSides(port: number): TcpSocket[] {
  const handles = (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles()
  return handles.filter(
    (handle): handle is TcpSocket => (handle as TcpSocket).localPort === port && 'writableLength' in handle,
  )
}

/** What nobody caught while the test ran. */
export function crashes(): unknown[] {
  const caught: unknown[] = []
  const note = (error: unknown) => void caught.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  cleanUp(() => {
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
  })
  return caught
}

/** Time that only the test moves. */
export class ManualClock {
  #now = 0
  readonly #timers = new Set<{ at: number; fn: () => void }>()

  readonly now = (): number => this.#now

  readonly after = (ms: number, fn: () => void): (() => void) => {
    const timer = { at: this.#now + ms, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get pending(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = next.at
      next.fn()
    }
    this.#now = end
  }
}
