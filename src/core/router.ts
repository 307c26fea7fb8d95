import type { ClientView, SocketView } from './client-view.ts'
import type { Context, ContextName } from './context.ts'
import type { Dependency, TakenName, Uses } from './dependency/dependency.ts'
import { UsageError } from './error.ts'
import { WEBSOCKET } from './match.ts'
import type { Handlers } from './handler.ts'
import { assertMiddleware, assertOptions, type KnownOptions, namesOf } from './option.ts'
import { assertRouteOptions, assertWebSocketOptions } from './declaration.ts'
import { assertUses } from './dependency/provide.ts'
import {
  callSite,
  type Middleware,
  type Route,
  type RouteOptions,
  type WebSocketOptions,
  type WebSocketRoute,
} from './route.ts'
import type { AnySchema } from './schema.ts'
import { STATIC_OPTIONS, type StaticOptions } from './site.ts'

/** A request handler of any fetch-style framework. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

/** The registration function of one method. */
export interface Register<M extends string, Prefix extends string, U> {
  /**
   * Declares a route with options: input schemas, what it returns or streams, dependencies.
   *
   * @param path literal segments, `:name` for one segment, `*name` at the end for the rest.
   * @param options plain data; see RouteOptions.
   * @param handler a function, whose result is sent, or a generator, whose items are streamed.
   * @throws {UsageError} once the app has started.
   */
  <
    const P extends string,
    const O extends RouteOptions<AnySchema>,
    H extends Handlers<`${Prefix}${P}`, O, U>['route'],
  >(
    path: P,
    options: KnownOptions<O, RouteOptions<AnySchema>>,
    handler: H,
  ): Route<M, `${Prefix}${P}`, ClientView<O, H>>
  /**
   * Declares a route.
   *
   * @param path literal segments, `:name` for one segment, `*name` at the end for the rest.
   * @param handler a function, whose result is sent, or a generator, whose items are streamed.
   * @throws {UsageError} once the app has started.
   */
  <const P extends string, R>(
    path: P,
    handler: (context: Context<`${Prefix}${P}`> & U) => R,
  ): Route<M, `${Prefix}${P}`, ClientView<{}, () => R>>
}

export interface RouterOptions<Prefix extends string = string, U = {}> {
  /** In front of every path of this router, for example `/users`. */
  readonly prefix?: Prefix
  /** Tags of every route, for the docs. */
  readonly tags?: readonly string[]
  /** Dependencies of every route; handlers get them by these names. */
  readonly use?: { readonly [K in keyof U]: K extends ContextName ? TakenName<K> : Dependency<U[K]> }
  /** Middleware around every route, the first one outermost. */
  readonly middleware?: readonly Middleware[]
}

export const ROUTER_OPTIONS = namesOf<RouterOptions>({
  prefix: true,
  tags: true,
  use: true,
  middleware: true,
})

type Handler = (context: never) => unknown

function isGeneratorFunction(handler: Handler | undefined): boolean {
  return /^(Async)?GeneratorFunction$/.test(handler?.constructor.name ?? '')
}

/** What was declared on a router, in order. */
export type Declared =
  | {
      readonly kind: 'route'
      readonly path: string
      readonly route: Route
      readonly handler: Handler
    }
  | {
      readonly kind: 'websocket'
      readonly path: string
      readonly route: WebSocketRoute
      readonly handler: Handler
    }
  | {
      readonly kind: 'mount'
      readonly path: string
      readonly declaredAt: string
      readonly fetch: FetchHandler
    }
  | {
      readonly kind: 'site'
      readonly path: string
      readonly declaredAt: string
      readonly folder: string | URL
      readonly options: StaticOptions
    }
  | { readonly kind: 'group'; readonly group: RouteGroup }

/** A router without its types: what an app reads of it. */
export interface RouteGroup {
  readonly prefix: string
  readonly tags: readonly string[]
  readonly use: Uses
  readonly middleware: readonly Middleware[]
  readonly declared: readonly Declared[]
  freeze(): void
}

/**
 * A group of routes with a common prefix, tags, dependencies and middleware. Include it in an app or
 * in another router.
 */
export class Router<const Prefix extends string = '', U = {}> implements RouteGroup {
  readonly prefix: string
  readonly tags: readonly string[]
  readonly use: Uses
  readonly middleware: readonly Middleware[]
  readonly declared: Declared[] = []
  #frozen = false

  readonly get: Register<'GET', Prefix, U> = this.#register('GET')
  readonly post: Register<'POST', Prefix, U> = this.#register('POST')
  readonly put: Register<'PUT', Prefix, U> = this.#register('PUT')
  readonly patch: Register<'PATCH', Prefix, U> = this.#register('PATCH')
  readonly delete: Register<'DELETE', Prefix, U> = this.#register('DELETE')
  readonly options: Register<'OPTIONS', Prefix, U> = this.#register('OPTIONS')
  /** QUERY (RFC 10008): safe and idempotent like GET, with a body. */
  readonly query: Register<'QUERY', Prefix, U> = this.#register('QUERY')

  constructor(options: RouterOptions<Prefix, U> = {}) {
    // An app has more of them.
    if (new.target === Router) assertOptions(options, ROUTER_OPTIONS, 'new Router()')
    this.prefix = options.prefix ?? ''
    this.tags = options.tags ?? []
    this.use = (options.use ?? {}) as Uses
    this.middleware = options.middleware ?? []
    if (this.prefix !== '' && (!this.prefix.startsWith('/') || this.prefix.endsWith('/'))) {
      throw new UsageError(`A prefix starts with "/" and does not end with one: not "${this.prefix}".`)
    }
    assertUses(this.use, `Router "${this.prefix}"`)
    assertMiddleware(options.middleware, `Router "${this.prefix}"`)
  }

