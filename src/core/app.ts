import { DEFAULT_BODY_LIMIT } from './body/body-intake.ts'
import { type Clock, containedClock, systemClock } from './lifetime/clock.ts'
import { type CompressOptions, compressRules } from './reply/compression.ts'
import { type DecompressOptions, decompressRatio } from './body/decompression.ts'
import type { Dependency } from './dependency/dependency.ts'
import { Dispatcher, type ErrorHandler } from './dispatch.ts'
import type { AsyncApiOptions, OpenApiOptions } from './documentation.ts'
import type { Engine } from './engine.ts'
import { UsageError } from './error.ts'
import type { Incoming } from './incoming.ts'
import { LiveRequests } from './lifetime/live.ts'
import { consoleLogger, type Logger, steadyLogger } from './logger.ts'
import type { Observer } from './observer.ts'
import { assertAmount, assertOptions, namesOf } from './option.ts'
import type { Reply } from './reply/reply.ts'
import type { AnyRoute } from './route.ts'
import { Router, type RouterOptions } from './router.ts'
import type { CreateSite } from './site.ts'
import { TaskTracker } from './lifetime/task.ts'
import { assertNoCycle } from './dependency/provide.ts'
import { assertTimeouts, DEFAULT_TIMEOUTS, type Timeouts } from './lifetime/timeout.ts'

/** Runs around the app's life: what stands before the `yield` at start-up, what stands after it at shutdown. */
export type Lifespan = () => AsyncGenerator<unknown, void, unknown>

export interface AppOptions<U = {}> extends Omit<RouterOptions<string, U>, 'prefix'> {
  /** For the documents. */
  readonly title?: string
  readonly version?: string
  /** Markdown. */
  readonly description?: string
  /**
   * The OpenAPI document: where it is served (default `/openapi.json`), or what it says, or `false` for
   * no document. Given in any form, what is wrong with the document keeps the app from starting;
   * otherwise it is logged.
   */
  readonly openapi?: string | false | OpenApiOptions
  /** The same for the AsyncAPI document of the WebSockets; default `/asyncapi.json`. */
  readonly asyncapi?: string | false | AsyncApiOptions
  /** Start-up and shutdown as one generator; it yields once, when the app is ready. */
  readonly lifespan?: Lifespan
  /**
   * Where the docs page is served: the console that runs the routes, and the reference. Default `/docs`, where the
   * OpenAPI document is served; false for nowhere. A route of yours at the same path wins.
   */
  readonly docs?: string | false
  /** Where to log; a pino logger fits. Default: warnings and errors as JSON lines on standard error. */
  readonly log?: Logger
  readonly observers?: readonly Observer[]
  /** The largest request body in bytes, default 1 MiB. Routes may set their own. */
  readonly bodyLimit?: number
  /**
   * Bytes of memory that downloads of files share to read ahead, default 8 MiB; each of them always
   * gets 64 KiB. More of it makes many fast downloads at a time cheaper.
   */
  readonly fileMemory?: number
  /**
   * Compresses replies for clients that accept it, streams item by item. Default false. Routes may say
   * otherwise. See CompressOptions for what is left alone.
   */
  readonly compress?: boolean | CompressOptions
  /** Takes request bodies with a `Content-Encoding`. Default true; `bodyLimit` counts what comes out. Routes may say otherwise. */
  readonly decompress?: boolean | DecompressOptions
  /** How long each phase of a request may take; see Timeouts for the defaults. */
  readonly timeouts?: Timeouts
  /** Milliseconds that background work may take at shutdown before it is cancelled, default 10 000. */
  readonly backgroundMs?: number
  /** Milliseconds a cancelled stream may take to unwind before it is reported, default 5000. */
  readonly unwindMs?: number
  /** Where time comes from; tests put their own here. */
  readonly clock?: Clock
}

const APP_OPTIONS = namesOf<AppOptions>({
  title: true,
  version: true,
  description: true,
  openapi: true,
  asyncapi: true,
  docs: true,
  tags: true,
  use: true,
  middleware: true,
  lifespan: true,
  log: true,
  observers: true,
  bodyLimit: true,
  fileMemory: true,
  compress: true,
  decompress: true,
  timeouts: true,
  backgroundMs: true,
  unwindMs: true,
  clock: true,
})

/**
 * The model of an app: routes, and `handle`, which answers one request. It knows no transport; the
 * `App` of the front door adds those.
 */
export class Application<U = {}> extends Router<'', U> {
  readonly title: string
  readonly version: string
  readonly description: string | undefined
  readonly engine: Engine
  /**
   * Routes that the house adds (documents, the docs page). A route of the app at the same place wins; the
   * app's dependencies do not guard them, its middleware sees them; `routes` does not list them.
   */
  protected readonly house = new Router()
  readonly #lifespan: Lifespan | undefined
  readonly #errorHandlers: ErrorHandler[] = []
  readonly #backgroundMs: number
  readonly #createSite: CreateSite
  #ready = false
  #life: AsyncGenerator<unknown, void, unknown> | undefined
  #started: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #dispatcher: Dispatcher | undefined

