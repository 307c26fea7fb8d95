import type { PathParams } from '../wire/path.ts'
import type { Route, WebSocketRoute } from '../core/route.ts'
import { type Call, RunningCall, type StreamCall } from './call.ts'
import type { FromJson } from './json.ts'
import type { CallOptions, FetchFunction, Inputs } from './request.ts'
import { type Origin, Sender } from './sender.ts'
import type { WebSocketClass } from './handshake.ts'
import type { ClientSocket, MessageOption, SocketOptions } from './socket.ts'

/** Options of a client; those of its calls are their defaults. */
export interface ClientOptions extends Omit<CallOptions, 'signal' | 'lastEventId' | 'onUploadProgress'> {
  /** Headers of every request. What differs from one to the next belongs in `before`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sends the requests, default the runtime's own. `app.fetch` answers them in process, without a network. */
  readonly fetch?: FetchFunction
  /** Opens WebSockets, where the runtime has none (Node 20): that of the package `ws`, for example. */
  readonly WebSocket?: WebSocketClass
}

/**
 * The routes that a module exports, as functions. Paths, inputs and results are typed; nothing of it exists
 * at run time but the method and the path.
 */
export interface Client<M> {
  readonly get: Send<M, 'GET'>
  readonly post: Send<M, 'POST'>
  readonly put: Send<M, 'PUT'>
  readonly patch: Send<M, 'PATCH'>
  readonly delete: Send<M, 'DELETE'>
  readonly options: Send<M, 'OPTIONS'>
  readonly query: Send<M, 'QUERY'>
  /** Any other method, for example `api.method('PURGE')('/cache/:key', { params: { key: 'a' } })`. */
  method<const Method extends string>(method: Method): Send<M, Method>
  /**
   * Opens a WebSocket.
   *
   * @throws {SocketClosed} (rejects) when it is refused.
   */
  readonly websocket: Open<M>
}

// What follows is as cheap as we could make it for the compiler (test/types/cost.test.ts), which works out the
// constraint of a type parameter wherever it meets one. Of `P` that is every path, so inputs speak of `T`
// instead, whose constraint is next to nothing; that is why they ask for `T extends Declared`, which is so. Its
// default is looked up when `P` is known, and is what it always is: nothing is inferred through `T['~client']`.
// And aliases are of `M` and a method, because those are compared at a glance; a union of routes is gone
// through, route by route, for each call.

/** Sends a request to a route. */
export interface Send<M, Method extends string> {
  /**
   * @param path as it was declared, with its parameters: `/items/:id`.
   * @param input what the route takes, and options of this call.
   * @throws {ReplyError} (rejects) when the server answers with an error.
   * @throws {StreamTruncated} (rejects) when a stream was cut off.
   */
  <const P extends RoutesOf<M, Method>['path'], T extends Declared = ByPath<M, Method>[P]>(
    path: P,
    input: T extends Declared ? Input<T> & CallOptions : never,
  ): Result<T['~client']>
  /** A route that needs no input. */
  <const P extends RoutesOf<M, Method>['path'], T extends Declared = RouteAt<M, Method, P>>(
    path: P & Sufficient<Input<T>>,
  ): Result<T['~client']>
}

/** Opens a WebSocket. */
export interface Open<M> {
  /**
   * @param path as it was declared, with its parameters: `/rooms/:room`.
   * @param input its parameters and query, and options of this socket.
   */
  <const P extends RoutesOf<M, 'WEBSOCKET'>['path'], T extends Declared = ByPath<M, 'WEBSOCKET'>[P]>(
    path: P,
    input: T extends Declared ? SocketInput<T> : never,
  ): SocketOf<T['~client']>
  /** A route that needs no input. */
  <const P extends RoutesOf<M, 'WEBSOCKET'>['path'], T extends Declared = RouteAt<M, 'WEBSOCKET', P>>(
    path: P & Sufficient<SocketInput<T>>,
  ): SocketOf<T['~client']>
}

/** The routes of a method. */
type RoutesOf<M, Method extends string> = Extract<Exported<M>, DeclaredFor<Method>>

/** A route, of either kind. */
interface Declared {
  readonly path: string
  readonly '~client': unknown
}
interface DeclaredFor<Method extends string> extends Declared {
  readonly method: Method
}

/** Where `P` is all there are, as while it is typed, there is nothing to look up. */
type RouteAt<M, Method extends string, P extends string> = [RoutesOf<M, Method>['path']] extends [P]
  ? RoutesOf<M, Method>
  : ByPath<M, Method>[P]

/** The index is what TypeScript wants to see of a path that it does not know yet. */
type ByPath<M, Method extends string> = { [R in RoutesOf<M, Method> as R['path']]: R } & AnyPath
interface AnyPath {
  readonly [path: string]: Declared
}

/** A route with parameters. An interface without type parameters, since those are never instantiated. */
interface Parametric {
  readonly path: `${string}/:${string}` | `${string}/*${string}`
}

