/** WebSocket on Node: handshakes, and the sockets that come of them until the server closes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { Application } from '../../core/app.ts'
import type { Reply } from '../../core/reply/reply.ts'
import { callback, on, once } from './callback.ts'
import { detachedResponse, listenForEnd } from './detached.ts'
import { FileMemory } from './file-memory.ts'
import type { NodeIncoming } from './incoming.ts'
import { hasBody, isSpoken } from './message.ts'
import { Http1Response } from './http1-response.ts'
import { isAnswering, whenAnswered } from './pipelining.ts'
import { send } from './send.ts'
import { NodeSocket } from './socket.ts'

/** The default of `pingInterval`. */
const PING_MS = 20_000
/** How long a peer may take to answer a closing handshake. */
const CLOSE_MS = 5000
/** The fewest bytes that the fragments of a message of full size may have on average. */
const FRAGMENT_BYTES = 1024

type UpgradeBody = Extract<Reply['body'], { kind: 'upgrade' }>

/** A request to upgrade, from its arrival to the end of its connection. */
interface Upgrade {
  readonly message: IncomingMessage
  readonly connection: Duplex
  readonly head: Buffer
  readonly incoming: NodeIncoming
}

/**
 * Whether a request is answered as the handshake that it asks for. One that is pipelined behind an
 * unanswered request is not: its answer would come first, and what follows could be read in two ways.
 */
export function mayUpgrade(message: IncomingMessage): boolean {
  return asksForWebSocket(message) && !isAnswering(message.socket)
}

/**
 * Whether a request asks for a WebSocket, in a way that can be answered (RFC 6455 section 4.2.1).
 * Nothing else is spoken here.
 */
function asksForWebSocket(message: IncomingMessage): boolean {
  const { method, headers } = message
  return (
    method === 'GET' &&
    message.httpVersion === '1.1' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')
  )
}

/** Answers the requests of one server that ask for an upgrade. */
export class Upgrader {
  readonly #app: Application
  readonly #servers = new Map<number, WebSocketServer>()
  readonly #connections = new Map<Duplex, NodeIncoming | undefined>()
  readonly #sockets = new Set<NodeSocket>()
  #isClosing = false
  #isProbing = false
  #cancelProbe = () => {}
  readonly #pingMs: number

  /** @param pingMs how often peers are asked for a sign of life, 0 for never; one that gave none until the next time is cut. */
  constructor(app: Application, pingMs = PING_MS) {
    this.#app = app
    this.#pingMs = pingMs
  }

  /** Upgrades to WebSocket, or answers why not. Never throws. */
  upgrade(message: IncomingMessage, connection: Duplex, head: Buffer, incoming: NodeIncoming): void {
    this.#follow(connection, incoming)
    if (this.#isClosing) incoming.cancellation.cancel('shutdown')
    const gone = () => incoming.cancellation.cancel('disconnect')
    once(connection, 'close', gone)
    // Once the handshake is over, the end of the connection comes after what was received before it.
    const ended = callback(gone, connection)
    connection.once('end', ended)
    void Promise.resolve(this.#app.handle(incoming)).then((reply) => {
      connection.off('end', ended)
      this.#answer({ message, connection, head, incoming }, reply)
    })
  }

  /** How many there are, on their way to an upgrade and after it. */
  get size(): number {
    return this.#connections.size
  }

  has(connection: Duplex): boolean {
    return this.#connections.has(connection)
  }

  /** Answers a request that the app does not get to see. */
  refuse(message: IncomingMessage, connection: Duplex, reply: Reply): void {
    this.#follow(connection, undefined)
    this.#sendPlainly(message, connection, reply)
  }

