import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2Server,
  Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Application } from '../../core/app.ts'
import type { Reply } from '../../core/reply.ts'
import { type CompressOptions, negotiateCoding } from './compress.ts'
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
  /** Compresses streams for clients that accept it, flushed item by item. Default false. */
  readonly compress?: boolean | CompressOptions
  /**
   * Closes the app at SIGTERM and SIGINT, and then ends the process with exit code 0; a second signal
   * ends it at once. Default true.
   */
  readonly signals?: boolean
}

export interface TlsOptions {
  readonly key: string | Uint8Array
  readonly cert: string | Uint8Array
}

/** What Node keeps back of a reply before it asks us to wait, in bytes. */
const HIGH_WATER = 16 * 1024

/** One request under way. */
interface Active {
  readonly incoming: NodeIncoming
  sending: Sending | undefined
}

type AnyMessage = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

/** One listening socket: requests in, replies out, and an orderly end. */
export class NodeServer {
  readonly #app: Application
  readonly #server: Server | Http2Server
  readonly #compress: CompressOptions | undefined
  readonly #upgrader: Upgrader
  readonly #active = new Set<Active>()
  readonly #sessions = new Set<ServerHttp2Session>()
  #closing = false

  constructor(app: Application, options: ListenOptions) {
    const { compress } = options
    this.#app = app
    this.#compress = compress === true ? {} : compress === false ? undefined : compress
    this.#upgrader = new Upgrader(app)
    this.#server = createNodeServer(app, options, this.#onRequest)
    this.#server.on('upgrade', this.#onUpgrade)
    this.#server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
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

  readonly #onRequest = (message: AnyMessage, raw: AnyResponse): void => {
    const incoming = new NodeIncoming(message)
    const response =
      message instanceof Http2ServerRequest
        ? new Http2Response(raw as Http2ServerResponse)
        : new Http1Response(raw as ServerResponse)
    const reply = this.#app.handle(incoming)
    if (!(reply instanceof Promise)) return this.#send(message, response, incoming, reply)
    const active = this.#track(incoming, response)
    void reply.then((settled) => this.#send(message, response, incoming, settled, active))
  }

  #send(
    message: AnyMessage,
    response: NodeResponse,
    incoming: NodeIncoming,
    reply: Reply,
    active?: Active,
  ): void {
    if (this.#closing) reply.headers['connection'] = 'close'
    try {
      if (response instanceof Http1Response && linger(message as IncomingMessage, response.raw, reply)) return
      const coding =
        this.#compress === undefined
          ? undefined
          : negotiateCoding(reply, message.headers['accept-encoding'] as string | undefined, this.#compress)
      const sending = send(response, reply, { isHead: incoming.method === 'HEAD', coding })
      if (sending === undefined) return
      ;(active ?? this.#track(incoming, response)).sending = sending
      incoming.discardUnreadBody()
    } catch (error) {
      this.#app.engine.log.error({ err: error }, 'A reply could not be sent')
      response.destroy()
      reply.onEnd?.({ outcome: 'error', bytes: 0, items: 0, error })
    }
  }

  /** Follows what takes its time, so that a client that leaves, or a shutdown, reaches it. */
  #track(incoming: NodeIncoming, response: NodeResponse): Active {
    const active: Active = { incoming, sending: undefined }
    this.#active.add(active)
    response.on('close', () => {
      this.#active.delete(active)
      if (!response.finished) incoming.cancellation.cancel('disconnect')
    })
    return active
  }

  readonly #onUpgrade = (message: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (asksForWebSocket(message)) return this.#upgrader.upgrade(message, socket, head)
    const response = this.#upgrader.ignore(message, socket)
    if (response !== undefined) this.#onRequest(message, response)
  }

  /**
   * Accepts nothing more, tells every stream at once, lets finite replies finish within the grace, and
   * cuts the rest.
   */
  async close(grace: number): Promise<void> {
    this.#closing = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#closeIdle()
    this.#upgrader.close()
    for (const { incoming, sending } of this.#active) {
      if (sending?.endless !== true) continue
      sending.stop()
      incoming.cancellation.cancel('shutdown')
    }
    let cancelTimer = () => {}
    const late = new Promise<void>((resolve) => {
      cancelTimer = this.#app.engine.clock.after(grace, resolve)
    })
    await Promise.race([closed, late])
    cancelTimer()
    for (const { incoming, sending } of this.#active) {
      incoming.cancellation.cancel('shutdown')
      sending?.cut('shutdown')
    }
    this.#upgrader.destroy()
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections()
    for (const session of this.#sessions) session.destroy()
    await closed
  }

  #closeIdle(): void {
    if ('closeIdleConnections' in this.#server) this.#server.closeIdleConnections()
    // An HTTP/2 session is told to go away, and closes when its last stream has ended.
    for (const session of this.#sessions) session.close()
  }
}

function createNodeServer(
  app: Application,
  { tls, http2 }: ListenOptions,
  onRequest: (message: AnyMessage, response: AnyResponse) => void,
): Server | Http2Server {
  const { headers, body } = app.engine.timeouts
  // Node's own limit on a whole request stands behind ours on its body, for bodies that nobody reads.
  const requestTimeout = headers === 0 || body === 0 ? 0 : headers + body
  const connectionsCheckingInterval = headers === 0 ? 5000 : Math.max(50, Math.min(5000, headers / 10))
  const timeouts = {
    headersTimeout: headers,
    requestTimeout,
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
