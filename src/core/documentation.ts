/** What is declared for the documents only: no request is answered differently for it. */
import type { Format } from './reply/format.ts'
import type { Schema } from './schema.ts'

/** What any route may say of itself. */
export interface Documentation {
  /** One line for the docs. */
  readonly summary?: string
  /** Markdown for the docs. */
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  /** Its name in generated clients; default: the name it is exported under, or its method and path. */
  readonly operationId?: string
  /** Left out of the documents. It is served all the same. */
  readonly hidden?: boolean
}

/** What an HTTP route may say of itself. */
export interface RouteDocumentation<S = Schema> extends Documentation {
  readonly examples?: RouteExamples
  /**
   * Replies besides the one that `returns` or `streams` declares, by status. A string is a description.
   * From 400 up they are problem documents, unless they say otherwise.
   *
   * @example { 404: 'There is no such item.', 202: { description: 'Accepted.', returns: Job } }
   */
  readonly replies?: Readonly<Record<number, string | ReplyDocumentation<S>>>
  /** Requests that the app makes because of this one, by name. */
  readonly callbacks?: Readonly<Record<string, CallbackDocumentation<S>>>
  /** More members of the operation in the OpenAPI document; they replace ours. */
  readonly openapi?: Readonly<Record<string, unknown>>
}

/** Examples, by the place they are for. */
export interface RouteExamples {
  /** One value for each parameter. */
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly cookies?: Readonly<Record<string, unknown>>
  /** Bodies by the name of the example. */
  readonly body?: Readonly<Record<string, unknown>>
  /** Returned values by the name of the example. */
  readonly returns?: Readonly<Record<string, unknown>>
  /** Lists of items by the name of the example. */
  readonly streams?: Readonly<Record<string, readonly unknown[]>>
}

/** A further reply of a route. */
export interface ReplyDocumentation<S = Schema> {
  readonly description?: string
  readonly returns?: S
  readonly streams?: Format | readonly Format[]
  /** Headers of the reply: a schema of an object. */
  readonly headers?: S
}

/** A request that the app makes: a webhook. */
export interface WebhookDocumentation<S = Schema> extends Omit<Documentation, 'hidden'> {
  /** Default POST. */
  readonly method?: string
  readonly query?: S
  readonly headers?: S
  readonly body?: S
  /** What the app expects to get for it. */
  readonly returns?: S
  /** The status that the app takes for success, default 200. */
  readonly status?: number
}

/** A webhook whose address came with the request it answers. */
export interface CallbackDocumentation<S = Schema> extends WebhookDocumentation<S> {
  /** A runtime expression of OpenAPI, for example `{$request.body#/callbackUrl}`. */
  readonly url: string
}

/** Which side of a schema: what it takes, or what it gives. */
export type SchemaSide = 'input' | 'output'

/** The module, or modules, that export the routes and schemas: their names become names of the document. */
export type Exports = Readonly<Record<string, unknown>>

/** What the OpenAPI document says of the app as a whole, and where it is served. */
export interface OpenApiOptions {
  /** Where the document is served, default `/openapi.json`; `false` for nowhere. */
  readonly path?: string | false
  readonly summary?: string
  readonly termsOfService?: string
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string }
  readonly license?: { readonly name: string; readonly identifier?: string; readonly url?: string }
  /** Where the API is reached, default `/`: where the document comes from. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[]
  /** What the tags mean, in the order in which they are shown. */
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
  readonly externalDocs?: { readonly url: string; readonly description?: string }
  /** Requests that the app makes to addresses it was told in some other way, by name. */
  readonly webhooks?: Readonly<Record<string, WebhookDocumentation>>
  /**
   * The module that exports the routes and schemas, whose names become operation ids and names of
   * schemas. Called when the document is made.
   *
   * @example () => import('./server.js')
   */
  readonly exports?: () => Exports | Promise<Exports>
  /**
   * The JSON Schema (draft 2020-12) of a schema that has none of its own, or a better one. `undefined`
   * leaves it to the schema.
   */
  readonly jsonSchema?: (schema: Schema, side: SchemaSide) => Readonly<Record<string, unknown>> | undefined
  /** The last word on the document; gets a copy and returns what is served. */
  readonly transform?: (document: OpenApiDocument) => OpenApiDocument
}

/** What the AsyncAPI document says, and where it is served. */
export interface AsyncApiOptions {
  /** Where the document is served, default `/asyncapi.json`; `false` for nowhere. */
  readonly path?: string | false
  /** Where the WebSockets are reached, by name. */
  readonly servers?: Readonly<
    Record<string, { readonly host: string; readonly protocol: 'ws' | 'wss'; readonly pathname?: string }>
  >
  /** Channels to describe besides the WebSockets; the exported ones are found by themselves. */
  readonly channels?: readonly DocumentedChannel[]
}

/** A channel, as far as a document is concerned. */
export interface DocumentedChannel {
  readonly name: string
  readonly schema: Schema
}

/** An OpenAPI document: 3.2.0, or 3.1.1 in the dialect for generators. */
export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; [member: string]: unknown }
  paths: Record<string, Record<string, unknown>>
  components?: Record<string, Record<string, unknown>>
  [member: string]: unknown
}

/** An AsyncAPI 3.1 document. */
export interface AsyncApiDocument {
  asyncapi: string
  info: { title: string; version: string; [member: string]: unknown }
  channels: Record<string, Record<string, unknown>>
  operations: Record<string, Record<string, unknown>>
  components?: Record<string, Record<string, unknown>>
  [member: string]: unknown
}
