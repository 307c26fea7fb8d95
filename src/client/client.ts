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
  readonly get: Send<Routes<M, 'GET'>>
  readonly post: Send<Routes<M, 'POST'>>
  readonly put: Send<Routes<M, 'PUT'>>
  readonly patch: Send<Routes<M, 'PATCH'>>
  readonly delete: Send<Routes<M, 'DELETE'>>
  readonly options: Send<Routes<M, 'OPTIONS'>>
  readonly query: Send<Routes<M, 'QUERY'>>
  /** Any other method, for example `api.route('PURGE', '/cache/:key', { params: { key: 'a' } })`. */
  route<const Method extends string, const P extends keyof Routes<M, Method> & string>(
    method: Method,
    path: P,
    ...input: Arguments<P, ViewOf<Routes<M, Method>[P]>>
  ): Result<ViewOf<Routes<M, Method>[P]>>
  /**
   * Opens a WebSocket.
   *
   * @throws {SocketClosed} (rejects) when it is refused.
   */
  websocket<const P extends keyof Sockets<M> & string>(
    path: P,
    ...input: SocketArguments<P, ViewOf<Sockets<M>[P]>>
  ): SocketOf<ViewOf<Sockets<M>[P]>>
}

/** Sends a request to a route. */
export interface Send<R> {
  /**
   * @param path as it was declared, with its parameters: `/items/:id`.
   * @param input what the route takes, and options of this call.
   * @throws {ReplyError} (rejects) when the server answers with an error.
   * @throws {StreamTruncated} (rejects) when a stream was cut off.
   */
  <const P extends keyof R & string>(path: P, ...input: Arguments<P, ViewOf<R[P]>>): Result<ViewOf<R[P]>>
}

/** The routes of a method, by their paths. */
type Routes<M, Method extends string> = {
  [K in keyof M as M[K] extends Route<Method, infer P> ? P : never]: M[K]
}

type Sockets<M> = { [K in keyof M as M[K] extends WebSocketRoute<infer P> ? P : never]: M[K] }

type ViewOf<R> = R extends { readonly '~client'?: infer T } ? T : never

/** Optional where nothing has to be said. */
type OneOptional<Input> = {} extends Input ? [input?: Input] : [input: Input]

type Arguments<P extends string, T> = OneOptional<Sent<P, T> & Undeclared<T> & CallOptions>

/** A browser sends no headers of ours with a WebSocket. */
type SocketArguments<P extends string, T> = OneOptional<
  Sent<P, { [K in keyof T as K extends 'params' | 'query' ? K : never]: T[K] }> &
    SocketOptions &
    (T extends { readonly sends: infer In } ? MessageOption<In> : unknown)
>

type Sent<P extends string, T> = {
  readonly [K in keyof T & InputName as {} extends T[K] ? never : K]: Sendable<T[K], K>
} & {
  readonly [K in keyof T & InputName as {} extends T[K] ? K : never]?: Sendable<T[K], K>
} & ('params' extends keyof T ? unknown : ParamsOf<keyof PathParams<P>>)

/** Parameters of the path without a schema. */
type ParamsOf<Name extends PropertyKey> = [Name] extends [never]
  ? unknown
  : { readonly params: { readonly [K in Name]: string | number } }

/** What a route reads without having declared it. */
type Undeclared<T> = {
  readonly [K in Exclude<'query' | 'headers' | 'cookies' | 'body', keyof T>]?: K extends 'body'
    ? unknown
    : Readonly<Record<string, unknown>>
}

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

type Result<T> = T extends { readonly streams: infer Whole }
  ? StreamCall<FromJson<Whole>, FromJson<Whole extends readonly (infer Item)[] ? Item : Whole>>
  : T extends { readonly returns: infer Value }
    ? Call<FromJson<Value>>
    : never

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
    route: call,
    // Not everybody has sockets, so what they need is loaded with the first one.
    websocket: async (path: string, input: Inputs & SocketOptions = {}) =>
      (await import('./socket.ts')).openSocket(origin.url, path, input, WebSocket),
  }
  for (const method of ['get', 'post', 'put', 'patch', 'delete', 'options', 'query'])
    Object.assign(client, { [method]: call.bind(undefined, method.toUpperCase()) })
  return client as unknown as Client<M>
}
