import type { QueryRecord } from '../wire/query.ts'
import type { PathParams } from '../wire/path.ts'
import type { RequestBody } from './body/body.ts'
import type { BodyReader } from './body/body-reader.ts'
import type { Format, FormatOutput } from './reply/format.ts'
import type { Head } from './reply/head.ts'
import type { Incoming, IncomingHeaders } from './incoming.ts'
import type { Logger } from './logger.ts'
import type { Ending } from './reply/reply.ts'
import type { AnySchema, SchemaOutput } from './schema.ts'
import type { Emitter, OnOptions } from './lifetime/wait.ts'

/** A callback that runs when the body has really ended, and is told how. */
export type AfterCallback = (ending: Ending) => unknown

/**
 * What a handler sees. Everything is made when it is first read. `P` is the path of its route, `I` the
 * types of the inputs that have a schema.
 */
export interface Context<P extends string = string, I = {}> extends RequestContext {
  /** Path parameters, decoded; typed by the `params` schema or by the names in the path. */
  readonly params: 'params' extends keyof I ? I['params'] : PathParams<P>
  /** The query; without a schema a record of strings, or of lists where a key is repeated. */
  readonly query: 'query' extends keyof I ? I['query'] : Readonly<QueryRecord>
  /** Request headers by lower-case name. */
  readonly headers: 'headers' extends keyof I ? I['headers'] : IncomingHeaders
  /** Cookies by name. */
  readonly cookies: 'cookies' extends keyof I ? I['cookies'] : Readonly<Record<string, string | undefined>>
  /** The body: validated if the route has a schema for it, otherwise a reader of the raw body. */
  readonly body: 'body' extends keyof I ? I['body'] : RequestBody
}

/** What the context has whatever the route declares: for functions that serve any handler. */
export interface RequestContext {
  /** Where an EventSource that reconnects wants to go on: its `Last-Event-ID`. For a typed one, declare `headers`. */
  readonly lastEventId: string | undefined
  /** The request as it came from the transport. Its body is read by `body`, within its limits of size and time. */
  readonly request: Omit<Incoming, 'body'>
  /** The request method, upper case. */
  readonly method: string
  /** The canonical path, as the router saw it. */
  readonly path: string
  /** The pattern of the matched route, undefined when none matched. */
  readonly route: string | undefined
  /** Aborts when the client goes away, a deadline passes, the server shuts down or the stream fails. */
  readonly signal: AbortSignal
  /** Waits `ms` milliseconds; rejects at once when the request is cancelled. */
  readonly sleep: (ms: number) => Promise<void>
  /** The events of an emitter, as lists of arguments; ends at once when the request is cancelled. */
  readonly on: (emitter: Emitter, name: string, options?: OnOptions) => AsyncIterableIterator<unknown[], void>
  /** Runs `fn` in the background when the body has ended, one after another, and tells it how it ended. */
  readonly after: (fn: AfterCallback) => void
  /** Status and headers of the reply to come; settable until the first item leaves. */
  readonly head: Head
  /** The app's logger. */
  readonly log: Logger
}

/** The names a dependency may not have, because the context has them. */
export const CONTEXT_NAMES = [
  'params',
  'query',
  'headers',
  'cookies',
  'body',
  'lastEventId',
  'request',
  'method',
  'path',
  'route',
  'signal',
  'sleep',
  'on',
  'after',
  'head',
  'log',
] as const satisfies (keyof Context)[]

export type ContextName = (typeof CONTEXT_NAMES)[number]

/** The inputs of a request that a route may declare. */
export type InputName = 'params' | 'query' | 'headers' | 'cookies' | 'body'

/**
 * What a handler gets for the inputs that its route declares. Nothing is known of them where options have
 * both `returns` and `streams`, which no route has: then only their interface is known, since they came in
 * a variable of that type, or a mistake in them was found already.
 */
export type Inputs<O> = 'returns' | 'streams' extends keyof O
  ? {}
  : { [K in keyof O & InputName]: InputOf<O[K]> }

/** A schema gives what it makes of the input, `text` a string, `jsonl` items as they arrive, `bytes` the reader, a reader of its own what it reads. */
type InputOf<S> = S extends AnySchema
  ? SchemaOutput<S>
  : S extends Format<never, 'text'>
    ? string
    : S extends Format<never, 'jsonl'>
      ? AsyncIterable<FormatOutput<S>>
      : S extends BodyReader<infer Read>
        ? Read
        : RequestBody
