import type { PathParams } from '../wire/path.ts'
import type { InputName } from '../core/context.ts'
import type { Route, WebSocketRoute } from '../core/route.ts'
import { type Call, RunningCall, type StreamCall } from './call.ts'
import type { FromJson } from './json.ts'
import type { CallOptions, FetchFunction, Inputs } from './request.ts'
import { type Origin, Sender } from './sender.ts'
import type { ClientSocket, MessageOption, SocketOptions, WebSocketClass } from './socket.ts'

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
  readonly get: Send<RoutesOf<M, 'GET'>>
  readonly post: Send<RoutesOf<M, 'POST'>>
  readonly put: Send<RoutesOf<M, 'PUT'>>
  readonly patch: Send<RoutesOf<M, 'PATCH'>>
  readonly delete: Send<RoutesOf<M, 'DELETE'>>
  readonly options: Send<RoutesOf<M, 'OPTIONS'>>
  readonly query: Send<RoutesOf<M, 'QUERY'>>
  /** Any other method, for example `api.method('PURGE')('/cache/:key', { params: { key: 'a' } })`. */
  method<const Method extends string>(method: Method): Send<RoutesOf<M, Method>>
  /**
   * Opens a WebSocket.
   *
   * @throws {SocketClosed} (rejects) when it is refused.
   */
  readonly websocket: Open<RoutesOf<M, 'WEBSOCKET'>>
}

/** Sends a request to a route. */
export interface Send<R> {
  /**
   * @param path as it was declared, with its parameters: `/items/:id`.
   * @param input what the route takes, and options of this call.
   * @throws {ReplyError} (rejects) when the server answers with an error.
   * @throws {StreamTruncated} (rejects) when a stream was cut off.
   */
  <const P extends keyof R & string>(path: P, input: Input<P, ViewOf<R[P]>>): Result<ViewOf<R[P]>>
  /** A route that needs no input. */
  <const P extends keyof R & string>(path: P & Sufficient<Sent<P, ViewOf<R[P]>>>): Result<ViewOf<R[P]>>
}

/** Opens a WebSocket. */
export interface Open<R> {
  /**
   * @param path as it was declared, with its parameters: `/rooms/:room`.
   * @param input its parameters and query, and options of this socket.
   */
  <const P extends keyof R & string>(path: P, input: SocketInput<P, ViewOf<R[P]>>): SocketOf<ViewOf<R[P]>>
  /** A route that needs no input. */
  <const P extends keyof R & string>(
    path: P & Sufficient<SocketInput<P, ViewOf<R[P]>>>,
  ): SocketOf<ViewOf<R[P]>>
}

// What follows is as cheap as we could make it for the compiler (test/types/cost.test.ts): there are few
// mapped types that rename keys, and no rest parameters, whose arity is worked out over all routes at once.

/** The routes of a method by their paths. */
type RoutesOf<M, Method extends string> = {
  [P in PathOf<Exported<M>, Method>]: (ByName<M> & Record<string, unknown>)[`${Method} ${P}`]
}

type PathOf<R, Method extends string> =
  R extends Route<Method, infer P>
    ? P
    : R extends WebSocketRoute<infer P>
      ? Method extends 'WEBSOCKET'
        ? P
        : never
      : never

/** Whatever a module exports, or each module in a list. */
type Exported<M> = M extends readonly unknown[] ? ValueOf<M[number]> : M[keyof M]
type ValueOf<M> = M extends unknown ? M[keyof M] : never

/** All routes by method and path, as in `GET /items/:id`. */
type ByName<M> = M extends readonly [infer First, ...infer Rest]
  ? ByName<First> & ByName<Rest>
  : { [K in keyof M as NameOf<M[K]>]: M[K] }

type NameOf<R> =
  R extends Route<infer Method, infer P>
    ? `${Method} ${P}`
    : R extends WebSocketRoute<infer P>
      ? `WEBSOCKET ${P}`
      : never

type ViewOf<R> = R extends { readonly '~client': unknown } ? R['~client'] : never

type Input<P extends string, T> = Sent<P, T> & Undeclared<keyof T & InputName> & CallOptions

/** What is declared. Required is what cannot be left out. */
type Sent<P extends string, T> = { readonly [K in keyof T & InputName]?: Sendable<T[K], K> } & {
  readonly [K in RequiredOf<T>]: unknown
} & UndeclaredParams<P, keyof T & InputName>

type RequiredOf<T> = { [K in keyof T & InputName]: {} extends T[K] ? never : K }[keyof T & InputName]

/** Parameters of the path that have no schema. */
type UndeclaredParams<P extends string, Declared> = 'params' extends Declared
  ? {}
  : ParamsOf<keyof PathParams<P>>

type ParamsOf<Name extends PropertyKey> = [Name] extends [never]
  ? {}
  : { readonly params: { readonly [K in Name]: string | number } }

/** What a route may read without having declared it. */
type Undeclared<Declared> = {
  readonly [K in Exclude<'query' | 'headers' | 'cookies' | 'body', Declared>]?: K extends 'body'
    ? unknown
    : Readonly<Record<string, unknown>>
}

/** A browser sends no headers of ours with a WebSocket; a guard reads the query without the route declaring it. */
type SocketInput<P extends string, T> = Sent<P, Pick<T, keyof T & ('params' | 'query')>> &
  ('query' extends keyof T ? unknown : { readonly query?: Readonly<Record<string, unknown>> }) &
  SocketOptions &
  (T extends { readonly sends: infer In } ? MessageOption<In> : unknown)

/** Whether a call can do without its second argument. A member, because two strings at once are `never`. */
type Sufficient<Wanted> = {} extends Wanted
  ? unknown
  : { readonly 'This route needs an input: pass a second argument': never }

/** What may be sent for a value of a type. */
type Sendable<T, K> = K extends 'headers'
  ? T & Readonly<Record<string, unknown>>
  : K extends 'body'
    ? T extends Uint8Array
      ? BytesBody
      : T | FormBody<T>
    : T

type BytesBody = Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** An object may come as a form. */
type FormBody<T> = T extends string | AsyncIterable<unknown> ? never : FormData | URLSearchParams

type Result<T> = 'streams' extends keyof T
  ? StreamCall<FromJson<T['streams']>, FromJson<ItemOf<T['streams']>>>
  : 'returns' extends keyof T
    ? unknown extends T['returns']
      ? Call<unknown>
      : Promise<FromJson<T['returns']>>
    : never

type ItemOf<Whole> = Whole extends readonly (infer Item)[] ? Item : Whole

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
  const origin: Origin = { url: String(url).replace(/\/+$/, ''), fetch }
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
