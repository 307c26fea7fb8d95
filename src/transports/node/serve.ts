import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Application } from '../../core/app.ts'
import type { Reply } from '../../core/reply.ts'
import { NodeIncoming } from './incoming.ts'
import { linger } from './linger.ts'
import { send, type Sending } from './send.ts'
import { asksForWebSocket, Upgrader } from './upgrade.ts'

export interface ListenOptions {
  /** Default 8000; 0 picks a free port. */
  readonly port?: number
  /** The address to bind, default 127.0.0.1. Use `0.0.0.0` or `::` to be reached from other machines. */
  readonly host?: string
}

export interface CloseOptions {
  /** Milliseconds that replies of known length may take to finish, default 10 000. Streams are told at once. */
  readonly grace?: number
}

/** A listening server. */
export interface Listening {
  readonly host: string
  readonly port: number
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string
  /** Stops this server: no new connections, streams cut, finite replies finished within the grace. */
  close(options?: CloseOptions): Promise<void>
}

/** What Node keeps back of a reply before it asks us to wait, in bytes. */
const HIGH_WATER = 16 * 1024

/** Starts the app and serves it over HTTP/1.1 (node:http) and WebSocket. */
export async function serve(app: Application, options: ListenOptions = {}): Promise<Listening> {
  await app.start()
  const server = new NodeServer(app)
  return server.listen(options.port ?? 8000, options.host ?? '127.0.0.1')
}

/** One request under way. */
interface Active {
  readonly incoming: NodeIncoming
  sending: Sending | undefined
}

class NodeServer {
  readonly #app: Application
  readonly #server: Server
  readonly #upgrader: Upgrader
  readonly #active = new Set<Active>()

  constructor(app: Application) {
    this.#app = app
    this.#upgrader = new Upgrader(app)
    // Newer Nodes ask which upgrades are spoken, and treat the others as plain requests themselves.
    const options = { highWaterMark: HIGH_WATER, shouldUpgradeCallback: asksForWebSocket }
    this.#server = createServer(options, this.#onRequest)
    this.#server.on('upgrade', this.#onUpgrade)
  }

  async listen(port: number, host: string): Promise<Listening> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, host }, resolve)
    })
    const bound = (this.#server.address() as AddressInfo).port
    const shown = host.includes(':') ? `[${host}]` : host
    return {
      host,
      port: bound,
      url: `http://${shown}:${bound}`,
      close: (options) => this.#close(options?.grace ?? 10_000),
    }
  }

  readonly #onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    const incoming = new NodeIncoming(message)
    const reply = this.#app.handle(incoming)
    if (!(reply instanceof Promise)) return this.#send(message, response, incoming, reply)
    const active = this.#track(incoming, response)
    void reply.then((settled) => this.#send(message, response, incoming, settled, active))
  }

  #send(
    message: IncomingMessage,
    response: ServerResponse,
    incoming: NodeIncoming,
    reply: Reply,
    active?: Active,
  ): void {
    try {
      if (linger(message, response, reply)) return
      const sending = send(response, reply, incoming)
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
  #track(incoming: NodeIncoming, response: ServerResponse): Active {
    const active: Active = { incoming, sending: undefined }
    this.#active.add(active)
    response.once('close', () => {
      this.#active.delete(active)
      if (!response.writableFinished) incoming.cancellation.cancel('disconnect')
    })
    return active
  }

  readonly #onUpgrade = (message: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (asksForWebSocket(message)) return this.#upgrader.upgrade(message, socket, head)
    const response = this.#upgrader.ignore(message, socket)
    if (response !== undefined) this.#onRequest(message, response)
  }

  async #close(grace: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    this.#upgrader.close()
    for (const { incoming, sending } of this.#active) {
      if (sending?.endless !== true) continue
      incoming.cancellation.cancel('shutdown')
      sending.cut('shutdown')
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
    this.#server.closeAllConnections()
    await closed
  }
}
