/** From declarations to endpoints: routers flattened, everything composed once, when the app starts. */
import { planBody } from './body/body-plan.ts'
import type { Uses } from './dependency/dependency.ts'
import type { Exchange } from './exchange.ts'
import type { HttpError } from './error.ts'
import type { Registered } from './match.ts'
import { toMountedRequest } from './mounted-request.ts'
import { type Answer, chain, compose, prepare } from './pipeline.ts'
import { Reply } from './reply/reply.ts'
import type { AnyRoute, Middleware, Route, RouteLimits } from './route.ts'
import { type Declared, type RouteGroup } from './router.ts'
import { negotiate, streamHead } from './reply/offer.ts'
import { type ReplyShape, toReply } from './reply/to-reply.ts'
import { strippingSchema } from './schema.ts'
import type { CreateSite } from './site.ts'
import { isThenable } from './lifetime/thenable.ts'
import { sameOrigin, websocketAnswer } from './socket/websocket.ts'

/** What answers at one method and path. */
export interface Endpoint {
  readonly answer: Answer
  /** What the route says of its limits; undefined for mounts. */
  readonly limits: RouteLimits | undefined
  /** Undefined for mounts. */
  readonly route: AnyRoute | undefined
  /** What must be there before the first request. */
  readonly ready?: () => Promise<void>
}

/** What a route inherits from the routers around it. */
interface Inherited {
  readonly prefix: string
  readonly tags: readonly string[]
  readonly use: Uses
  readonly middleware: readonly Middleware[]
  readonly createSite: CreateSite
  /** What a path says where files were looked for and are not. */
  readonly missing: (path: string) => HttpError
}

/** What was returned when a route was declared, by the route that its app made of it. */
const DECLARED = new WeakMap<AnyRoute, AnyRoute>()

/** The value that declaring a route has returned, of one of the app's `routes`. */
export function declarationOf(route: AnyRoute): AnyRoute {
  return DECLARED.get(route) ?? route
}

/** The endpoints of an app, in order of declaration. Its own middleware is left to the dispatcher. */
export function flatten(
  { tags, use, declared }: RouteGroup,
  surroundings: Pick<Inherited, 'createSite' | 'missing'>,
): Registered<Endpoint>[] {
  const inherited: Inherited = { prefix: '', tags, use, middleware: [], ...surroundings }
  return declared.flatMap((each) => toEndpoints(each, inherited))
}

function toEndpoints(declared: Declared, inherited: Inherited): Registered<Endpoint>[] {
  if (declared.kind === 'group') {
    const { group } = declared
    const inner: Inherited = {
      ...inherited,
      prefix: inherited.prefix + group.prefix,
      tags: [...inherited.tags, ...group.tags],
      use: { ...inherited.use, ...group.use },
      middleware: [...inherited.middleware, ...group.middleware],
    }
    return group.declared.flatMap((each) => toEndpoints(each, inner))
  }
  if (declared.kind === 'mount') return mountEndpoints(declared, inherited)
  if (declared.kind === 'site') return siteEndpoints(declared, inherited)
  const { route } = declared
  const { middleware } = route.options
  const use: Uses = { ...inherited.use, ...route.options.use }
  const tags = [...inherited.tags, ...(route.options.tags ?? [])]
  const full = Object.freeze({
    ...route,
    path: inherited.prefix + declared.path,
    options: Object.freeze({ ...route.options, tags, use }),
  }) as AnyRoute
  DECLARED.set(full, route)
  const answer =
    declared.kind === 'websocket'
      ? websocketAnswer(declared.route.options, declared.handler)
      : handlerAnswer(declared.route, declared.handler)
  const body = declared.kind === 'route' ? planBody(declared.route.options.body) : undefined
  const prepared = prepare({ uses: use, inputs: route.options, body }, answer)
  const guarded =
    declared.kind === 'websocket' ? sameOrigin(declared.route.options.origins, prepared) : prepared
  const target: Endpoint = {
    answer: compose([...inherited.middleware, ...(middleware ?? [])], guarded),
    limits: declared.kind === 'route' ? limitsOf(declared.route) : undefined,
    route: full,
  }
  return [{ method: full.method, path: full.path, declaredAt: full.declaredAt, target }]
}

