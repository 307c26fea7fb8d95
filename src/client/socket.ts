/** WebSockets with typed messages, that come back when the connection is lost. */
import { encodeQuery, fillPath } from './address.ts'
import { createSocket, onRefusal, type WebSocketClass, type WebSocketLike } from './handshake.ts'
import type { ReplyError } from './reply-error.ts'
import type { Inputs } from './request.ts'
import { isTransient, pause, retryAfter, retryDelay, type RetryPolicy } from './retry.ts'
import { SocketClosed } from './socket-closed.ts'

export interface SocketOptions {
  /** Ends the socket: iterating throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Subprotocols to offer. */
  readonly protocols?: readonly string[]
  /**
   * Headers of the handshake, such as `authorization`; those of the client are not sent. For the package `ws`
   * and the WebSockets of Node, Bun and Deno: browsers send none, there it is a TypeError.
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Opens a lost connection again, once it has been open. Default: five times in a row; a message, or ten
   * seconds without a loss, start the count anew.
   */
  readonly reconnect?: RetryPolicy | false
  /**
   * Called when the connection is open, also each time it is open again: the place to subscribe. What it
   * sends goes before what has waited.
   */
  readonly onOpen?: (socket: ClientSocket<unknown, unknown>) => void
  /** How many messages may wait, to be read, and to be sent while there is no connection. Default 1000. */
  readonly queue?: number
}

/** How messages are read, which only the type of the route knows: text as it is, or JSON. */
export type MessageOption<In> = [In] extends [string | Uint8Array]
  ? { readonly json?: false }
  : { readonly json: true }

/** An open WebSocket: iterate over it for the messages of the server. To leave the loop closes it. */
export interface ClientSocket<out In, in Out> extends AsyncIterable<In> {
  /**
   * Sends a message: strings and bytes as they are, the rest as JSON. While there is no connection it waits
   * in a queue. What was sent just before a connection was lost may have been lost with it.
   *
   * @throws {SocketClosed} once the socket is closed.
   * @throws {RangeError} when the queue is full.
   */
  send(message: Out): void
  /** Closes the socket; iterating ends. */
  close(code?: number, reason?: string): void
  /** The subprotocol that was agreed on, or ''. */
  readonly protocol: string
  /** Bytes that have been sent and not left yet. */
  readonly bufferedBytes: number
}

/** Codes after which another connection may do better: lost, restarting, overloaded, failed. */
const PASSING = [1001, 1005, 1006, 1011, 1012, 1013, 1014]
const NORMAL = 1000
/** There was no close frame (RFC 6455 section 7.4.1). */
const ABNORMAL = 1006
/** A `readyState`. */
const CONNECTING = 0
/** A connection that has been open for so long was a good one: what fails after it is counted anew. */
const GOOD_MS = 10_000
/** Of our own: the reader has fallen behind. */
const TOO_SLOW = 4008
const OPEN = 1

type Input = Inputs & SocketOptions & { readonly json?: boolean }

/**
 * Opens a socket.
 *
 * @param url of the app; http and https stand for ws and wss.
 * @throws {SocketClosed} when it is refused.
 * @throws {TypeError} where there is no WebSocket.
 */
export async function openSocket(
  url: string,
  path: string,
  input: Input,
  given: WebSocketClass | undefined,
): Promise<ClientSocket<unknown, unknown>> {
  const Class = given ?? (globalThis.WebSocket as WebSocketClass | undefined)
  if (Class === undefined) {
    throw new TypeError(
      'There is no WebSocket here (Node has one from version 22 on). Give the client one: ' +
        "import { WebSocket } from 'ws'; createClient(url, { WebSocket })",
    )
  }
  const { href } = new URL(
    url + fillPath(path, input.params) + encodeQuery(input.query),
    globalThis.location?.href,
  )
  const address = href.replace(/^http/, 'ws')
  const { protocols, headers } = input as SocketOptions
  const make = () => createSocket(Class, address, protocols?.slice(), headers)
  const socket = new RunningSocket(make, path, input)
  await socket.opened
  return socket
}

class RunningSocket implements ClientSocket<unknown, unknown> {
  readonly opened: Promise<void>
  readonly #make: () => WebSocketLike
  readonly #path: string
  readonly #options: Input
  readonly #leaving = new AbortController()
  readonly #unread: unknown[] = []
  readonly #unsent: (string | Uint8Array<ArrayBuffer>)[] = []
  #socket: WebSocketLike
  #failures = 0
  #openedAt = Infinity
  #refusal: ReplyError | undefined
  #end: { readonly error?: unknown } | undefined
  #wake = () => {}
  #settleOpened: [resolve: () => void, reject: (error: unknown) => void] | undefined

