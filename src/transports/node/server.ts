import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Http2Server, Http2ServerResponse } from 'node:http2'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Application } from '../../core/app.ts'
import { problemReply } from '../../core/dispatch.ts'
import { HttpError } from '../../core/error.ts'
import { dismiss } from '../../core/lifetime/live.ts'
import type { Reply } from '../../core/reply/reply.ts'
import { Admission, expectationFailed } from './admission.ts'
import { bind } from './bind.ts'
import { callback, contain, on } from './callback.ts'
import { onClientError } from './client-error.ts'
import { Connections } from './connections.ts'
import { FileMemory } from './file-memory.ts'
import { ForwardedIncoming, ProxyReader } from './forwarded.ts'
import { NodeIncoming } from './incoming.ts'
import type { AnyMessage } from './message.ts'
import { createNodeServer, DEFAULT_LIMITS } from './limit.ts'
import { linger } from './linger.ts'
import type { ListenOptions } from './listen.ts'
import { Http1Response } from './http1-response.ts'
import { Http2Response } from './http2-response.ts'
import { Pipelining } from './pipelining.ts'
import type { NodeResponse, Sending } from './response.ts'
import { send } from './send.ts'
import { SessionBudget } from './session-budget.ts'
import { connectionOf } from './tls-stream.ts'
import { mayUpgrade, Upgrader } from './upgrade.ts'

/** How often connections that have become idle are looked for at shutdown, in milliseconds. */
const IDLE_CHECK_MS = 50
/** How long a connection of HTTP/1 may wait for its next request, unless the options say. */
const KEEP_ALIVE_MS = 75_000
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

type AnyResponse = ServerResponse | Http2ServerResponse

/** One listening socket: requests in, replies out, and an orderly end. */
export class NodeServer {
  readonly #app: Application
  readonly #server: Server | Http2Server
  readonly #upgrader: Upgrader
  readonly #fileMemory: FileMemory
  readonly #proxies: ProxyReader | undefined
  readonly #admission: Admission
  readonly #pipelining: Pipelining
  readonly #budget: SessionBudget
  readonly #active = new Set<Active>()
  readonly #connections: Connections
  /** What clients are told of the time that their connection may rest. */
  readonly #keepAlive: string | undefined
  #closed: Promise<void> | undefined
  /** When the grace is over, by the app's clock. */
  #deadline = Infinity
  #onEnded = () => {}