/** A body that says how large it may be need not be told a second time. */
function limitsOf({ options }: Route): RouteLimits {
  const { body, bodyLimit } = options
  return bodyLimit === undefined && body !== undefined && 'bodyLimit' in body
    ? { ...options, bodyLimit: body.bodyLimit }
    : options
}

/** Runs the handler and turns what it gives into a reply. */
function handlerAnswer(route: Route, handler: (context: never) => unknown): Answer {
  const { yields } = route
  const { returns, streams, status } = route.options
  const formats = streams === undefined ? undefined : Array.isArray(streams) ? streams : [streams]
  const shape: ReplyShape = {
    returns: returns === undefined ? undefined : strippingSchema(returns),
    streams: formats,
    status,
  }
  return (exchange) => {
    if (exchange.method === 'HEAD' && yields) return headOfStream(exchange, shape)
    const value = handler(exchange.context as never)
    const reply = isThenable(value)
      ? Promise.resolve(value).then((v) => toReply(v, exchange, shape))
      : toReply(value, exchange, shape)
    return exchange.touchedLifetime?.hasHandlerScope === true
      ? chain(reply, (made) => endHandlerScope(made, exchange))
      : reply
  }
}

/** HEAD of a generator: what can be said without running it. */
function headOfStream(exchange: Exchange, { streams, status }: ReplyShape): Reply {
  if (streams === undefined) return new Reply(status ?? 200, {}, { kind: 'none' })
  return streamHead(negotiate(streams, exchange), streams, status)
}

/** A stream's handler has finished its work when its source has ended; any other one when it returned. */
function endHandlerScope(reply: Reply, { lifetime }: Exchange): Reply | Promise<Reply> {
  if (reply.body.kind !== 'stream') return lifetime.commitHandlerScope().then(() => reply)
  const { source } = reply.body
  source.beforeEnd = () => lifetime.commitHandlerScope()
  source.onFailed = (failure) => void lifetime.releaseHandlerScope(failure)
  // What has nothing to show ends here, while there is still a status to choose.
  return source.isEmpty ? lifetime.commitHandlerScope().then(() => reply) : reply
}

function mountEndpoints(mount: Declared & { kind: 'mount' }, inherited: Inherited): Registered<Endpoint>[] {
  const prefix = inherited.prefix + mount.path.replace(/\/$/, '')
  const depth = prefix.split('/').length
  const call: Answer = async (exchange) => {
    const response = await mount.fetch(toMountedRequest(exchange, depth))
    return toReply(response, exchange, { returns: undefined, streams: undefined, status: undefined })
  }
  const prepared = prepare({ uses: inherited.use, inputs: {}, body: undefined }, call)
  const target: Endpoint = {
    answer: compose(inherited.middleware, prepared),
    limits: undefined,
    route: undefined,
  }
  const at = { method: '*', declaredAt: mount.declaredAt, target }
  return [
    { ...at, path: prefix === '' ? '/' : prefix },
    { ...at, path: `${prefix}/*` },
  ]
}

/**
 * GET at the path of a site and below it. HEAD comes with that, and the others are a 405. Where there is no
 * such file, the routes beside it say what the path answers.
 */
function siteEndpoints(declared: Declared & { kind: 'site' }, inherited: Inherited): Registered<Endpoint>[] {
  const { options } = declared
  const prefix = inherited.prefix + declared.path.replace(/\/$/, '')
  const depth = prefix.split('/').length
  const site = inherited.createSite(declared.folder, options)
  const uses = { ...inherited.use, ...options.use }
  const respond: Answer = (exchange) => {
    const { path } = exchange
    const below = path === '/' ? [] : path.split('/').slice(depth)
    return site.respond(exchange, below, () => inherited.missing(path))
  }
  const target: Endpoint = {
    answer: compose(
      [...inherited.middleware, ...(options.middleware ?? [])],
      prepare({ uses, inputs: {}, body: undefined }, respond),
    ),
    limits: options.compress === undefined ? undefined : { compress: options.compress },
    route: undefined,
    ready: () => site.ready(),
  }
  const at = { method: 'GET', declaredAt: declared.declaredAt, files: true, target }
  return [
    // A page of the app's own at the same place goes before the index.
    { ...at, path: prefix === '' ? '/' : prefix, yields: true },
    { ...at, path: `${prefix}/*` },
  ]
}
