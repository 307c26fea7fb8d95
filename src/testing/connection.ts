/** An app under test: requests in, live replies out, and a close that finds what was left over. */
import type { Application } from '../core/app.ts'
import { UsageError } from '../core/error.ts'
import type { Incoming } from '../core/incoming.ts'
import { Ledger } from '../core/lifetime/ledger.ts'
import { httpSender } from './http.ts'
import { LeakDetector, LeakError } from './leak.ts'
import { memorySender, type Send } from './memory.ts'
import { pause, unattended } from './patience.ts'
import { LiveReply, type TestReply, type TestRequest } from './reply.ts'

export interface ConnectOptions {
  /**
   * What requests travel over: `memory` (default), or `http`: real sockets to a server of its own on a
   * free port. A server that listens already is named by its `url`.
   */
  readonly over?: 'memory' | 'http' | { readonly url: string }
  /** Real milliseconds that everything may take to unwind when the connection is closed, default 1000. */
  readonly withinMs?: number
}

/** A way to an app, and the watch over it. Close it, or declare it with `await using`. */
export interface TestConnection extends AsyncDisposable {
  /**
   * Sends a request, and gives the reply as soon as its head is there. The first one starts the app.
   *
   * @example const reply = await connection.request('GET', '/ticks'); await reply.next()
   */
  request(method: string, target: string, request?: TestRequest): Promise<TestReply>
  /**
   * Leaves what is still open, as a client would, and waits until everything has unwound: handlers,
   * generators, dependencies, `after` callbacks, background work. If the connection started the app,
   * its lifespan ends too.
   *
   * @throws {LeakError} for what has not unwound in time, and for timers that are left on a test clock.
   */
  close(): Promise<void>
}

/** An app that can listen. */
interface Listens {
  listen(options: {
    readonly port: number
    readonly signals: boolean
  }): Promise<{ readonly url: string; close(options: { readonly grace: number }): Promise<void> }>
}

/**
 * Connects to an app.
 *
 * @example
 * await using connection = connect(app)
 * const reply = await connection.request('GET', '/ticks')
 */
export function connect(app: Application, options: ConnectOptions = {}): TestConnection {
  return new AppConnection(app, options)
}

/** The connections that are in use, by app: what is open beside them need not be a leak. */
const busy = new WeakMap<Application, Set<AppConnection>>()

/** What a closed socket takes to be noticed on the other side, in milliseconds. */
const NETWORK_MS = 20

/** A connection that can send. */
interface Opened {
  readonly send: Send
  readonly detector: LeakDetector
  /** Ends what the connection itself has begun. */
  readonly hangUp: () => Promise<void>
  readonly startedApp: boolean
}

export class AppConnection implements TestConnection {
  readonly #app: Application
  readonly #over: Exclude<ConnectOptions['over'], undefined>
  readonly #withinMs: number
  readonly #mine = new WeakSet<Incoming>()
  readonly #leaving = new Set<AbortController>()
  #opened: Promise<Opened> | undefined
  #closed: Promise<void> | undefined

  constructor(app: Application, { over = 'memory', withinMs = 1000 }: ConnectOptions) {
    this.#app = app
    this.#over = over
    this.#withinMs = withinMs
  }

  request(method: string, target: string, request: TestRequest = {}): Promise<TestReply> {
    return unattended(this.#send(method, target, request))
  }

  /** Starts what has to be started. */
  async open(): Promise<Opened> {
    if (this.#closed !== undefined) throw new UsageError('This connection is closed. Make another one.')
    return (this.#opened ??= this.#open())
  }

  async #open(): Promise<Opened> {
    const app = this.#app
    app.engine.ledger ??= new Ledger()
    const startedApp = !app.ready
    await app.start()
    const detector = new LeakDetector(app, ({ incoming }) => this.#mine.has(incoming))
    if (this.#over === 'memory') {
      const send = memorySender(app, (incoming) => this.#mine.add(incoming))
      return { send, detector, startedApp, hangUp: async () => {} }
    }
    if (this.#over !== 'http')
      return { send: httpSender(this.#over.url), detector, startedApp, hangUp: async () => {} }
    if (!('listen' in app)) throw new UsageError('Over HTTP connect() takes an App, which can listen.')
    const listening = await (app as unknown as Listens).listen({ port: 0, signals: false })
    const hangUp = () => listening.close({ grace: 0 })
    return { send: httpSender(listening.url), detector, startedApp, hangUp }
  }

  async #send(method: string, target: string, { signal, ...request }: TestRequest): Promise<TestReply> {
    const leaving = new AbortController()
    if (signal?.aborted === true) leaving.abort(signal.reason)
    signal?.addEventListener('abort', () => leaving.abort(signal.reason), { once: true })
    this.#leaving.add(leaving)
    this.#note()
    const over = () => {
      this.#leaving.delete(leaving)
      this.#note()
    }
    try {
      const { send } = await this.open()
      const wire = await send(method, target, request, leaving.signal)
      void wire.ended.then(over)
      return new LiveReply(wire)
    } catch (error) {
      over()
      throw error
    }
  }

  /** Notes whether anything is under way here. */
  #note(): void {
    const connections = busy.get(this.#app) ?? new Set()
    busy.set(this.#app, connections)
    if (this.#leaving.size > 0) connections.add(this)
    else connections.delete(this)
  }

  get #isAlone(): boolean {
    const connections = busy.get(this.#app)
    return connections === undefined || [...connections].every((each) => each === this)
  }

  /** @param onWait called now and then while it waits. */
  close(onWait?: () => unknown): Promise<void> {
    return (this.#closed ??= this.#close(onWait))
  }

  async #close(onWait?: () => unknown): Promise<void> {
    if (this.#opened === undefined) return
    const opened = await this.#opened
    const { detector, startedApp, hangUp } = opened
    for (const leaving of this.#leaving) leaving.abort(new Error('The test closed its connection.'))
    // Over sockets it takes a moment until the server knows.
    if (this.#over !== 'memory') await pause(NETWORK_MS)
    const open = await detector.wait(this.#withinMs, this.#isAlone, onWait)
    await hangUp()
    if (startedApp) {
      const stopped = this.#app.stop()
      // What has not unwound would be waited for at length; the test is to hear of it now.
      if (open.length === 0) await stopped
      else stopped.catch(() => {})
    }
    // What has not unwound has timers of its own: the deadlines of its cleanup.
    if (open.length === 0 && this.#isAlone) open.push(...detector.timers())
    if (open.length > 0) throw new LeakError(open)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
