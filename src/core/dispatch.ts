import { parseTarget, type Target } from '../wire/path.ts'
import type { Context } from './context.ts'
import { type Endpoint, flatten } from './endpoint.ts'
import type { Engine } from './engine.ts'
import { HttpError, toHttpError } from './error.ts'
import { Exchange } from './exchange.ts'
import { finalize } from './reply/finalize.ts'
import type { Incoming } from './incoming.ts'
import { RouteTable, WEBSOCKET } from './match.ts'
import { type Answer, compose } from './pipeline.ts'
import { createReply, Reply } from './reply/reply.ts'
import type { AnyRoute } from './route.ts'
import type { RouteGroup } from './router.ts'
import type { CreateSite } from './site.ts'
import { phaseTimeout } from './lifetime/timeout.ts'

/** Decides how an error is answered; returns undefined to leave it to the next handler. */
export type ErrorHandler = (
  error: unknown,
  context: Context,
) => Reply | undefined | Promise<Reply | undefined>

const ANY_TARGET = { path: '*', query: '' }
const BAD_TARGET = { path: '', query: '' }

/** Answers requests of a started app: match, middleware, route, errors, final touches. */
export class Dispatcher {
  readonly routes: readonly AnyRoute[]
  readonly #engine: Engine
  readonly #table: RouteTable<Endpoint>
  readonly #answer: Answer
  readonly #errorHandlers: readonly ErrorHandler[]
  readonly #ready: readonly (() => Promise<void>)[]

  /** @param house Routes of ours: they yield to the app's, get nothing from its `use`, and are not in `routes`. */
  constructor(
    engine: Engine,
    app: RouteGroup,
    house: RouteGroup,
    errorHandlers: readonly ErrorHandler[],
    createSite: CreateSite,
  ) {
    const surroundings = { createSite, missing: (path: string) => this.#table.missingFile(path) }
    const endpoints = flatten(app, surroundings)
    this.#engine = engine
    this.#errorHandlers = errorHandlers
    this.#table = new RouteTable(endpoints, flatten(house, surroundings))
    this.#ready = endpoints.flatMap(({ target }) => target.ready ?? [])
    this.routes = Object.freeze(endpoints.flatMap(({ target }) => target.route ?? []))
    // The app's middleware sees every request, also those that nothing matches.
    this.#answer = compose(app.middleware, (exchange) => this.#route(exchange))
  }

  /** Looks whether everything is there that routes need. Rejects when it is not. */
  async ready(): Promise<void> {
    for (const look of new Set(this.#ready)) await look()
  }

  handle(incoming: Incoming): Reply | Promise<Reply> {
    const { path, query } = this.#parse(incoming)
    const exchange = new Exchange(this.#engine, incoming, path, query)
    try {
      const reply = this.#answer(exchange)
      if (reply instanceof Promise) return this.#settle(exchange, reply)
      const final = finalize(exchange, reply)
      return final instanceof Promise ? final.catch((error: unknown) => this.#fail(exchange, error)) : final
    } catch (error) {
      return this.#fail(exchange, error)
    }
  }

  #parse({ target, method }: Incoming): Target {
    const fixed = this.#table.fixed(target)
    if (fixed !== undefined) return fixed
    // Only OPTIONS has asterisk-form (RFC 9112 section 3.2.4). For any other method it would reach the route
    // of "/", since rou3 sees no segments in it, past a guard that compares paths (issue 11).
    if (target === '*' && method === 'OPTIONS') return ANY_TARGET
    return parseTarget(target) ?? BAD_TARGET
  }

  /**
   * Waits for a reply that takes its time, but not for ever: when the handler has nothing to show in
   * time, it is cancelled and answered for.
   */
  #settle(exchange: Exchange, pending: Promise<Reply>): Promise<Reply> {
    exchange.lifetime.begin(pending)
    return new Promise((resolve) => {
      let open = true
      const answer = (reply: Reply | Promise<Reply>) => {
        if (!open) return
        open = false
        stopWatching()
        resolve(reply)
      }
      const stopWatching = this.#watchFirst(exchange, (error) => {
        exchange.cancellation.cancel('timeout', error)
        answer(this.#fail(exchange, error))
      })
      pending
        .then(
          (reply) => {
            exchange.lifetime.workEnded()
            if (open) return finalize(exchange, reply)
            discard(exchange, reply)
            return undefined
          },
          (error: unknown) => {
            exchange.lifetime.workEnded()
            throw error
          },
        )
        .then(
          (reply) => reply !== undefined && answer(reply),
          (error: unknown) => open && answer(this.#fail(exchange, error)),
        )
    })
  }

  /** Calls back when neither a result nor a first item has come in time. Returns what takes that back. */
  #watchFirst(exchange: Exchange, onLate: (error: HttpError) => void): () => void {
    const { clock } = this.#engine
    let cancelTimer = () => {}
    const arm = () => {
      cancelTimer()
      const { first, total } = exchange.timeouts
      const { startedAt, lastReadAt } = exchange
      // A handler cannot be done before its body is here, which has a limit of its own.
      const firstAt = isLimit(first) ? lastReadAt + first : Infinity
      const totalAt = isLimit(total) ? startedAt + total : Infinity
      const due = Math.min(firstAt, totalAt)
      if (due === Infinity) return
      cancelTimer = clock.after(Math.max(0, due - clock.now()), () => {
        if (totalAt === due) onLate(phaseTimeout('total', total))
        else if (exchange.lastReadAt > lastReadAt) arm()
        else onLate(phaseTimeout('first', first))
      })
    }
    arm()
    // Asynchronous middleware may stand in front of the match, and the route may have its own limits.
    exchange.onMatched = arm
    return () => {
      exchange.onMatched = undefined
      cancelTimer()
    }
  }

  #route(exchange: Exchange): Reply | Promise<Reply> {
    const { path, method } = exchange
    if (path === '')
      throw new HttpError('MALFORMED_TARGET', { detail: 'The path is malformed or ambiguous.' })
    const upgrade = exchange.request.protocol === 'websocket'
    if (method === 'OPTIONS' && !upgrade) return this.#options(exchange)
    return this.#serve(exchange, upgrade ? WEBSOCKET : method)
  }

  #serve(exchange: Exchange, method: string): Reply | Promise<Reply> {
    const { target, params, wildcard } = this.#table.find(method, exchange.path)
    exchange.matched(target.route?.path, params, wildcard, target.limits)
    // A malformed query is refused whether or not the handler reads it.
    if (target.route !== undefined) exchange.assertQuery()
    return target.answer(exchange)
  }

