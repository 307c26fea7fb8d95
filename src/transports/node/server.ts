import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Application } from '../../core/app.ts'
import type { Reply } from '../../core/reply.ts'
import { FileMemory } from './file-memory.ts'
import { NodeIncoming } from './incoming.ts'
import { linger } from './linger.ts'
import { Http1Response, Http2Response, type NodeResponse, type Sending } from './response.ts'
import { send } from './send.ts'
import { asksForWebSocket, Upgrader } from './upgrade.ts'

export interface ListenOptions {
  /** Default 8000; 0 picks a free port. */
  readonly port?: number
  /** The address to bind, default 127.0.0.1. Use `0.0.0.0` or `::` to be reached from other machines. */
  readonly host?: string
  /** Key and certificate in PEM: serves HTTPS, with HTTP/2 and HTTP/1.1 on the same port (ALPN). */
  readonly tls?: TlsOptions
  /** Serves HTTP/2 without TLS to clients that know it beforehand (RFC 9113 section 3.3); HTTP/1.1 is then not spoken. */
  readonly http2?: boolean
  /** Milliseconds that finite replies may take when the server closes, default 10 000. Streams are told at once. */
  readonly grace?: number
  /**
   * Milliseconds between two pings of a WebSocket, default 20 000; a peer that has not answered one when
   * the next is due is cut. 0 for none.
   */
  readonly pingInterval?: number
  /**
   * Closes the app at SIGTERM and SIGINT, and then ends the process with exit code 0; a second signal
   * cuts what is left, and leaves teardown one second. Default true.
   */
  readonly signals?: boolean
}

export interface TlsOptions {
  readonly key: string | Uint8Array
  readonly cert: string | Uint8Array
}

/** What Node keeps back of a reply before it asks us to wait, in bytes. */
const HIGH_WATER = 16 * 1024

/** How often connections that have become idle are looked for at shutdown, in milliseconds. */
const IDLE_CHECK_MS = 50
/** The part of the grace in which handlers that were cut at its end may still unwind, and its bounds. */
const UNWINDING_PART = 1 / 50
const MIN_UNWINDING_MS = 100
const MAX_UNWINDING_MS = 500

/** One request under way, until its connection, its body and its handler have let go of it. */
interface Active {
  readonly incoming: NodeIncoming
  /** Settles when the handler's reply has been handed over. */
  readonly work: Promise<void> | undefined
  sending: Sending | undefined
}

type AnyMessage = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

/** One listening socket: requests in, replies out, and an orderly end. */
export class NodeServer {
  readonly #app: Application
  readonly #server: Server | Http2Server
  readonly #upgrader: Upgrader
  readonly #fileMemory: FileMemory
  readonly #active = new Set<Active>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #connections = new Set<Socket>()
  #closed: Promise<void> | undefined
  /** When the grace is over, by the app's clock. */
  #deadline = Infinity
  #onEnded = () => {}

  constructor(app: Application, options: ListenOptions) {
    this.#app = app
    this.#upgrader = new Upgrader(app, options.pingInterval)
    this.#fileMemory = FileMemory.of(app.engine)
    this.#server = createNodeServer(app, options, this.#onRequest)
    this.#server.on('upgrade', this.#onUpgrade)
    this.#server.on('checkContinue', this.#onExpectation)
    this.#server.on('connection', this.#onConnection)
    this.#server.on('secureConnection', this.#onConnection)
    this.#server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
      if (this.#closed !== undefined) session.close()
      session.once('close', () => this.#sessions.delete(session))
      // A session's error ends it; its streams have been told.
      session.on('error', () => {})
    })
  }