  constructor(make: () => WebSocketLike, path: string, options: Input) {
    this.#make = make
    this.#path = path
    this.#options = options
    this.opened = new Promise((resolve, reject) => {
      this.#settleOpened = [resolve, reject]
    })
    this.#socket = this.#connect()
    const { signal } = options
    if (signal?.aborted === true) this.#abort()
    else signal?.addEventListener('abort', this.#abort)
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  #connect(): WebSocketLike {
    const socket = this.#make()
    socket.binaryType = 'arraybuffer'
    onRefusal(socket, this.#path, (refusal) => (this.#refusal = refusal))
    let closed = false
    const onClose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      if (!closed) void this.#onClose(code, reason)
      closed = true
    }
    // One handler each, in the way that every implementation has typed alike.
    return Object.assign(socket, {
      onopen: () => this.#onOpen(socket),
      onmessage: ({ data }: { data: string | ArrayBuffer }) => this.#receive(data),
      onclose: onClose,
      // What went wrong is told by the close that follows. None does in Node 22 where the handshake failed.
      onerror: () => {
        if (socket.readyState === CONNECTING) onClose({ code: ABNORMAL, reason: '' })
      },
    })
  }

  #onOpen(socket: WebSocketLike): void {
    if (this.#end !== undefined) return socket.close(NORMAL)
    this.#openedAt = performance.now()
    this.#settleOpened?.[0]()
    this.#settleOpened = undefined
    const waiting = this.#unsent.splice(0)
    this.#options.onOpen?.(this)
    for (const message of waiting) socket.send(message)
  }

  #receive(data: string | ArrayBuffer): void {
    if (this.#end !== undefined) return
    this.#failures = 0
    this.#unread.push(typeof data === 'string' ? this.#read(data) : new Uint8Array(data))
    if (this.#unread.length > (this.#options.queue ?? 1000)) {
      this.#socket.close(TOO_SLOW, 'The reader is too slow')
      this.#finish(new SocketClosed(TOO_SLOW, 'Its messages were not read in time.', this.#path))
    }
    this.#wake()
  }

  #read(text: string): unknown {
    if (this.#options.json !== true) return text
    try {
      return JSON.parse(text) as unknown
    } catch {
      // Strings are sent as they are, among other values.
      return text
    }
  }

  async #onClose(code: number, reason: string): Promise<void> {
    if (this.#end !== undefined) return
    if (code === NORMAL) return this.#finish()
    if (performance.now() - this.#openedAt >= GOOD_MS) this.#failures = 0
    this.#openedAt = Infinity
    const refusal = this.#refusal
    this.#refusal = undefined
    const { reconnect = {} } = this.#options
    const isPassing = PASSING.includes(code) && (refusal === undefined || isTransient(refusal.status))
    const mayReturn = this.#settleOpened === undefined && isPassing && reconnect !== false
    const askedMs = refusal && retryAfter(refusal.headers)
    const delayMs = mayReturn ? retryDelay(reconnect, ++this.#failures, askedMs) : undefined
    if (delayMs === undefined) return this.#finish(new SocketClosed(code, reason, this.#path, refusal))
    try {
      await pause(delayMs, this.#leaving.signal)
      this.#socket = this.#connect()
    } catch {
      // Closed meanwhile.
    }
  }

  #finish(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error }
    this.#settleOpened?.[1](error ?? new SocketClosed(NORMAL, '', this.#path))
    this.#leaving.abort()
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#wake()
  }

  readonly #abort = (): void => {
    this.#finish(this.#options.signal?.reason)
    this.#socket.close(NORMAL)
  }

  send(message: unknown): void {
    if (this.#end !== undefined) throw this.#end.error ?? new SocketClosed(NORMAL, '', this.#path)
    const data = toMessage(message)
    if (this.#socket.readyState === OPEN && this.#unsent.length === 0) this.#socket.send(data)
    else if (this.#unsent.push(data) > (this.#options.queue ?? 1000)) {
      this.#unsent.pop()
      throw new RangeError('Too many messages wait for a connection. Send less, or close the socket.')
    }
  }

  close(code: number = NORMAL, reason: string = ''): void {
    this.#socket.close(code, reason)
    this.#finish()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    try {
      for (;;) {
        while (this.#unread.length > 0) yield this.#unread.shift()
        if (this.#end !== undefined) {
          if ('error' in this.#end) throw this.#end.error
          return
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      if (this.#end === undefined) this.close()
    }
  }
}

function toMessage(message: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof message === 'string' || message instanceof Uint8Array)
    return message as string | Uint8Array<ArrayBuffer>
  const text = JSON.stringify(message) as string | undefined
  if (text !== undefined) return text
  throw new TypeError(`A ${typeof message} cannot be sent. Send a string, bytes or a JSON value.`)
}