  /** OPTIONS is answered for every path, unless a route wants to. */
  #options(exchange: Exchange): Reply | Promise<Reply> {
    if (exchange.path === '*') return new Reply(204, {}, { kind: 'none' })
    const allow = this.#table.allowed(exchange.path)
    if (allow.length === 0 || this.#table.has('OPTIONS', exchange.path))
      return this.#serve(exchange, 'OPTIONS')
    return new Reply(204, { allow: allow.join(', ') }, { kind: 'none' })
  }

  /**
   * Turns whatever was thrown into a reply. What fails in here ends as a bare 500. Where the reply does
   * not blame the client, the error is reported, since the client is told nothing about it. A 501 does: it
   * is about the method (RFC 9110 section 15.6.2).
   */
  async #fail(exchange: Exchange, thrown: unknown): Promise<Reply> {
    exchange.lifetime.failure ??= { error: thrown }
    let reported = false
    const report = (status: number) => {
      if (status >= 500 && status !== 501 && !reported) exchange.lifetime.report(thrown)
      reported = true
    }
    try {
      const handled = await this.#handled(exchange, thrown)
      const error = toHttpError(thrown)
      report(handled?.status ?? error.status)
      return await finalize(exchange, handled ?? problemReply(error), true)
    } catch (error) {
      report(500)
      exchange.lifetime.report(error)
      return finalize(exchange, problemReply(new HttpError('INTERNAL')), true)
    }
  }

  async #handled(exchange: Exchange, thrown: unknown): Promise<Reply | undefined> {
    for (const handler of this.#errorHandlers) {
      const reply = await handler(thrown, exchange as unknown as Context)
      if (reply !== undefined) return reply.copy()
    }
    return undefined
  }
}

const isLimit = (ms: number): boolean => ms > 0 && ms < Infinity

/** A reply that came too late still holds resources. */
function discard(exchange: Exchange, reply: Reply): void {
  if (reply.body.kind === 'stream') exchange.lifetime.own(reply.body.source)
  if (reply.body.kind === 'file') void reply.body.file.close().catch(() => {})
}

/** An error as a problem document (RFC 9457). */
export function problemReply(error: HttpError): Reply {
  const text = JSON.stringify(error.toProblem())
  const { status, headers } = error
  return createReply('application/problem+json', { kind: 'text', text }, { status, headers })
}