  /**
   * An upgrade to anything else is ignored (RFC 9110 section 7.8), and the request answered as if it
   * had not asked. But Node has taken the connection off its parser: the reply is the last one on it,
   * and a body cannot be read any more.
   *
   * @param answer is called when the replies in front of this one have left, with a response for it.
   */
  ignore(message: IncomingMessage, connection: Duplex, answer: (response: ServerResponse) => void): void {
    this.#follow(connection, undefined)
    listenForEnd(connection)
    whenAnswered(connection, () => {
      const response = detachedResponse(message, connection)
      if (!hasBody(message) || !isSpoken(message)) return answer(response)
      response.writeHead(501, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('A body cannot be read together with this Upgrade. Leave the Upgrade header out.')
    })
  }

  /** Takes no more of a connection: it closes when the replies that it waits for have left. */
  turnAway(connection: Duplex): void {
    this.#follow(connection, undefined)
    listenForEnd(connection)
    // The server is one of node:net or node:tls, and so are its connections.
    whenAnswered(connection, () => (connection as Socket).destroySoon())
  }

  /** Tells all of them that the server shuts down: handlers by their signal, peers by a close with 1012. */
  close(): void {
    this.#isClosing = true
    for (const incoming of this.#connections.values()) incoming?.cancellation.cancel('shutdown')
  }

  /** Cuts whatever is still connected. */
  destroy(): void {
    for (const connection of this.#connections.keys()) connection.destroy()
  }

  #follow(connection: Duplex, incoming: NodeIncoming | undefined): void {
    this.#connections.set(connection, incoming)
    once(connection, 'close', () => this.#connections.delete(connection))
    // An error that nobody listens to would end the process.
    on(connection, 'error', () => connection.destroy())
  }

  #answer(upgrade: Upgrade, reply: Reply): void {
    const { message, connection, incoming } = upgrade
    const { error: cancelled } = incoming.cancellation
    try {
      if (cancelled !== undefined) {
        connection.destroy()
        reply.onEnd?.({ outcome: cancelled.reason, bytes: 0, items: 0 })
      } else if (reply.body.kind === 'upgrade') this.#open(upgrade, reply, reply.body)
      else this.#sendPlainly(message, connection, reply)
    } catch (error) {
      this.#app.engine.log.error({ err: error }, 'A reply could not be sent')
      connection.destroy()
      reply.onEnd?.({ outcome: 'error', bytes: 0, items: 0, error })
    }
  }

  /** A refused handshake is answered as it is. */
  #sendPlainly(message: IncomingMessage, connection: Duplex, reply: Reply): void {
    listenForEnd(connection)
    const response = new Http1Response(detachedResponse(message, connection))
    send(response, reply, false, FileMemory.of(this.#app.engine))
  }

  #open({ message, connection, head }: Upgrade, reply: Reply, body: UpgradeBody): void {
    const fields = handshakeFields(reply, body)
    const server = this.#server(body.messageLimit)
    const addFields = callback((lines: string[]) => void lines.push(...fields), connection)
    let isOpen = false
    // All of this happens at once, so the server's event can only be about this request.
    server.once('headers', addFields)
    const run = (websocket: WebSocket) => {
      isOpen = true
      const { tasks } = this.#app.engine
      tasks.track(`WebSocket ${message.url}`, this.#run(websocket, connection, body, reply))
    }
    server.handleUpgrade(message, connection, head, callback(run, connection))
    server.off('headers', addFields)
    if (isOpen) return
    // The connection was half closed, or a field was not valid, which ws has said.
    reply.onEnd?.({ outcome: 'disconnect', bytes: 0, items: 0 })
  }

  async #run(websocket: WebSocket, connection: Duplex, body: UpgradeBody, reply: Reply): Promise<void> {
    const socket = new NodeSocket(websocket, connection, this.#app.engine.clock)
    this.#sockets.add(socket)
    this.#probeLater()
    void socket.closed.then(() => this.#forget(socket))
    const ending = await body.run(socket)
    const { bytes, messages: items } = socket
    reply.onEnd?.({ ...ending, bytes, items })
  }

  #forget(socket: NodeSocket): void {
    this.#sockets.delete(socket)
    if (this.#sockets.size > 0) return
    this.#cancelProbe()
    this.#isProbing = false
  }

  #probeLater(): void {
    if (this.#isProbing || this.#pingMs === 0) return
    this.#isProbing = true
    this.#cancelProbe = this.#app.engine.clock.after(this.#pingMs, () => {
      this.#isProbing = false
      for (const socket of this.#sockets) socket.probe()
      if (this.#sockets.size > 0) this.#probeLater()
    })
  }

  /** The limits belong to a server of ws, so there is one for each size in use. */
  #server(maxPayload: number): WebSocketServer {
    let server = this.#servers.get(maxPayload)
    if (server === undefined) {
      const options: ServerOptions & { maxFragments: number; closeTimeout: number } = {
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload,
        maxFragments: Math.max(256, Math.ceil(maxPayload / FRAGMENT_BYTES)),
        closeTimeout: CLOSE_MS,
        // The route has chosen already; see handshakeFields.
        handleProtocols: () => false,
      }
      server = new WebSocketServer(options)
      this.#servers.set(maxPayload, server)
    }
    return server
  }
}

/** What the handshake itself says, and is not the app's to say. */
const OF_THE_HANDSHAKE = /^(connection|upgrade|sec-websocket-.*|content-.*|transfer-encoding)$/

/** The fields that the app adds to the handshake: cookies and what middleware sets. */
function handshakeFields(reply: Reply, { protocol }: UpgradeBody): string[] {
  const fields = protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]
  for (const [name, values] of Object.entries(reply.headers)) {
    if (!OF_THE_HANDSHAKE.test(name)) fields.push(...[values].flat().map((value) => `${name}: ${value}`))
  }
  return fields
}