  /**
   * Declares a route for any other method, for example `app.route('PURGE', '/cache/:key', handler)`.
   *
   * @throws {UsageError} for what is not an upper-case method token.
   */
  route<
    const M extends string,
    const P extends string,
    const O extends RouteOptions<AnySchema>,
    H extends Handlers<`${Prefix}${P}`, O, U>['route'],
  >(
    method: M,
    path: P,
    options: KnownOptions<O, RouteOptions<AnySchema>>,
    handler: H,
  ): Route<M, `${Prefix}${P}`, ClientView<O, H>>
  /** Declares a route for any other method. */
  route<const M extends string, const P extends string, R>(
    method: M,
    path: P,
    handler: (context: Context<`${Prefix}${P}`> & U) => R,
  ): Route<M, `${Prefix}${P}`, ClientView<{}, () => R>>
  route(method: string, ...rest: unknown[]): unknown {
    if (!/^[A-Z][A-Z-]*$/.test(method) || method === WEBSOCKET) {
      throw new UsageError(`"${method}" is not an HTTP method. Write it in upper case.`)
    }
    const declare = this.#register(method, this.route) as (...args: unknown[]) => unknown
    return declare(...rest)
  }

  /**
   * Declares a WebSocket route.
   *
   * @param handler runs while the socket is open; when it returns, the socket is closed with 1000.
   */
  websocket<const P extends string, const O extends WebSocketOptions<AnySchema>>(
    path: P,
    options: KnownOptions<O, WebSocketOptions>,
    handler: Handlers<`${Prefix}${P}`, O, U>['websocket'],
  ): WebSocketRoute<`${Prefix}${P}`, SocketView<O>>
  websocket(path: string, options: WebSocketOptions, handler: Handler): unknown {
    this.#assertOpen(`WebSocket ${path}`)
    const route = Object.freeze({
      method: WEBSOCKET,
      path: this.prefix + path,
      options,
      declaredAt: callSite(this.websocket),
    }) as WebSocketRoute
    assertWebSocketOptions(options, `WebSocket ${path}`)
    if (isGeneratorFunction(handler))
      throw new UsageError(
        `WebSocket ${path}: the handler is an async function, not a generator. Send with socket.send().`,
      )
    this.declared.push({ kind: 'websocket', path, route, handler })
    return route
  }

  /** Adds the routes of a router, under this one's prefix, dependencies and middleware. */
  include(router: RouteGroup): void {
    if (!Array.isArray((router as RouteGroup | undefined)?.declared))
      throw new UsageError(
        `include takes a router, not ${router === undefined ? 'undefined: is it imported?' : typeof router}.`,
      )
    this.#assertOpen(`include of router "${router.prefix}"`)
    this.declared.push({ kind: 'group', group: router })
  }

  /**
   * Hands everything below a path to a fetch-style handler (Hono, h3, another Millrace app). It sees
   * the path without the prefix.
   */
  mount(path: string, handler: FetchHandler | { readonly fetch: FetchHandler }): void {
    this.#assertOpen(`mount at ${path}`)
    const fetch: FetchHandler = typeof handler === 'function' ? handler : (request) => handler.fetch(request)
    this.declared.push({ kind: 'mount', path, declaredAt: callSite(this.mount), fetch })
  }

  /**
   * Serves a folder as it is: its files with tags, conditions and ranges, an index for its folders. Declared
   * routes go before its files. Nothing outside of the folder is served, nor what begins with a dot.
   *
   * @param path where it is found, for example `/assets`; `/` for the whole app.
   * @param folder a path, from the working directory, or a `file:` URL. The app does not start without it.
   * @throws {UsageError} once the app has started, and for options that are none.
   * @example app.static('/', new URL('./public', import.meta.url), { fallback: 'index.html' })
   */
  static(path: string, folder: string | URL, options: StaticOptions = {}): void {
    this.#assertOpen(`static ${path}`)
    assertOptions(options, STATIC_OPTIONS, `static ${path}`)
    assertUses(options.use ?? {}, `static ${path}`)
    this.declared.push({ kind: 'site', path, declaredAt: callSite(this.static), folder, options })
  }

  /** Ends registration. The app calls it when it starts. */
  freeze(): void {
    this.#frozen = true
    Object.freeze(this.declared)
    for (const each of this.declared) if (each.kind === 'group') each.group.freeze()
  }

  #register<M extends string>(method: M, entry?: (...args: never[]) => unknown): Register<M, Prefix, U> {
    const declare = (path: string, first: RouteOptions | Handler, second?: Handler) => {
      this.#assertOpen(`${method} ${path}`)
      const [options, handler] = typeof first === 'function' ? [{}, first] : [first, second]
      if (typeof handler !== 'function')
        throw new UsageError(`${method} ${path}: the last argument must be the handler.`)
      if (typeof first === 'function' && second !== undefined)
        throw new UsageError(`${method} ${path}: options go before the handler.`)
      assertRouteOptions(options, `${method} ${path}`)
      const route = Object.freeze<Omit<Route, '~client'>>({
        method,
        path: this.prefix + path,
        options,
        declaredAt: callSite(entry ?? declare),
        yields: isGeneratorFunction(handler),
      }) as Route
      this.declared.push({ kind: 'route', path, route, handler })
      return route
    }
    return declare as unknown as Register<M, Prefix, U>
  }

  #assertOpen(what: string): void {
    if (!this.#frozen) return
    throw new UsageError(
      `${what} was declared after the app had started. Declare everything before listen() or fetch().`,
    )
  }
}