  /** @throws {UsageError} for a `trustProxy` that is none. */
  constructor(app: Application, options: ListenOptions) {
    this.#app = app
    this.#upgrader = new Upgrader(app, options.pingInterval)
    this.#fileMemory = FileMemory.of(app.engine)
    this.#proxies = options.trustProxy === undefined ? undefined : new ProxyReader(options.trustProxy)
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#admission = new Admission(limits, app.engine.log, app.engine.clock)
    this.#pipelining = new Pipelining(limits.pipelined, () => this.#admission.tell('pipelined'))
    this.#budget = new SessionBudget(limits, () => this.#admission.tell('bodyBytes'))
    const headersMs = app.engine.timeouts.headers
    const keepAliveMs = options.keepAlive ?? KEEP_ALIVE_MS
    this.#keepAlive = keepAliveMs < 1000 ? undefined : `timeout=${Math.floor(keepAliveMs / 1000)}`
    this.#server = createNodeServer(options, headersMs)
    on(this.#server, 'request', this.#onRequest)
    on(this.#server, 'upgrade', this.#onUpgrade)
    on(this.#server, 'checkContinue', this.#onExpectation)
    on(this.#server, 'checkExpectation', this.#onUnknownExpectation)
    on(this.#server, 'clientError', onClientError)
    on(this.#server, 'drop', () => this.#admission.tell('connections'))
    this.#connections = new Connections(this.#server, {
      headersMs,
      keepAliveMs,
      isHttp2Only: options.http2 === true && options.tls === undefined,
      isUpgraded: (connection) => this.#upgrader.has(connection),
      onClosed: () => this.#onEnded(),
    })
  }

  /** @returns the port it is bound to. */
  async listen(port: number, host: string): Promise<number> {
    const bound = await bind(this.#server, port, host)
    // Node tells so of a connection that it could not take, for want of descriptors or memory (issue 11).
    const failed = (error: Error) => this.#app.engine.log.error({ err: error }, 'The server failed to accept')
    on(this.#server, 'error', failed)
    return bound
  }

  /** A client that waits with its body until somebody wants it. */
  readonly #onExpectation = (message: AnyMessage, raw: AnyResponse): void => {
    this.#onRequest(message, raw, () => {
      if (!raw.headersSent) raw.writeContinue()
    })
  }

  readonly #onUnknownExpectation = (message: AnyMessage, raw: AnyResponse): void =>
    this.#enter(raw, () => this.#refuse(message, raw, expectationFailed()))

  readonly #onRequest = (message: AnyMessage, raw: AnyResponse, onBodyWanted?: () => void): void =>
    this.#enter(raw, () => this.#begin(message, raw, onBodyWanted))

  /** Requests that would make their connection hold too much wait for their turn. */
  #enter(raw: AnyResponse, begin: () => void): void {
    try {
      if (raw instanceof ServerResponse) this.#pipelining.enter(raw, begin)
      else this.#budget.enter(raw, begin)
    } catch (error) {
      contain(error, raw instanceof ServerResponse ? raw : raw.stream)
    }
  }

  #begin(message: AnyMessage, raw: AnyResponse, onBodyWanted: (() => void) | undefined): void {
    // Its client has reset it while it waited.
    if (!(raw instanceof ServerResponse) && raw.stream.closed) return
    const incoming = this.#read(message, false)
    if (incoming instanceof HttpError) return this.#refuse(message, raw, incoming)
    const response = toResponse(raw)
    incoming.onBodyWanted = onBodyWanted
    incoming.response = response
    incoming.bodies = this.#budget.bodies
    const reply = this.#app.handle(incoming)
    if (!(reply instanceof Promise)) return this.#send(message, response, incoming, reply)
    const work = reply.then((settled) => this.#send(message, response, incoming, settled, active))
    const active = this.#track(incoming, response, work)
  }

  /** The request as it is for the app; an error where there is no room for it, or it makes no sense. */
  #read(message: AnyMessage, upgrade: boolean): NodeIncoming | HttpError {
    const refusal = this.#admission.refusal(message, this.#active.size + this.#upgrader.size)
    if (refusal !== undefined) return refusal
    if (this.#proxies === undefined) return new NodeIncoming(message, upgrade)
    try {
      const forwarded = this.#proxies.read(connectionOf(message.socket).remoteAddress, message.headers)
      if (forwarded !== undefined) return new ForwardedIncoming(message, forwarded, upgrade)
      return new NodeIncoming(message, upgrade)
    } catch (error) {
      return error as HttpError
    }
  }

  /** Answers a request that the app does not get to see. */
  #refuse(message: AnyMessage, raw: AnyResponse, error: HttpError): void {
    this.#send(message, toResponse(raw), new NodeIncoming(message), problemReply(error))
  }

  #send(
    message: AnyMessage,
    response: NodeResponse,
    incoming: NodeIncoming,
    reply: Reply,
    active?: Active,
  ): void {
    const { raw } = response
    if (!(raw instanceof ServerResponse)) this.#budget.add(raw, wholeSize(reply))
    if (this.#closed !== undefined || this.#isLast(response)) reply.headers['connection'] = 'close'
    else if (this.#keepAlive !== undefined) response.keepAlive(reply, this.#keepAlive)
    try {
      if (response instanceof Http1Response && linger(message as IncomingMessage, response.raw, reply)) return
      const sending = send(response, reply, incoming.method === 'HEAD', this.#fileMemory)
      if (incoming.body !== null) incoming.boundRest(response, this.#app.engine.timeouts.body)
      if (sending === undefined) return
      const known = active ?? this.#track(incoming, response, undefined)
      known.sending = sending
      incoming.discardUnreadBody()
      // A stream that begins while the server closes is told like those that had begun before.
      if (this.#closed !== undefined) dismiss(incoming.cancellation, sending)
    } catch (error) {
      this.#app.engine.log.error({ err: error }, 'A reply could not be sent')
      response.destroy()
      reply.onEnd?.({ outcome: 'error', bytes: 0, items: 0, error })
    }
  }

  #isLast({ raw }: NodeResponse): boolean {
    return raw instanceof ServerResponse && this.#pipelining.isLast(raw)
  }

  /** Follows what takes its time, so that a client that leaves, or a shutdown, reaches it. */
  #track(incoming: NodeIncoming, response: NodeResponse, work: Promise<void> | undefined): Active {
    const active: Active = { incoming, work, sending: undefined }
    this.#active.add(active)
    response.on('close', () => {
      void this.#forget(active)
      // Who closed it on purpose, for an error or a timeout, gets to say so first.
      if (!response.finished) process.nextTick(callback(() => incoming.cancellation.cancel('disconnect')))
    })
    return active
  }

  async #forget(active: Active): Promise<void> {
    await active.work
    await active.sending?.released
    this.#active.delete(active)
    this.#onEnded()
  }

  readonly #onUpgrade = (message: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#pipelining.isExcess(message)) return this.#upgrader.turnAway(socket)
    if (!mayUpgrade(message))
      return this.#upgrader.ignore(message, socket, (response) => this.#onRequest(message, response))
    const incoming = this.#read(message, true)
    if (!(incoming instanceof HttpError)) return this.#upgrader.upgrade(message, socket, head, incoming)
    return this.#upgrader.refuse(message, socket, problemReply(incoming))
  }

  /**
   * Accepts nothing more, tells every stream at once, lets finite replies finish within the grace, and
   * cuts the rest. Called again, a shorter grace counts.
   */
  async close(grace: number): Promise<void> {
    // Not the server's own: that one of Node 26 cuts connections whose request is on its way.
    this.#closed ??= new Promise((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()))
    this.#connections.close()
    this.#upgrader.close()
    for (const { incoming, sending } of this.#active) dismiss(incoming.cancellation, sending)
    this.#connections.closeIdle()
    // What becomes idle later, or was kept alive by a head that had left before, must not be waited for.
    const idleCheck = setInterval(
      callback(() => this.#connections.closeIdle()),
      IDLE_CHECK_MS,
    )
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
    this.#connections.destroy()
    await this.#closed
    // Stops what else it has running.
    this.#server.close()
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
}

/** About how many bytes a reply holds in memory, for those that are there as a whole. */
function wholeSize({ body }: Reply): number {
  return body.kind === 'text' ? body.text.length : body.kind === 'bytes' ? body.bytes.byteLength : 0
}

function toResponse(raw: AnyResponse): NodeResponse {
  return raw instanceof ServerResponse ? new Http1Response(raw) : new Http2Response(raw)
}
