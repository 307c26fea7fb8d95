/**
 * One request from its match to the end of its body: what handlers see as their context, and the
 * one place that knows what has to be unwound, in which order:
 *
 * 1. the request is cancelled, if it did not end by itself, so that every wait rejects;
 * 2. its sources are stopped and awaited (a generator's `finally` may still use its dependencies);
 * 3. dependencies are released, the last one first;
 * 4. `after` callbacks run, in order;
 * 5. observers are told.
 */
import { parseCookie } from 'cookie'
import { decodeParam } from '../wire/path.ts'
import { BareRecord, parseQuery, type QueryRecord, QuerySyntaxError } from '../wire/query.ts'
import { captureAsyncScope } from './async-scope.ts'
import { RequestBody } from './body.ts'
import type { Cancellation } from './cancellation.ts'
import { CONTEXT_NAMES, type AfterCallback } from './context.ts'
import type { Dependency } from './dependency.ts'
import type { Engine, Release } from './engine.ts'
import { HttpError } from './error.ts'
import { Head } from './head.ts'
import { headerValue, type Incoming } from './incoming.ts'
import type { Logger } from './logger.ts'
import type { ObservedRequest } from './observer.ts'
import type { Ending, OpenFile } from './reply.ts'
import type { Failure, Source } from './source.ts'
import { type Emitter, on, type OnOptions, sleep } from './wait.ts'

export class Exchange {
  readonly request: Incoming
  readonly method: string
  readonly path: string
  readonly engine: Engine
  /** The pattern of the matched route. */
  route: string | undefined = undefined
  /** What threw, when the handler's work failed before the head left. */
  failure: { readonly error: unknown } | undefined = undefined
  readonly #rawQuery: string
  readonly #startedAt: number
  #rawParams: Readonly<Record<string, string>> | undefined
  #wildcard: string | undefined
  #inputs:
    | { params?: unknown; query?: unknown; headers?: unknown; cookies?: unknown; body?: unknown }
    | undefined
  #bodyLimit: number
  #body: RequestBody | undefined
  #head: Head | undefined
  #headSent = false
  #instances: Map<Dependency<unknown>, unknown> | undefined
  #releases: Release[] | undefined
  #handlerReleases: Release[] | undefined
  #handlerReleased: Promise<void> | undefined
  #afters: AfterCallback[] | undefined
  #sources: Source[] | undefined
  #files: OpenFile[] | undefined
  #finished = false

  constructor(engine: Engine, request: Incoming, path: string, rawQuery: string) {
    this.engine = engine
    this.request = request
    this.method = request.method
    this.path = path
    this.#rawQuery = rawQuery
    this.#startedAt = engine.clock.now()
    this.#bodyLimit = engine.bodyLimit
  }

  /** Called once the router has found the route. */
  matched(
    route: string | undefined,
    params: Readonly<Record<string, string>> | undefined,
    wildcard: string | undefined,
    bodyLimit: number | undefined,
  ): void {
    this.route = route
    this.#rawParams = params
    this.#wildcard = wildcard
    if (bodyLimit !== undefined) this.#bodyLimit = bodyLimit
  }

