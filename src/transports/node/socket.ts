import type { Duplex } from 'node:stream'
import { type RawData, WebSocket } from 'ws'
import type { Clock } from '../../core/lifetime/clock.ts'
import { Inbox } from '../../core/socket/inbox.ts'
import type { Message, SharedMessage, Socket, SocketClose } from '../../core/socket/socket.ts'
import { continueNextTurn, isSliceOver } from '../../stream/turn.ts'
import { callback, on, once } from './callback.ts'
import { payloadBytes, toFrame } from './frame.ts'

/** From how many queued bytes on a sender waits for the peer. */
const HIGH_WATER = 64 * 1024
/** How often a sender that need not wait for its peer looks at the clock. */
const SENDS_PER_CHECK = 16

/** The codes that ws closes with when the peer breaks the protocol, by its error codes; 1002 for the others. */
const CLOSE_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
}

/** Connections that were written to in this turn. What they were given leaves at its end, in one go each. */
const corked: Duplex[] = []

const uncork = callback((): void => {
  for (const connection of corked.splice(0)) connection.uncork()
})

function corkForTurn(connection: Duplex): void {
  if (connection.writableCorked > 0) return
  connection.cork()
  if (corked.push(connection) === 1) process.nextTick(uncork)
}

/** A socket of ws as Millrace's: ws reads, pings and closes; messages are written to the connection itself. */
export class NodeSocket implements Socket {
  readonly incoming: Inbox
  readonly closed: Promise<SocketClose>
  bytes = 0
  messages = 0
  readonly #websocket: WebSocket
  readonly #connection: Duplex
  readonly #close: WebSocket['close']
  #onDrained: (() => void)[] = []
  #isAlive = true
  #error: Error | undefined

  constructor(websocket: WebSocket, connection: Duplex, clock: Clock) {
    this.#websocket = websocket
    this.#connection = connection
    const flow = { pause: () => websocket.pause(), resume: () => websocket.resume(), rest }
    this.incoming = new Inbox(flow, clock)
    this.#close = websocket.close.bind(websocket)
    // ws calls it for the peer's close and for a frame that breaks the protocol, as soon as it has read that.
    websocket.close = (code, reason) => this.incoming.whenTaken(() => this.#close(code, reason))
    on(connection, 'drain', this.#settleDrained)
    websocket.on('message', callback(this.#onMessage, connection))
    on(websocket, 'pong', () => (this.#isAlive = true))
    // A close follows, which says why.
    on(websocket, 'error', (error: Error) => (this.#error = error))
    this.closed = new Promise((resolve) => {
      const closed = (code: number, reason: Buffer) => {
        this.incoming.end()
        this.#settleDrained()
        resolve(toClose(code, reason.toString(), this.#error))
      }
      once(websocket, 'close', closed)
    })
  }

  get open(): boolean {
    return this.#websocket.readyState === WebSocket.OPEN
  }

  get buffered(): number {
    return this.#connection.writableLength
  }

  send(message: Message | SharedMessage): void {
    if (!this.open) return
    const frame = toFrame(message)
    this.messages++
    this.bytes += payloadBytes(frame)
    corkForTurn(this.#connection)
    this.#connection.write(frame)
  }

  close(code: number, reason: string): void {
    this.incoming.stop()
    this.#close(code, reason)
    this.#settleDrained()
  }

  drained(): Promise<void> | undefined {
    if (!this.open) return undefined
    if (this.buffered > HIGH_WATER) return new Promise((resolve) => this.#onDrained.push(resolve))
    // While the kernel takes everything at once, no sender ever waits; the loop must have its turn.
    return this.messages % SENDS_PER_CHECK > 0 ? undefined : rest()
  }

  /** Asks the peer for a sign of life, and cuts one that gave none since the last time. */
  probe(): void {
    if (!this.#isAlive) return this.#websocket.terminate()
    // Behind messages that wait for their reader, a pong cannot come.
    this.#isAlive = this.incoming.paused
    this.#websocket.ping()
  }

  readonly #settleDrained = (): void => {
    for (const settle of this.#onDrained.splice(0)) settle()
  }

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    const bytes = data as Buffer
    this.incoming.push(isBinary ? detach(bytes) : bytes.toString())
  }
}

/** Gives others their turn, when the slice of this one is used up. */
function rest(): Promise<void> | undefined {
  return isSliceOver() ? new Promise((resolve) => continueNextTurn(resolve, setImmediate)) : undefined
}

/** A small view would keep alive all that was received with it, so it is copied. */
function detach(bytes: Buffer): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes
  return byteLength * 2 < buffer.byteLength
    ? new Uint8Array(bytes)
    : new Uint8Array(buffer, byteOffset, byteLength)
}

function toClose(code: number, reason: string, error: (Error & { code?: string }) | undefined): SocketClose {
  if (error?.code?.startsWith('WS_ERR_') !== true) return { code, reason }
  return { code: CLOSE_CODES[error.code] ?? 1002, reason: error.message, error }
}