/** Whatever a module exports, or each module in a list. */
type Exported<M> = M extends readonly unknown[] ? ValueOf<M[number]> : M[keyof M]
type ValueOf<M> = M extends unknown ? M[keyof M] : never

/** What is sent. What cannot be left out is there twice, since no mapped type makes some of its keys optional. */
type Input<R extends Declared> = Sent<R['~client']> &
  Record<NeededKey<R['~client'], keyof R['~client']>, unknown> &
  Params<R>

/** A browser sends no headers of ours with a WebSocket; a guard reads the query without the route declaring it. */
type SocketInput<R extends Declared> = Omit<Input<R>, 'headers' | 'cookies' | 'body'> &
  SocketOptions &
  OptionOf<R['~client']>

type OptionOf<V> = V extends { readonly sends: infer In } ? MessageOption<In> : unknown

/** What may be sent beside the parameters. A route may read what it has not declared. */
interface Sent<V> {
  readonly query?: 'query' extends keyof V ? V['query'] : Loose
  readonly headers?: 'headers' extends keyof V ? V['headers'] & Loose : Loose
  readonly cookies?: 'cookies' extends keyof V ? V['cookies'] : Loose
  readonly body?: 'body' extends keyof V ? Body<V['body']> : unknown
}

type Loose = Readonly<Record<string, unknown>>

/** Of that, what cannot be left out. */
type NeededKey<V, K extends keyof V> = K extends 'query' | 'headers' | 'cookies' | 'body'
  ? IfNeeded<V[K], K>
  : never
type IfNeeded<T, K> = {} extends T ? never : undefined extends T ? never : K

/** A path with parameters takes them, whether or not there is a schema. */
type Params<R extends Declared> = R extends Parametric ? ParamsInput<R> : unknown

interface ParamsInput<R extends Declared> {
  readonly params: 'params' extends keyof R['~client']
    ? R['~client']['params']
    : { readonly [Name in keyof PathParams<R['path']>]: string | number }
}

/** Whether a call can do without its second argument. A member, because two strings at once are `never`. */
type Sufficient<In> = {} extends In
  ? unknown
  : { readonly 'This route needs an input: pass a second argument': never }

type Body<T> = T extends Uint8Array ? BytesBody : T | FormBody<T>

type BytesBody = Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** An object may come as a form. */
type FormBody<T> = T extends string | AsyncIterable<unknown> ? never : FormData | URLSearchParams

type Result<T> = 'streams' extends keyof T ? StreamOf<T['streams']> : Reply<T[keyof T & 'returns']>

type Reply<T> = unknown extends T ? Call<unknown> : Promise<FromJson<T>>

type StreamOf<Whole> = Whole extends readonly (infer Item)[]
  ? StreamCall<FromJson<Item>[], FromJson<Item>>
  : StreamCall<Whole, Whole>

type SocketOf<T> = T extends { readonly receives: infer Out; readonly sends: infer In }
  ? Promise<ClientSocket<FromJson<In>, Out>>
  : never

/**
 * The routes of a module under a prefix, for routers that are included in others: the type of a route knows
 * the prefix of its own router only.
 *
 * @example createClient<Under<'/v1', typeof import('shop/users')>>('http://localhost:8000')
 */
export type Under<Prefix extends string, M> = {
  readonly [K in keyof M]: M[K] extends Route<infer Method, infer P, infer T>
    ? Route<Method, `${Prefix}${P}`, T>
    : M[K] extends WebSocketRoute<infer P, infer T>
      ? WebSocketRoute<`${Prefix}${P}`, T>
      : never
}

/**
 * Makes the client of an app.
 *
 * @param url where the app is, for example `http://localhost:8000`; in browsers also a path.
 * @example
 * const api = createClient<typeof import('shop/server')>('http://localhost:8000')
 * const item = await api.get('/items/:id', { params: { id } })
 * for await (const row of api.get('/rows')) console.log(row.name)
 */
export function createClient<M>(url: string | URL, options: ClientOptions = {}): Client<M> {
  const { fetch, WebSocket, headers, ...defaults } = options
  const origin: Origin = { url: String(url).replace(/(?<!\/)\/+$/, ''), fetch }
  const call = (method: string, path: string, input: Inputs & CallOptions = {}) => {
    const merged = { ...defaults, ...input, headers: { ...headers, ...input.headers } }
    return new RunningCall(new Sender(origin, method, path, merged, [options, input]))
  }
  const client = {
    method: (method: string) => call.bind(undefined, method),
    // Not everybody has sockets, so what they need is loaded with the first one.
    websocket: async (path: string, input: Inputs & SocketOptions = {}) =>
      (await import('./socket.ts')).openSocket(origin.url, path, input, WebSocket),
  }
  for (const method of ['get', 'post', 'put', 'patch', 'delete', 'options', 'query'])
    Object.assign(client, { [method]: call.bind(undefined, method.toUpperCase()) })
  return client as unknown as Client<M>
}