  /** @returns the port it is bound to. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, host }, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** A client that waits with its body until somebody wants it. */
  readonly #onExpectation = (message: AnyMessage, raw: AnyResponse): void => {
    this.#onRequest(message, raw, () => {
      if (!raw.headersSent) raw.writeContinue()
    })
  }

  readonly #onRequest = (message: AnyMessage, raw: AnyResponse, onBodyWanted?: () => void): void => {
    const incoming = new NodeIncoming(message)
    incoming.onBodyWanted = onBodyWanted
    const response =
      message.httpVersionMajor === 2
        ? new Http2Response(raw as Http2ServerResponse)
        : new Http1Response(raw as ServerResponse)
    const reply = this.#app.handle(incoming)
    if (!(reply instanceof Promise)) return this.#send(message, response, incoming, reply)
    const work = reply.then((settled) => this.#send(message, response, incoming, settled, active))
    const active = this.#track(incoming, response, work)
  }

  #send(
    message: AnyMessage,
    response: NodeResponse,
    incoming: NodeIncoming,
    reply: Reply,
    active?: Active,
  ): void {
    if (this.#closed !== undefined) reply.headers['connection'] = 'close'
    try {
      if (response instanceof Http1Response && linger(message as IncomingMessage, response.raw, reply)) return
      const sending = send(response, reply, {
        isHead: incoming.method === 'HEAD',
        fileMemory: this.#fileMemory,
      })
      if (incoming.body !== null && !message.complete) this.#boundRest(message, response)
      if (sending === undefined) return
      const known = active ?? this.#track(incoming, response, undefined)
      known.sending = sending
      incoming.discardUnreadBody()
      // A stream that begins while the server closes is told like those that had begun before.
      if (this.#closed !== undefined) dismiss(known)
    } catch (error) {
      this.#app.engine.log.error({ err: error }, 'A reply could not be sent')
      response.destroy()
      reply.onEnd?.({ outcome: 'error', bytes: 0, items: 0, error })
    }
  }

  /** What nobody has read of a body must not hold its connection for ever, once the reply is out. */
  #boundRest(message: AnyMessage, { raw }: NodeResponse): void {
    const ms = this.#app.engine.timeouts.body
    if (ms === 0) return
    raw.once('finish', () => {
      if (message.complete) return
      const timer = setTimeout(() => message.destroy(), ms)
      message.once('close', () => clearTimeout(timer))
    })
  }

  /** Follows what takes its time, so that a client that leaves, or a shutdown, reaches it. */
  #track(incoming: NodeIncoming, response: NodeResponse, work: Promise<void> | undefined): Active {
    const active: Active = { incoming, work, sending: undefined }
    this.#active.add(active)
    response.on('close', () => {
      void this.#forget(active)
      if (!response.finished) incoming.cancellation.cancel('disconnect')
    })
    return active
  }

  async #forget(active: Active): Promise<void> {
    await active.work
    await active.sending?.released
    this.#active.delete(active)
    this.#onEnded()
  }

  readonly #onConnection = (connection: Socket): void => {
    this.#connections.add(connection)
    connection.once('close', () => {
      this.#connections.delete(connection)
      this.#onEnded()
    })
  }

  readonly #onUpgrade = (message: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (asksForWebSocket(message)) return this.#upgrader.upgrade(message, socket, head)
    const response = this.#upgrader.ignore(message, socket)
    if (response !== undefined) this.#onRequest(message, response)
  }

  /**
   * Accepts nothing more, tells every stream at once, lets finite replies finish within the grace, and
   * cuts the rest. Called again, a shorter grace counts.
   */
  async close(grace: number): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // An HTTP/2 session is told to go away, and closes when its last stream has ended.
    for (const session of this.#sessions) session.close()
    this.#upgrader.close()
    for (const active of this.#active) dismiss(active)
    if ('closeIdleConnections' in this.#server) this.#server.closeIdleConnections()
    // What becomes idle later, or was kept alive by a head that had left before, must not be waited for.
    const idleCheck = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS)
    const { clock } = this.#app.engine
    this.#deadline = Math.min(this.#deadline, clock.now() + grace)
    await this.#ended(grace, () => clock.now() >= this.#deadline)
    clearInterval(idleCheck)
    if (grace > 0 && this.#active.size > 0) {
      const message = 'The grace is over: replies were cut. Raise `grace`, or listen to ctx.signal.'
      this.#app.engine.log.warn({ replies: this.#active.size }, message)
    }
    for (const { incoming, sending } of this.#active) {
      incoming.cancellation.cancel('shutdown')
      sending?.cut('shutdown')
    }
    this.#upgrader.destroy()
    for (const session of this.#sessions) session.destroy()
    for (const connection of this.#connections) connection.destroy()
    await this.#closed
    const unwindingMs = Math.min(MAX_UNWINDING_MS, Math.max(MIN_UNWINDING_MS, grace * UNWINDING_PART))
    const giveUpAt = clock.now() + unwindingMs
    await this.#ended(unwindingMs, () => clock.now() >= giveUpAt)
  }

  /**
   * Waits, for `ms` milliseconds at the most, until every connection is closed and every reply has told
   * its end: whoever waits for the server goes on to take away what those may still be using.
   */
  async #ended(ms: number, isLate: () => boolean): Promise<void> {
    // A timer may fire a fraction of a millisecond early.
    const cancelTimer = this.#app.engine.clock.after(ms + 1, () => this.#onEnded())
    while (!isLate() && this.#connections.size + this.#active.size > 0) {
      const others = this.#onEnded
      await new Promise<void>((resolve) => {
        this.#onEnded = () => {
          others()
          resolve()
        }
      })
    }
    cancelTimer()
  }

  #closeIdle(): void {
    if ('closeIdleConnections' in this.#server) this.#server.closeIdleConnections()
    // Node takes a connection on which nothing has been asked yet for a busy one.
    for (const connection of this.#connections) if (connection.bytesRead === 0) connection.destroy()
  }
}

/** Tells a stream that the server closes; finite replies may use the grace. */
function dismiss({ incoming, sending }: Active): void {
  const { cancellation } = incoming
  if (sending === undefined ? !cancellation.awaitsFirstItem : !sending.endless) return
  sending?.stop()
  cancellation.cancel('shutdown')
}

function createNodeServer(
  app: Application,
  { tls, http2 }: ListenOptions,
  onRequest: (message: AnyMessage, response: AnyResponse) => void,
): Server | Http2Server {
  const { headers } = app.engine.timeouts
  const connectionsCheckingInterval = headers === 0 ? 5000 : Math.max(50, Math.min(5000, headers / 10))
  const timeouts = {
    headersTimeout: headers,
    // Bodies have limits of their own, by what arrives: Node's would cut a large upload.
    requestTimeout: 0,
    connectionsCheckingInterval,
    // Newer Nodes ask which upgrades are spoken, and treat the others as plain requests themselves.
    shouldUpgradeCallback: asksForWebSocket,
  }
  if (tls !== undefined) {
    const { key, cert } = tls
    const options = { key: toBuffer(key), cert: toBuffer(cert), allowHTTP1: true, ...timeouts }
    return createSecureServer(options, onRequest)
  }
  if (http2 === true) return createHttp2Server(onRequest)
  return createServer({ highWaterMark: HIGH_WATER, ...timeouts }, onRequest)
}

function toBuffer(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem)
}
