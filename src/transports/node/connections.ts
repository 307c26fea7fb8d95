/** What is connected to a server: which of it rests, for how long it may, and how it is sent away. */
import type { Server } from 'node:http'
import type { Http2Server, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { callback, on, once } from './callback.ts'
import { isStuck } from './http2-response.ts'
import { connectionBelow } from './node-internal.ts'
import { isAnswering } from './pipelining.ts'
import { SessionWatch } from './session-watch.ts'

/** How long a request that is on its way at shutdown may take to arrive. */
const ARRIVAL_MS = 250
/** How often resting connections are looked for, at the longest. */
const SWEEP_MS = 1000

export interface ConnectionRules {
  /** How long the head of a request may take, in milliseconds; 0 for ever. */
  readonly headersMs: number
  /** How long a connection of HTTP/1 may wait for its next request, in milliseconds; 0 for ever. */
  readonly keepAliveMs: number
  readonly isHttp2Only: boolean
  /** Whether a connection speaks another protocol by now. */
  readonly isUpgraded: (connection: Socket) => boolean
  readonly onClosed: () => void
}

/** What had passed over a connection when it was last looked at, and since when nothing has. */
interface Rest {
  bytes: number
  since: number
}

/**
 * A session's error ends it; its streams have been told. Until its stack is read, an error holds what the
 * functions of that stack were called on, here the native session: 20 KB for each connection that broke.
 */
const forget = (error: Error): void => void error.stack

export class Connections {
  readonly #server: Server | Http2Server
  readonly #rules: ConnectionRules
  readonly #sockets = new Map<Socket, Rest>()
  readonly #sessions: SessionWatch
  #sweep: ReturnType<typeof setInterval> | undefined
  /** The one that came last: a session is on it. */
  #newest: Socket | undefined
  #closedAt = Infinity

  constructor(server: Server | Http2Server, rules: ConnectionRules) {
    this.#server = server
    this.#rules = rules
    this.#sessions = new SessionWatch(rules.headersMs)
    // Before Node makes a session on it, which happens at once.
    server.prependListener('connection', callback(this.#onConnection))
    server.prependListener('secureConnection', callback(this.#onSecureConnection))
    on(server, 'session', this.#onSession)
  }

  get size(): number {
    return this.#sockets.size
  }

  readonly #onConnection = (connection: Socket): void => {
    if (this.#sweep === undefined) this.#watchRest()
    this.#newest = connection
    this.#sockets.set(connection, { bytes: 0, since: 0 })
    once(connection, 'close', () => {
      this.#sockets.delete(connection)
      this.#rules.onClosed()
    })
  }

  /** What lies below it is not looked after any more. */
  readonly #onSecureConnection = (connection: Socket): void => {
    const below = connectionBelow(connection)
    if (below !== undefined) this.#sockets.delete(below)
    this.#onConnection(connection)
  }

  readonly #onSession = (session: ServerHttp2Session): void => {
    this.#sessions.add(session, this.#newest!)
    if (this.#closedAt !== Infinity) session.close()
    on(session, 'error', forget)
  }

  #watchRest(): void {
    const { keepAliveMs, isHttp2Only } = this.#rules
    if (keepAliveMs === 0 || isHttp2Only) return
    this.#sweep = setInterval(
      callback(() => this.#closeRested()),
      Math.min(SWEEP_MS, keepAliveMs / 4),
    )
    this.#sweep.unref()
  }

  /**
   * Closes what has waited too long for its next request. Node would do so by itself, with a timer that
   * it makes and unmakes with every request; looking at all connections once a second costs less.
   */
  #closeRested(): void {
    const now = performance.now()
    for (const [connection, rest] of this.#sockets) {
      const bytes = connection.bytesRead + connection.bytesWritten
      if (bytes !== rest.bytes) {
        rest.bytes = bytes
        rest.since = now
        // What has not asked anything yet is under the limit of the head.
      } else if (bytes > 0 && now - rest.since >= this.#rules.keepAliveMs && this.#isUnasked(connection)) {
        connection.destroy()
      }
    }
  }

  /** Tells sessions of HTTP/2 to go away; they close when their last stream has ended. */
  close(): void {
    if (this.#closedAt === Infinity) this.#closedAt = performance.now()
    for (const session of this.#sessions.sessions) session.close()
  }

  /** Closes what nothing is asked on, after {@link close}. */
  closeIdle(): void {
    const isLate = performance.now() - this.#closedAt >= ARRIVAL_MS
    const mayWait = !isLate && [...this.#sockets.keys()].some(({ bytesRead }) => bytesRead === 0)
    if (!mayWait && 'closeIdleConnections' in this.#server) this.#server.closeIdleConnections()
    if (!isLate) return
    // Node takes a connection for busy on which nothing has been asked yet, or half a request. What was on
    // its way has arrived by now.
    for (const connection of this.#sockets.keys()) if (this.#isUnasked(connection)) connection.destroy()
    // One that has half a request on its way is not done with by going away.
    for (const session of this.#sessions.sessions)
      if (this.#sessions.isIdle(session) && !isStuck(session)) session.destroy()
  }

  destroy(): void {
    clearInterval(this.#sweep)
    for (const session of this.#sessions.sessions) session.destroy()
    for (const connection of this.#sockets.keys()) connection.destroy()
  }

  /** Whether no request is under way on a connection of HTTP/1. */
  #isUnasked(connection: Socket): boolean {
    const { isHttp2Only, isUpgraded } = this.#rules
    // Sessions of HTTP/2 end by themselves, and what was upgraded is told in its own way.
    if (isHttp2Only || (connection as { alpnProtocol?: unknown }).alpnProtocol === 'h2') return false
    return !isAnswering(connection) && !isUpgraded(connection)
  }
}
