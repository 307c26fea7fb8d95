/** One WebSocket from its handshake to its close. Like a Run, it knows nothing of the page. */
import { putCookies } from './cookie-jar.ts'
import { byteLength } from './decode.ts'
import { RateMeter } from './rate.ts'
import { RowLog, type RowKind } from './row.ts'

export type SocketState = 'idle' | 'connecting' | 'open' | 'closing' | 'closed'

/** What the codes of RFC 6455 and its registry mean. */
const CLOSE_CODES: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no code was sent',
  1006: 'the connection was cut, without a close',
  1007: 'invalid message',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'missing extension',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1015: 'TLS failure',
}

export class SocketSession {
  readonly url: string
  state: SocketState = 'idle'
  protocol = ''
  log = new RowLog()
  rate = new RateMeter()
  sent = 0
  received = 0
  openedAt: number | undefined
  endAt: number | undefined
  /** How it was closed. */
  close: { readonly code: number; readonly reason: string; readonly meaning: string } | undefined
  readonly #changed: () => void
  #socket: WebSocket | undefined
  #started = 0

  constructor(url: string, changed: () => void) {
    this.url = url
    this.#changed = changed
  }

  get busy(): boolean {
    return this.state === 'connecting' || this.state === 'open' || this.state === 'closing'
  }

  get elapsed(): number {
    return this.endAt ?? performance.now() - this.#started
  }

  /**
   * Connects.
   *
   * @param protocols Subprotocols in order of preference.
   * @param cookies What goes with the handshake.
   */
  connect(protocols: readonly string[], cookies: readonly (readonly [string, string])[] = []): void {
    const undo = putCookies(cookies)
    this.#started = performance.now()
    this.state = 'connecting'
    const socket = new WebSocket(this.url, [...protocols])
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      undo()
      this.state = 'open'
      this.protocol = socket.protocol
      this.openedAt = this.elapsed
      this.#note(`Open${socket.protocol === '' ? '' : `, subprotocol ${socket.protocol}`}`)
    })
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.received++
      this.#add('received', data)
    })
    socket.addEventListener('close', ({ code, reason }) => {
      undo()
      this.#closed(code, reason)
    })
    this.#socket = socket
    this.#changed()
  }

  /** Sends a message, if it is open. */
  send(data: string | ArrayBuffer): void {
    if (this.state !== 'open') return
    this.#socket?.send(data)
    this.sent++
    this.#add('sent', data)
  }

  /** Begins the closing handshake. */
  disconnect(code = 1000, reason = ''): void {
    if (!this.busy) return
    this.state = 'closing'
    this.#socket?.close(code, reason)
    this.#changed()
  }

  #closed(code: number, reason: string): void {
    const refused = this.state === 'connecting' && this.openedAt === undefined
    const meaning = refused
      ? 'the server did not accept the handshake; its reply is in the network tools of the browser'
      : (CLOSE_CODES[code] ??
        (code >= 4000 ? 'a code of the app' : code >= 3000 ? 'a registered code' : 'unknown'))
    this.endAt = this.elapsed
    this.state = 'closed'
    this.close = { code, reason, meaning }
    this.#note(`Closed with ${code}: ${meaning}${reason === '' ? '' : ` (“${reason}”)`}`)
  }

  #add(kind: RowKind, data: string | ArrayBuffer): void {
    const at = this.elapsed
    const isText = typeof data === 'string'
    const size = isText ? byteLength(data) : data.byteLength
    const shown = isText ? data : `${size} bytes: ${toHex(new Uint8Array(data, 0, Math.min(24, size)))}`
    this.log.add({ kind, raw: shown, data: shown, bytes: size }, at)
    this.rate.add(at, 1, size)
    this.#changed()
  }

  #note(text: string): void {
    this.log.add({ kind: 'note', raw: text, data: text, bytes: 0 }, this.elapsed)
    this.#changed()
  }
}

const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