  constructor(
    options: AppOptions<U>,
    surroundings: Pick<Engine, 'inferFormat' | 'startPace' | 'disk'> & { readonly createSite: CreateSite },
  ) {
    super(options as RouterOptions<'', U>)
    assertOptions(options, APP_OPTIONS, 'new App()')
    assertTimeouts(options.timeouts, 'new App()')
    for (const name of ['bodyLimit', 'fileMemory'] as const) assertAmount(options[name], name, 'bytes')
    for (const name of ['backgroundMs', 'unwindMs'] as const)
      assertAmount(options[name], name, 'milliseconds')
    const { createSite, ...shared } = surroundings
    this.#createSite = createSite
    const log = steadyLogger(options.log ?? consoleLogger)
    const onFault = (err: unknown) => log.error({ err }, 'A timer failed. Please report this.')
    // A clock of a test is asked for what it knows, and its faults are the test's to see.
    const clock = options.clock ?? containedClock(systemClock, onFault)
    this.title = options.title ?? 'Millrace'
    this.version = options.version ?? '0.0.0'
    this.description = options.description
    this.#lifespan = options.lifespan
    this.#backgroundMs = options.backgroundMs ?? 10_000
    this.engine = {
      log,
      clock,
      tasks: new TaskTracker(log, clock),
      observers: options.observers ?? [],
      bodyLimit: options.bodyLimit ?? DEFAULT_BODY_LIMIT,
      fileMemory: options.fileMemory ?? DEFAULT_FILE_MEMORY,
      timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
      compress: compressRules(options.compress),
      inflation: decompressRatio(options.decompress),
      live: new LiveRequests(),
      finishing: new Set(),
      ledger: undefined,
      unwindMs: options.unwindMs ?? 5000,
      overrides: new Map(),
      shared: new Map(),
      sharedReleases: [],
      ...shared,
    }
  }

  /** Every route with its full path. Reading it ends registration. */
  get routes(): readonly AnyRoute[] {
    return this.#dispatch().routes
  }

  /** Answers errors your own way: the first handler that returns a reply wins. */
  onError(handler: ErrorHandler): void {
    if (this.#dispatcher !== undefined) throw new UsageError('onError was called after the app had started.')
    this.#errorHandlers.push(handler)
  }

  /**
   * Replaces a dependency, for tests.
   *
   * @returns a function that puts it back.
   */
  override<T>(dependency: Dependency<T>, replacement: Dependency<NoInfer<T>>): () => void {
    assertNoCycle(dependency, replacement, this.engine.overrides)
    this.engine.overrides.set(dependency, replacement)
    return () => this.engine.overrides.delete(dependency)
  }

  /**
   * Ends registration and builds the route table.
   *
   * @throws {UsageError} for duplicate routes and other mistakes, naming the places.
   */
  override freeze(): void {
    this.#dispatch()
  }

  #dispatch(): Dispatcher {
    if (this.#dispatcher === undefined) {
      this.#dispatcher = new Dispatcher(this.engine, this, this.house, this.#errorHandlers, this.#createSite)
      super.freeze()
      this.house.freeze()
    }
    return this.#dispatcher
  }

  /** Freezes and runs the lifespan up to its yield. Idempotent; rejects when start-up fails. */
  start(): Promise<void> {
    return (this.#started ??= this.#start())
  }

  async #start(): Promise<void> {
    await this.#dispatch().ready()
    await this.#openLife()
    this.#ready = true
  }

  async #openLife(): Promise<void> {
    if (this.#lifespan === undefined) return
    this.#life = this.#lifespan()
    const first = await this.#life.next()
    if (first.done === true)
      throw new UsageError('The lifespan ended without a yield. Yield once, when the app is ready.')
  }

  /** Whether the app has started and is not shutting down: what a readiness probe asks. */
  get ready(): boolean {
    return this.#ready
  }

  /** Readiness turns false, so that load balancers look elsewhere while running requests end. */
  retire(): void {
    this.#ready = false
  }

  /** Background work may finish, but not for ever. */
  async #drain(): Promise<void> {
    const { tasks, clock, finishing, log } = this.engine
    if (await tasks.drained(this.#backgroundMs, clock)) return
    for (const cancellation of finishing) cancellation.giveUp()
    if (await tasks.drained(this.engine.unwindMs, clock)) return
    log.warn(
      { running: tasks.running },
      'Background work was abandoned at shutdown. Raise `backgroundMs`, or let it end.',
    )
  }

  /** Waits for background work, releases what has scope `app`, and runs the lifespan to its end. */
  stop(): Promise<void> {
    this.#ready = false
    return (this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
    }))
  }

  async #stop(): Promise<void> {
    await this.#drain()
    for (const release of this.engine.sharedReleases.splice(0).reverse()) {
      try {
        await release(undefined)
      } catch (error) {
        this.engine.log.error({ err: error }, 'Release of a dependency failed')
      }
    }
    this.engine.shared.clear()
    const life = this.#life
    this.#life = undefined
    this.#started = undefined
    if (life !== undefined) await closeLife(life)
  }

  /**
   * Answers one request. Never throws and never rejects: what goes wrong becomes a reply.
   * Synchronous when everything on the way is.
   */
  handle(incoming: Incoming): Reply | Promise<Reply> {
    return this.#dispatch().handle(incoming)
  }
}

/** Runs what stands after the yield, and its `finally` in any case. */
async function closeLife(life: AsyncGenerator<unknown, void, unknown>): Promise<void> {
  const last = await life.next()
  if (last.done === true) return
  await life.return()
  throw new UsageError('The lifespan yielded twice. Yield once, when the app is ready.')
}

/** Bytes. */
const DEFAULT_FILE_MEMORY = 8 * 1024 * 1024
