/** WebSocket on Node: the `ws` library's sockets as Millrace's. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Application } from '../../core/app.ts'
import type { Reply } from '../../core/reply.ts'
import type { Message, Socket, SocketClose } from '../../core/socket.ts'
import { NodeIncoming } from './incoming.ts'
import { Http1Response } from './response.ts'
import { send } from './send.ts'

/** Received messages that may wait for the handler before the peer is made to wait. */
const MAX_WAITING = 16
/** Below this many queued bytes a socket counts as drained. */
const LOW_WATER = 16 * 1024
/** How often peers are asked for a sign of life; one that gave none since is cut. */
const PING_MS = 30_000

type UpgradeBody = Extract<Reply['body'], { kind: 'upgrade' }>

/** Answers upgrade requests of one server. */
export class Upgrader {
  readonly #app: Application
  readonly #servers = new Map<number, WebSocketServer>()
  readonly #sockets = new Set<NodeSocket>()
  readonly #pings: NodeJS.Timeout

  constructor(app: Application) {
    this.#app = app
    this.#pings = setInterval(() => {
      for (const socket of this.#sockets) socket.probe()
    }, PING_MS).unref()
  }

  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A raw socket whose error nobody listens to ends the process.
    const onError = () => socket.destroy()
    socket.on('error', onError)
    const incoming = new NodeIncoming(message, true)
    const onClose = () => incoming.cancellation.cancel('disconnect')
    socket.once('close', onClose)
    void Promise.resolve(this.#app.handle(incoming)).then((reply) => {
      if (reply.body.kind !== 'upgrade') return refuse(message, socket, reply)
      if (socket.destroyed) return reply.onEnd?.({ outcome: 'disconnect', bytes: 0, items: 0 })
      const { body } = reply
      socket.off('error', onError)
      this.#server(body.messageLimit).handleUpgrade(message, socket, head, (websocket) => {
        void this.#run(websocket, body, reply)
      })
    })
  }

  /** Tells every peer that the service restarts (RFC 6455, 1012). */
  close(): void {
    clearInterval(this.#pings)
    for (const socket of this.#sockets) socket.close(1012, 'The server is shutting down')
  }

  async #run(websocket: WebSocket, body: UpgradeBody, reply: Reply): Promise<void> {
    const socket = new NodeSocket(websocket)
    this.#sockets.add(socket)
    void socket.closed.then(() => this.#sockets.delete(socket))
    let failure: { readonly error: unknown } | undefined
    try {
      await body.run(socket)
    } catch (error) {
      failure = { error }
    }
    const { code } = await socket.closed
    const bytes = socket.bytes
    const items = socket.messages
    if (failure !== undefined) reply.onEnd?.({ outcome: 'error', bytes, items, error: failure.error })
    else
      reply.onEnd?.({
        outcome: code === 1006 ? 'disconnect' : code === 1012 ? 'shutdown' : 'complete',
        bytes,
        items,
      })
  }

  /** The size limit belongs to a ws server, so there is one for each limit in use. */
  #server(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload)
    if (server === undefined) {
      server = new WebSocketServer({
        noServer: true,
        maxPayload,
        perMessageDeflate: false,
        clientTracking: false,
      })
      this.#servers.set(maxPayload, server)
    }
    return server
  }
}

/** An upgrade that was refused is answered like any request; then the connection is of no use any more. */
function refuse(message: IncomingMessage, socket: Duplex, reply: Reply): void {
  const response = new ServerResponse(message)
  response.shouldKeepAlive = false
  response.assignSocket(socket as never)
  send(new Http1Response(response), reply, { isHead: false, coding: undefined })
}

class NodeSocket implements Socket {
  readonly incoming: AsyncIterable<Message>
  readonly closed: Promise<SocketClose>
  bytes = 0
  messages = 0
  readonly #websocket: WebSocket
  readonly #waiting: Message[] = []
  #wakeReader: (() => void) | undefined
  #wakeDrained: (() => void)[] = []
  #ended = false
  #alive = true

  constructor(websocket: WebSocket) {
    this.#websocket = websocket
    this.incoming = { [Symbol.asyncIterator]: () => this.#read() }
    websocket.on('message', this.#onMessage)
    websocket.on('pong', () => {
      this.#alive = true
    })
    // The error is followed by a close with its code, which is what handlers learn.
    websocket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      websocket.once('close', (code, reason) => {
        this.#ended = true
        this.#wakeReader?.()
        this.#settleDrained()
        resolve({ code, reason: reason.toString() })
      })
    })
  }

  get buffered(): number {
    return this.#websocket.bufferedAmount
  }

  send(message: Message): void {
    if (this.#websocket.readyState !== WebSocket.OPEN) return
    this.messages++
    this.bytes += typeof message === 'string' ? message.length : message.byteLength
    this.#websocket.send(message, this.#onSent)
  }

  close(code: number, reason: string): void {
    // Messages that came before are still the handler's to read, so the socket must be flowing to end.
    this.#websocket.resume()
    this.#websocket.close(code, reason)
  }

  drained(): Promise<void> {
    if (this.#ended || this.buffered <= LOW_WATER) return Promise.resolve()
    return new Promise((resolve) => this.#wakeDrained.push(resolve))
  }

  /** Cuts the peer if it has not answered the last ping, and sends the next one. */
  probe(): void {
    if (!this.#alive) return this.#websocket.terminate()
    this.#alive = false
    this.#websocket.ping()
  }

  readonly #onSent = (): void => {
    if (this.#wakeDrained.length > 0 && this.buffered <= LOW_WATER) this.#settleDrained()
  }

  #settleDrained(): void {
    for (const wake of this.#wakeDrained.splice(0)) wake()
  }

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    this.#waiting.push(isBinary ? (data as Buffer) : (data as Buffer).toString())
    if (this.#waiting.length >= MAX_WAITING) this.#websocket.pause()
    this.#wakeReader?.()
  }

  async *#read(): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = this.#waiting.shift()
      if (message !== undefined) {
        if (this.#websocket.isPaused && this.#waiting.length < MAX_WAITING / 2) this.#websocket.resume()
        yield message
      } else if (this.#ended) return
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
      }
    }
  }
}
