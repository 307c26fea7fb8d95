import type { BodyReader } from './body/body-reader.ts'
import type { CompressOptions } from './reply/compression.ts'
import type { Context } from './context.ts'
import type { DecompressOptions } from './body/decompression.ts'
import type { FreeNames, Uses } from './dependency/dependency.ts'
import type { Documentation, RouteDocumentation } from './documentation.ts'
import type { Format } from './reply/format.ts'
import type { InputOptions } from './input.ts'
import type { Reply } from './reply/reply.ts'
import type { Schema } from './schema.ts'
import type { Timeouts } from './lifetime/timeout.ts'

/** Methods with a registration function of their own. Any other token works with `route(method, ...)`. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'QUERY'

/**
 * Middleware: receives the context and the rest of the chain, returns a reply. Replies may carry
 * live streams; change their status, headers, or `reply.transform(...)` their body.
 *
 * @example const timing: Middleware = async (ctx, next) => { const r = await next(); r.headers['x'] = '1'; return r }
 */
export type Middleware = (context: Context, next: () => Promise<Reply>) => Reply | Promise<Reply>

/** Everything about a route but its handler: plain data, for validation, types, documents and the client. */
export interface RouteOptions<S = Schema> extends InputOptions<S>, RouteDocumentation<S> {
  /**
   * The body: a schema for JSON or a form, `text` or `text(type)` for a string, `bytes(type)` for the raw bytes of
   * that type as an async iterable, `jsonl(schema)` for validated items as they arrive, `form(parts)`
   * for fields and files, `multipart(parts)` for the same as they arrive. Without it, `body` is the
   * reader of whatever was sent.
   */
  readonly body?: S | Format<never, 'text' | 'bytes' | 'jsonl'> | BodyReader
  /** One value: validated, and stripped of what the schema does not name, before it is sent as JSON. */
  readonly returns?: S
  /** Many items: one format, or several of which the client's `Accept` chooses. */
  readonly streams?: Format | readonly Format[]
  /** The status of a successful reply, default 200 (204 for a handler that returns nothing). */
  readonly status?: number
  /** Dependencies, by the names under which the handler gets them. */
  readonly use?: Uses & FreeNames
  /** Middleware around this route only. */
  readonly middleware?: readonly Middleware[]
  /** The largest request body in bytes, default the app's (1 MiB), or what the parts of a form add up to. */
  readonly bodyLimit?: number
  /** Whether and how this route's replies are compressed; what is not given is the app's. */
  readonly compress?: boolean | CompressOptions
  /** Whether request bodies with a `Content-Encoding` are taken; what is not given is the app's. */
  readonly decompress?: boolean | DecompressOptions
  /** How long each phase may take, in milliseconds; what is not given is the app's. */
  readonly timeouts?: Omit<Timeouts, 'headers'>
  /**
   * What a client that leaves does to the handler: `stop` (default) cancels it, `finish` lets it run
   * to its end, for work that must not be lost. Nothing is sent any more then.
   */
  readonly onDisconnect?: 'stop' | 'finish'
}

/** What a route says of the limits of its requests. */
export type RouteLimits = Pick<
  RouteOptions,
  'bodyLimit' | 'timeouts' | 'onDisconnect' | 'compress' | 'decompress'
>

/** Options of a WebSocket route. */
export interface WebSocketOptions<S = Schema> extends InputOptions<S>, Documentation {
  /**
   * What each incoming message must pass; one that does not closes the socket with 1007. A schema of
   * strings gets text as it is, one of other types gets it as JSON, one that takes both whichever fits.
   */
  readonly receives?: S
  /** What each outgoing message must pass. Strings are sent as they are, other values as JSON. */
  readonly sends?: S
  readonly use?: Uses & FreeNames
  readonly middleware?: readonly Middleware[]
  /** The largest incoming message in bytes, default 1 MiB; a larger one closes the socket with 1009. */
  readonly messageLimit?: number
  /** Origins that may connect from a browser; default: the host itself only. `*` for any. */
  readonly origins?: readonly string[]
  /** Subprotocols in order of preference: the first one that the client offers is agreed on. */
  readonly protocols?: readonly string[]
}

/**
 * A declared route: frozen data that the router, the documents, the client and the CLI read alike.
 * `M` and `P` are its method and path, `T` is what its client sends and gets.
 */
export interface Route<out M extends string = string, out P extends string = string, out T = unknown> {
  readonly method: M
  readonly path: P
  readonly options: RouteOptions
  /** Where it was declared: `file:line:column`. */
  readonly declaredAt: string
  /** Whether its handler is a generator, which streams even when no `streams` says so. */
  readonly yields: boolean
  /** Carries what the client sends and gets, in types only; never present. */
  readonly '~client': T
}

/** A declared WebSocket route: `P` is its path, `T` what it receives from its client and sends to it. */
export interface WebSocketRoute<out P extends string = string, out T = unknown> {
  readonly method: 'WEBSOCKET'
  readonly path: P
  readonly options: WebSocketOptions
  readonly declaredAt: string
  readonly '~client': T
}

/** Any declared route, without its types. */
export type AnyRoute = Route | WebSocketRoute

/**
 * Where `entry` was called, for error messages about routes. Frames are left out by function, not by
 * file, since source maps change the names of files.
 */
export function callSite(entry: (...args: never[]) => unknown): string {
  const trace: { stack?: string } = {}
  Error.captureStackTrace?.(trace, entry)
  const line = trace.stack?.split('\n').find((each) => /^\s*at /.test(each))
  if (line === undefined) return 'unknown place'
  const frame = line.trim().replace(/^at /, '')
  return frame.endsWith(')') ? frame.slice(frame.lastIndexOf('(') + 1, -1) : frame
}
