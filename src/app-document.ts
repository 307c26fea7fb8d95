/**
 * The documents of an app. What makes them is loaded when somebody asks: an app that is never asked has
 * nothing of it in memory.
 */
import type { Context } from './core/context.ts'
import type {
  AsyncApiDocument,
  AsyncApiOptions,
  Exports,
  OpenApiDocument,
  OpenApiOptions,
} from './core/documentation.ts'
import type { Engine } from './core/engine.ts'
import type { Reply } from './core/reply/reply.ts'
import type { Router } from './core/router.ts'
import type { DocumentSource, Written } from './openapi/document.ts'
import type { DocumentFile } from './openapi/endpoint.ts'
import type { Dialect } from './openapi/dialect.ts'

export interface OpenApiRequest {
  /** `3.2` (default), or `3.1` for generators, where a stream's schema is that of its items. */
  readonly dialect?: Dialect
  /** The module that exports the routes and schemas; default: what the `openapi` option says. */
  readonly exports?: Exports
}

/** How long after its start an app looks for problems that nobody has asked about, in milliseconds. */
const LOOK_AFTER_MS = 1000

/** What is documented. */
interface Documented extends Pick<DocumentSource, 'title' | 'version' | 'description' | 'routes'> {
  readonly engine: Engine
}

interface Options {
  readonly openapi?: string | false | OpenApiOptions | undefined
  readonly asyncapi?: string | false | AsyncApiOptions | undefined
}

export class AppDocuments {
  /** Where they are served; undefined for nowhere. */
  readonly openapiPath: string | undefined
  readonly asyncapiPath: string | undefined
  readonly #app: Documented
  readonly #openapi: OpenApiOptions
  readonly #asyncapi: AsyncApiOptions
  /** Whether the app has said that it wants documents: then it does not start with one that is wrong. */
  readonly #wanted: boolean
  readonly #files = new Map<string, Promise<DocumentFile>>()
  readonly #reported = new Set<string>()
  #sound: Promise<void> | undefined

  constructor(app: Documented, { openapi, asyncapi }: Options) {
    this.#app = app
    this.#openapi = typeof openapi === 'object' ? openapi : {}
    this.#asyncapi = typeof asyncapi === 'object' ? asyncapi : {}
    this.openapiPath = placeOf(openapi, '/openapi.json')
    this.asyncapiPath = placeOf(asyncapi, '/asyncapi.json')
    this.#wanted = [openapi, asyncapi].some((option) => option !== undefined && option !== false)
  }

  async openapi({ dialect = '3.2', exports }: OpenApiRequest): Promise<Written<OpenApiDocument>> {
    const { createOpenApi } = await import('./openapi/document.ts')
    return createOpenApi(await this.#source(exports), dialect)
  }

  async asyncapi({ exports }: { exports?: Exports | undefined }): Promise<Written<AsyncApiDocument>> {
    const { createAsyncApi } = await import('./openapi/asyncapi.ts')
    return createAsyncApi(await this.#source(exports), this.#asyncapi)
  }

  async #source(given: Exports | undefined): Promise<DocumentSource> {
    const { title, version, description, routes } = this.#app
    const exports = given ?? (await this.#openapi.exports?.()) ?? {}
    return { title, version, description, routes, options: this.#openapi, exports }
  }

  /** Declares the routes that serve the documents. */
  declare(house: Router): void {
    const options = { hidden: true } as const
    if (this.openapiPath !== undefined)
      house.get(this.openapiPath, options, (context) => this.#serveOpenApi(context))
    if (this.asyncapiPath !== undefined)
      house.get(this.asyncapiPath, options, (context) => this.#serveAsyncApi(context))
  }

  async #serveOpenApi(context: Context): Promise<Reply> {
    const { askedDialect, documentReply } = await import('./openapi/endpoint.ts')
    const dialect = askedDialect(context.query)
    const file = await this.#file(dialect, 'The OpenAPI document', () => this.openapi({ dialect }))
    return documentReply(file, context.request)
  }

  async #serveAsyncApi(context: Context): Promise<Reply> {
    const { documentReply } = await import('./openapi/endpoint.ts')
    return documentReply(
      await this.#file('async', 'The AsyncAPI document', () => this.asyncapi({})),
      context.request,
    )
  }

  /** Made once. What cannot be said in it is logged, and the rest is served. */
  #file(key: string, what: string, write: () => Promise<Written<object>>): Promise<DocumentFile> {
    const present = this.#files.get(key)
    if (present !== undefined) return present
    const made = this.#make(what, write)
    this.#files.set(key, made)
    // A failure is not kept: the next request tries again.
    made.catch(() => this.#files.delete(key))
    return made
  }

  async #make(what: string, write: () => Promise<Written<object>>): Promise<DocumentFile> {
    const { document, problems } = await write()
    await this.#report(what, problems)
    const { toDocumentFile } = await import('./openapi/endpoint.ts')
    return toDocumentFile(document)
  }

  /** Each problem once, however many documents have it. */
  async #report(what: string, problems: readonly string[]): Promise<void> {
    const { problemText } = await import('./openapi/problem.ts')
    const news = problems.filter((problem) => !this.#reported.has(problem))
    for (const problem of news) this.#reported.add(problem)
    if (news.length > 0) this.#app.engine.log.warn({}, problemText(what, news))
  }

  /**
   * What is wrong with either document. Without the names of exports: a module that awaits its `listen`
   * exports nothing before that, and would wait for itself.
   */
  async #problems(): Promise<readonly string[]> {
    const exports = {}
    const found = [
      ...(this.openapiPath === undefined ? [] : (await this.openapi({ exports })).problems),
      ...(this.asyncapiPath === undefined ? [] : (await this.asyncapi({ exports })).problems),
    ]
    return [...new Set(found)]
  }

  /**
   * Asked at the start.
   *
   * @throws {UsageError} that lists everything, where the app has said that it wants documents.
   */
  assertSound(): Promise<void> | undefined {
    if (!this.#wanted) return undefined
    return (this.#sound ??= this.#assertSound())
  }

  async #assertSound(): Promise<void> {
    const { assertNoProblems } = await import('./openapi/problem.ts')
    assertNoProblems('The API document', await this.#problems())
  }

  /**
   * Looks for problems when an app that says nothing of documents has been listening for a while, so
   * that nobody waits for it, and logs them.
   *
   * @returns what takes that back.
   */
  lookLater(): () => void {
    if (this.#wanted || (this.openapiPath === undefined && this.asyncapiPath === undefined)) return () => {}
    const look = () =>
      void this.#problems().then(
        (problems) => this.#report('The API document', problems),
        () => {},
      )
    const timer: unknown = setTimeout(look, LOOK_AFTER_MS)
    ;(timer as { unref?: () => void }).unref?.()
    return () => clearTimeout(timer as number)
  }
}

function placeOf(option: Options['openapi' | 'asyncapi'], preset: string): string | undefined {
  const path = typeof option === 'object' ? option.path : option
  return path === false ? undefined : (path ?? preset)
}
