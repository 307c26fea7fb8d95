import { parseTarget } from '../wire/path.ts'
import type { Context } from './context.ts'
import { type Endpoint, flatten } from './endpoint.ts'
import type { Engine } from './engine.ts'
import { HttpError, toHttpError } from './error.ts'
import { Exchange } from './exchange.ts'
import { finalize } from './finalize.ts'
import type { Incoming } from './incoming.ts'
import { RouteTable, WEBSOCKET } from './match.ts'
import { type Answer, compose } from './pipeline.ts'
import { createReply, Reply } from './reply.ts'
import type { AnyRoute } from './route.ts'
import type { RouteGroup } from './router.ts'

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

  constructor(engine: Engine, app: RouteGroup, errorHandlers: readonly ErrorHandler[]) {
    const endpoints = flatten(app)
    this.#engine = engine
    this.#errorHandlers = errorHandlers
    this.#table = new RouteTable(endpoints)
    this.routes = Object.freeze(endpoints.flatMap(({ target }) => target.route ?? []))
    // The app's middleware sees every request, also those that nothing matches.
    this.#answer = compose(app.middleware, (exchange) => this.#route(exchange))
  }

  handle(incoming: Incoming): Reply | Promise<Reply> {
    const { target } = incoming
    const { path, query } = (target === '*' ? ANY_TARGET : parseTarget(target)) ?? BAD_TARGET
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

  async #settle(exchange: Exchange, pending: Promise<Reply>): Promise<Reply> {
    try {
      return await finalize(exchange, await pending)
    } catch (error) {
      return this.#fail(exchange, error)
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
    exchange.matched(target.route?.path, params, wildcard, target.bodyLimit)
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

  /** Turns whatever was thrown into a reply. What fails in here ends as a bare 500. */
  async #fail(exchange: Exchange, thrown: unknown): Promise<Reply> {
    exchange.failure ??= { error: thrown }
    this.#report(exchange, thrown)
    try {
      const reply = (await this.#handled(exchange, thrown)) ?? problemReply(toHttpError(thrown))
      return await finalize(exchange, reply, true)
    } catch (error) {
      this.#report(exchange, error)
      return finalize(exchange, problemReply(new HttpError('INTERNAL')), true)
    }
  }

  async #handled(exchange: Exchange, thrown: unknown): Promise<Reply | undefined> {
    for (const handler of this.#errorHandlers) {
      const reply = await handler(thrown, exchange as unknown as Context)
      if (reply !== undefined) return reply
    }
    return undefined
  }

  /** What the client is told nothing about must be told somewhere. */
  #report(exchange: Exchange, thrown: unknown): void {
    if (!(thrown instanceof HttpError && thrown.status < 500)) exchange.report(thrown)
  }
}

/** An error as a problem document (RFC 9457). */
function problemReply(error: HttpError): Reply {
  const text = JSON.stringify(error.toProblem())
  const { status, headers } = error
  return createReply('application/problem+json', { kind: 'text', text }, { status, headers })
}
