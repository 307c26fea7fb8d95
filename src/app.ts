import { AppDocuments, type OpenApiRequest } from './app-document.ts'
import { Application, type AppOptions } from './core/app.ts'
import type { AsyncApiDocument, OpenApiDocument } from './core/documentation.ts'
import { UsageError } from './core/error.ts'
import { assertAmount } from './core/option.ts'
import type { CreateSite } from './core/site.ts'
import { declareDocs } from './docs.ts'
import { startPace } from './limits/bandwidth.ts'
import { inferFormat } from './stream/format.ts'
import { type Folder, StaticSite } from './stream/static-site.ts'
import type { Written } from './openapi/document.ts'
import { answerFetch } from './transports/fetch.ts'
import type { CloseOptions, Listening } from './transports/node/serve.ts'
import type { ListenOptions } from './transports/node/listen.ts'

/** What requests of `app.fetch` may take when the app closes; servers have an option of their own. */
const DEFAULT_GRACE_MS = 10_000

/**
 * An app: routes, and what serves them. Declare everything first; the app is frozen when it starts.
 *
 * @example
 * const app = new App({ title: 'Ticker' })
 * app.get('/', () => 'hello')
 * await app.listen({ port: 8000 })
 */
export class App<U = {}> extends Application<U> {
  readonly #listening = new Set<Listening>()
  readonly #documents: AppDocuments
  #forgetDocuments = () => {}

  constructor(options: AppOptions<U> = {}) {
    super(options, { inferFormat, startPace, disk: openDisk, createSite })
    this.#documents = new AppDocuments(this, options)
    this.#documents.declare(this.house)
    this.#declareDocs(options.docs)
  }

  /** The docs page reads the document: without one there is none, unless it was asked for. */
  #declareDocs(docs: AppOptions['docs']): void {
    const { openapiPath, asyncapiPath } = this.#documents
    if (docs === false || (docs === undefined && openapiPath === undefined)) return
    if (openapiPath === undefined)
      throw new UsageError(
        'The docs page needs the OpenAPI document. Leave `docs` out, or give `openapi` a path.',
      )
    declareDocs(this.house, {
      path: docs ?? '/docs',
      title: this.title,
      openapi: openapiPath,
      asyncapi: asyncapiPath,
    })
  }

  /**
   * Freezes the app and runs the lifespan up to its yield. Idempotent.
   *
   * @throws {UsageError} for mistakes in the routes, and in the documents of an app that asks for them.
   */
  override start(): Promise<void> {
    const sound = this.#documents.assertSound()
    return sound === undefined ? super.start() : sound.then(() => super.start())
  }

  /**
   * The OpenAPI document of the routes. Reading it ends registration.
   *
   * @throws {UsageError} that lists everything that cannot be said in it.
   */
  async openapi(request: OpenApiRequest = {}): Promise<OpenApiDocument> {
    return this.#sound('The OpenAPI document', await this.#documents.openapi(request))
  }

  /** The same for the AsyncAPI document of the WebSockets. */
  async asyncapi(request: Pick<OpenApiRequest, 'exports'> = {}): Promise<AsyncApiDocument> {
    return this.#sound('The AsyncAPI document', await this.#documents.asyncapi(request))
  }

  async #sound<T>(what: string, { document, problems }: Written<T>): Promise<T> {
    const { assertNoProblems } = await import('./openapi/problem.ts')
    assertNoProblems(what, problems)
    return document
  }

  /**
   * Starts the app and serves it on Node: HTTP/1.1, HTTP/2 and WebSocket.
   *
   * @throws {UsageError} for mistakes in the declared routes; rejects when the port is taken.
   */
  async listen(options: ListenOptions = {}): Promise<Listening> {
    const { serve } = await import('./transports/node/serve.ts')
    const listening = await serve(this, options)
    this.#listening.add(listening)
    this.#forgetDocuments()
    this.#forgetDocuments = this.#documents.lookLater()
    return listening
  }

  /** Answers a web Request, for Bun, Deno, workers and other frameworks' mounts. Rejects only when start-up fails. */
  readonly fetch = async (request: Request): Promise<Response> => {
    await this.start()
    return answerFetch(this, request)
  }

  /**
   * Stops: no new connections, streams told and cut, finite replies finished within the grace, then
   * background work, and the lifespan to its end.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { grace } = options
    assertAmount(grace, 'grace', 'milliseconds')
    this.retire()
    this.#forgetDocuments()
    // They stay known until they are closed, for a second call that is less patient.
    const servers = [...this.#listening]
    const { live, clock } = this.engine
    const closing = servers.map((server) => server.close(options))
    await Promise.all([...closing, live.close(grace ?? DEFAULT_GRACE_MS, clock)])
    for (const server of servers) this.#listening.delete(server)
    await this.stop()
  }
}

/** Loads node:fs only when something is saved, so that the package runs where there is none. */
const openDisk = async () => (await import('./transports/node/disk.ts')).disk

const createSite: CreateSite = (path, options) =>
  new StaticSite(lazyDiskFolder(path, options.dotfiles === true), options)

/** Loads node:fs only when a folder is served, so that the package runs where there is none. */
function lazyDiskFolder(path: string | URL, dotfiles: boolean): Folder {
  let folder: Promise<Folder> | undefined
  const open = () =>
    (folder ??= import('./transports/node/folder.ts').then(({ diskFolder }) => diskFolder(path, dotfiles)))
  return {
    ready: async () => (await open()).ready(),
    find: async (names) => (await open()).find(names),
  }
}