  get params(): unknown {
    const inputs = (this.#inputs ??= {})
    // A schema may have made anything of it, undefined and null too.
    if (!('params' in inputs)) inputs.params = decodeParams(this.#rawParams, this.#wildcard)
    return inputs.params
  }

  get query(): unknown {
    const inputs = (this.#inputs ??= {})
    if (!('query' in inputs)) inputs.query = readQuery(this.#rawQuery)
    return inputs.query
  }

  get headers(): unknown {
    return this.#inputs !== undefined && 'headers' in this.#inputs
      ? this.#inputs.headers
      : this.request.headers
  }

  get cookies(): unknown {
    const inputs = (this.#inputs ??= {})
    if (!('cookies' in inputs))
      inputs.cookies = parseCookie(headerValue(this.request.headers, 'cookie') ?? '')
    return inputs.cookies
  }

  get body(): unknown {
    return this.#inputs !== undefined && 'body' in this.#inputs ? this.#inputs.body : this.rawBody
  }

  /** Hands over inputs that passed their schemas. */
  accept(inputs: object): void {
    this.#inputs = { ...this.#inputs, ...inputs }
  }

  /** The reader of the body, if anybody asked for it. */
  get touchedBody(): RequestBody | undefined {
    return this.#body
  }

  get rawBody(): RequestBody {
    return (this.#body ??= new RequestBody(this.request, this.#bodyLimit))
  }

  get cancellation(): Cancellation {
    return this.request.cancellation
  }

  get signal(): AbortSignal {
    return this.request.cancellation.signal
  }

  get sleep(): (ms: number) => Promise<void> {
    return (ms) => sleep(ms, this.engine.clock, this.request.cancellation)
  }

  get on(): (emitter: Emitter, name: string, options?: OnOptions) => AsyncIterableIterator<unknown[], void> {
    return (emitter, name, options) => on(emitter, name, this.request.cancellation, options)
  }

  get after(): (fn: AfterCallback) => void {
    return (fn) => {
      if (this.#finished) throw new Error('after() was called when the body had already ended.')
      const enter = captureAsyncScope()
      ;(this.#afters ??= []).push((ending) => enter(() => fn(ending)))
    }
  }

  get head(): Head {
    if (this.#head === undefined) {
      this.#head = new Head()
      if (this.#headSent) this.#head.markSent()
    }
    return this.#head
  }

  /** The head is about to leave: from now on setting anything on it throws. Gives it if it was touched. */
  closeHead(): Head | undefined {
    this.#headSent = true
    this.#head?.markSent()
    return this.#head
  }

  get log(): Logger {
    return this.engine.log
  }

  /** The request's instances of its dependencies. */
  get instances(): Map<Dependency<unknown>, unknown> {
    return (this.#instances ??= new Map())
  }

  /** Registers the cleanup of a dependency. */
  releaseWith(scope: 'request' | 'handler', release: Release): void {
    if (scope === 'handler') (this.#handlerReleases ??= []).push(release)
    else (this.#releases ??= []).push(release)
  }

  /** Registers a source that must not outlive the request. */
  own(source: Source): void {
    if (this.#sources === undefined) this.#sources = [source]
    else if (!this.#sources.includes(source)) this.#sources.push(source)
  }

  /** Registers a file that must not stay open longer than the request. Its `close` may be called again. */
  ownFile(file: OpenFile): void {
    ;(this.#files ??= []).push(file)
  }

  /** Whether somebody has to be told when the body has ended. */
  get needsEnd(): boolean {
    return (
      this.#releases !== undefined ||
      this.#handlerReleases !== undefined ||
      this.#afters !== undefined ||
      this.#sources !== undefined ||
      this.#files !== undefined ||
      this.engine.observers.length > 0
    )
  }

  /** Whether dependencies of scope `handler` are open. */
  get hasHandlerScope(): boolean {
    return this.#handlerReleases !== undefined
  }

  /** Releases dependencies of scope `handler`: the handler has finished its own work. */
  releaseHandlerScope(failure: Failure | undefined): void | Promise<void> {
    const releases = this.#handlerReleases
    if (releases === undefined) return
    this.#handlerReleases = undefined
    return (this.#handlerReleased = this.#release(releases, failure))
  }

  /** The body has ended: unwinds everything. Only the first call counts. */
  finish(ending: Omit<Ending, 'durationMs'>, status: number): void {
    if (this.#finished) return
    this.#finished = true
    if (ending.outcome === 'error' && this.failure === undefined) this.report(ending.error)
    const whole: Ending = { ...this.#truthful(ending), durationMs: this.engine.clock.now() - this.#startedAt }
    this.engine.tasks.track(
      `Cleanup of ${this.method} ${this.route ?? this.path}`,
      this.#unwind(whole, status),
    )
  }

  /** Logs and tells observers what the client is told nothing about; that it was cancelled is no error. */
  report(error: unknown): void {
    if (error !== undefined && error === this.cancellation.error) return
    const { log, observers } = this.engine
    log.error({ err: error, method: this.method, route: this.route ?? this.path }, 'A request failed')
    for (const observer of observers) observe(log, () => observer.error?.(this.observed, error))
  }

  /** An error reply that was delivered is still the end of work that failed. */
  #truthful(ending: Omit<Ending, 'durationMs'>): Omit<Ending, 'durationMs'> {
    if (this.failure === undefined || ending.outcome !== 'complete') return ending
    const { error } = this.failure
    const cancelled = this.cancellation.error
    return { ...ending, outcome: error === cancelled ? (cancelled?.reason ?? 'error') : 'error', error }
  }

  async #unwind(ending: Ending, status: number): Promise<void> {
    const failed = ending.outcome !== 'complete'
    if (ending.outcome !== 'complete') this.cancellation.cancel(ending.outcome, ending.error)
    await this.#stopSources(ending.error)
    for (const file of this.#files ?? []) await this.#guard('Close of a file', () => file.close())
    const failure = failed ? { error: ending.error ?? this.cancellation.error } : undefined
    await (this.#handlerReleased ?? this.releaseHandlerScope(failure))
    if (this.#releases !== undefined) await this.#release(this.#releases, failure)
    for (const fn of this.#afters ?? []) await this.#guard('after() callback', () => fn(ending))
    for (const observer of this.engine.observers)
      observe(this.log, () => observer.end?.(this.observed, ending, status))
  }

  async #stopSources(reported: unknown): Promise<void> {
    // The outermost source was registered last and may hold the inner ones.
    for (const source of this.#sources?.reverse() ?? []) {
      if (source.ended) continue
      const unwound = await this.#guard('Cleanup of a stream', () =>
        source.stop(this.cancellation.error, this.engine.clock, this.engine.unwindMs),
      )
      if (unwound === false) {
        this.log.warn(
          {
            route: this.route,
            method: this.method,
            ageMs: Math.round(this.engine.clock.now() - this.#startedAt),
          },
          'A stream has not unwound after it was cancelled. Await ctx.sleep, ctx.on or something that takes ctx.signal.',
        )
      }
    }
    this.#reportFailedCleanup(reported)
  }

  /**
   * A generator that is cancelled in a wait fails with what its `finally` throws, if that does; nobody
   * else is going to tell.
   */
  #reportFailedCleanup(reported: unknown): void {
    const known = new Set([reported, this.failure?.error, this.cancellation.error])
    for (const { failure } of this.#sources ?? []) {
      if (failure === undefined || known.has(failure.error) || isAbort(failure.error)) continue
      known.add(failure.error)
      this.#logFailure('Cleanup of a stream', failure.error)
    }
  }

  async #release(releases: Release[], failure: { readonly error: unknown } | undefined): Promise<void> {
    for (const release of releases.reverse())
      await this.#guard('Release of a dependency', () => release(failure))
  }

  async #guard<T>(what: string, fn: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await fn()
    } catch (error) {
      this.#logFailure(what, error)
      return undefined
    }
  }

  #logFailure(what: string, error: unknown): void {
    this.log.error({ err: error, route: this.route, method: this.method }, `${what} failed`)
  }

  get observed(): ObservedRequest {
    return { method: this.method, path: this.path, route: this.route }
  }
}

/** What `fetch`, timers and others make of an aborted signal. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** Tells an observer something; what it throws is logged and goes no further. */
export function observe(log: Logger, tell: () => void): void {
  try {
    tell()
  } catch (error) {
    log.error({ err: error }, 'An observer failed')
  }
}

/**
 * The context as one dependency sees it: the request's own, with inputs and dependencies of its own.
 */
export class ExchangeView {
  readonly exchange: Exchange

  constructor(exchange: Exchange, own: object) {
    this.exchange = exchange
    for (const [name, value] of Object.entries(own))
      Object.defineProperty(this, name, { value, enumerable: true })
  }
}

for (const name of CONTEXT_NAMES) {
  Object.defineProperty(ExchangeView.prototype, name, {
    get(this: ExchangeView) {
      return this.exchange[name]
    },
  })
}

function decodeParams(
  raw: Readonly<Record<string, string>> | undefined,
  wildcard: string | undefined,
): QueryRecord {
  const params = new BareRecord() as QueryRecord
  // Decoded, it could not be told from the slashes between segments, which guards look at.
  if (wildcard !== undefined && raw?.[wildcard]?.includes('%2F') === true) {
    throw new HttpError('MALFORMED_TARGET', { detail: 'An encoded slash is ambiguous in this path.' })
  }
  if (raw !== undefined) for (const name of Object.keys(raw)) params[name] = decodeParam(raw[name]!)
  return params
}

function readQuery(query: string): QueryRecord {
  try {
    return parseQuery(query)
  } catch (error) {
    if (error instanceof QuerySyntaxError) throw new HttpError('MALFORMED_QUERY', { detail: error.message })
    throw error
  }
}
