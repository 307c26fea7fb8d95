/**
 * One request from its match to the end of its body: what handlers see as their context. What has to
 * be unwound at its end is in lifetime/lifetime.ts.
 */
import { parseCookie } from 'cookie'
import { decodeParam } from '../wire/path.ts'
import { BareRecord, parseQuery, type QueryRecord, QuerySyntaxError } from '../wire/query.ts'
import { RequestBody } from './body/body.ts'
import { BodyIntake } from './body/body-intake.ts'
import type { Cancellation } from './lifetime/cancellation.ts'
import { type CompressRules, compressRules } from './reply/compression.ts'
import { CONTEXT_NAMES, type AfterCallback, type ContextName } from './context.ts'
import { decompressRatio } from './body/decompression.ts'
import type { Dependency } from './dependency/dependency.ts'
import type { Engine } from './engine.ts'
import { HttpError } from './error.ts'
import { Head } from './reply/head.ts'
import { headerValue, type Incoming } from './incoming.ts'
import { Lifetime } from './lifetime/lifetime.ts'
import type { Logger } from './logger.ts'
import type { ObservedRequest } from './observer.ts'
import type { RouteLimits } from './route.ts'
import type { Timeouts } from './lifetime/timeout.ts'
import { type Emitter, on, type OnOptions, sleep } from './lifetime/wait.ts'

export class Exchange {
  readonly request: Incoming
  readonly method: string
  readonly path: string
  readonly engine: Engine
  /** By the app's clock. */
  readonly startedAt: number
  /** The pattern of the matched route. */
  route: string | undefined = undefined
  timeouts: Required<Timeouts>
  /** Undefined when the reply is not compressed. */
  compress: CompressRules | undefined
  /** What handlers see: this, or a view of it with the values of their dependencies. */
  context: object = this
  /** Called when the route is found, by whoever waits for its limits. */
  onMatched: (() => void) | undefined = undefined
  readonly #rawQuery: string
  #lifetime: Lifetime | undefined
  #rawParams: Readonly<Record<string, string>> | undefined
  #wildcard: string | undefined
  #inputs:
    | { params?: unknown; query?: unknown; headers?: unknown; cookies?: unknown; body?: unknown }
    | undefined
  #bodyLimit: number
  #inflation: number | undefined
  #bodyIntake: BodyIntake | undefined
  #body: RequestBody | undefined
  #head: Head | undefined
  #headSent = false
  #instances: Map<Dependency<unknown>, unknown> | undefined

  constructor(engine: Engine, request: Incoming, path: string, rawQuery: string) {
    this.engine = engine
    this.request = request
    this.method = request.method
    this.path = path
    this.#rawQuery = rawQuery
    this.startedAt = engine.clock.now()
    this.timeouts = engine.timeouts
    this.compress = engine.compress
    this.#inflation = engine.inflation
    this.#bodyLimit = engine.bodyLimit
  }

  /** What has to be unwound at the end; made when there is something. */
  get lifetime(): Lifetime {
    return (this.#lifetime ??= new Lifetime(this, this.engine, this.startedAt))
  }

  /** The same, undefined while there is nothing to unwind: most requests never have anything. */
  get touchedLifetime(): Lifetime | undefined {
    return this.#lifetime
  }

  /** Called once the router has found the route. */
  matched(
    route: string | undefined,
    params: Readonly<Record<string, string>> | undefined,
    wildcard: string | undefined,
    limits: RouteLimits | undefined,
  ): void {
    this.route = route
    this.#rawParams = params
    this.#wildcard = wildcard
    // Middleware that asked before the match has seen none.
    if (this.#inputs !== undefined) delete this.#inputs.params
    if (limits === undefined) return
    if (limits.bodyLimit !== undefined) this.#bodyLimit = limits.bodyLimit
    if (limits.compress !== undefined) this.compress = compressRules(limits.compress, this.compress)
    if (limits.decompress !== undefined) this.#inflation = decompressRatio(limits.decompress, this.#inflation)
    if (limits.timeouts !== undefined) {
      this.timeouts = { ...this.timeouts, ...limits.timeouts }
      this.onMatched?.()
    }
    if (limits.onDisconnect === 'finish') this.finishAlone()
  }

  /** From now on a client that leaves does not cancel the work. */
  finishAlone(): void {
    this.lifetime.finishesAlone = true
    this.cancellation.survive(() => this.lifetime.workOn())
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

  /** @throws {HttpError} 400 for a query that cannot be read. */
  assertQuery(): void {
    if (this.#rawQuery !== '') void this.query
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

  /** The intake of the body, if anybody asked for it. */
  get touchedBody(): BodyIntake | undefined {
    return this.#bodyIntake
  }

  /** When the last bytes of the request arrived, by the app's clock. */
  get lastReadAt(): number {
    return this.#bodyIntake?.lastReadAt ?? this.startedAt
  }

  get bodyIntake(): BodyIntake {
    return (this.#bodyIntake ??= new BodyIntake(this.request, this.engine.clock, {
      bytes: this.#bodyLimit,
      ms: this.timeouts.body,
      ratio: this.#inflation,
    }))
  }

  get rawBody(): RequestBody {
    return (this.#body ??= new RequestBody(
      this.bodyIntake,
      headerValue(this.request.headers, 'content-type'),
      this.engine.disk,
    ))
  }

  get lastEventId(): string | undefined {
    return utf8HeaderValue(headerValue(this.request.headers, 'last-event-id'))
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
    return (fn) => this.lifetime.after(fn)
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

  get observed(): ObservedRequest {
    return { method: this.method, path: this.path, route: this.route }
  }
}

/**
 * The context as one dependency sees it: the request's own, with inputs and dependencies of its own.
 */
export class ExchangeView {
  readonly #exchange: Exchange

  constructor(exchange: Exchange, own: object) {
    this.#exchange = exchange
    for (const [name, value] of Object.entries(own))
      Object.defineProperty(this, name, { value, enumerable: true })
  }

  static read(view: ExchangeView, name: ContextName): unknown {
    return view.#exchange[name]
  }

  /** The request behind what a handler has been given as its context. */
  static exchangeOf(context: object): Exchange {
    return #exchange in context ? context.#exchange : (context as Exchange)
  }
}

for (const name of CONTEXT_NAMES) {
  Object.defineProperty(ExchangeView.prototype, name, {
    get(this: ExchangeView) {
      return ExchangeView.read(this, name)
    },
  })
}

/** Clients send an id of theirs as UTF-8, of which a transport makes a character per byte. */
function utf8HeaderValue(value: string | undefined): string | undefined {
  const codes = Array.from(value ?? '', (character) => character.charCodeAt(0))
  if (codes.every((code) => code < 0x80) || codes.some((code) => code > 0xff)) return value
  try {
    return UTF8.decode(Uint8Array.from(codes))
  } catch {
    // It was Latin-1 after all.
    return value
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

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
