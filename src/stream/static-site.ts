/**
 * A folder served as it is: which file a path means, and what stands in for one that is not there. What a
 * request gets of a file is decided in file.ts.
 */
import { lookup } from 'mrmime'
import { HttpError } from '../core/error.ts'
import type { Exchange } from '../core/exchange.ts'
import { headerValue } from '../core/incoming.ts'
import { redirectReply, type Reply } from '../core/reply/reply.ts'
import type { Site, StaticOptions } from '../core/site.ts'
import { varyBy } from '../core/reply/vary.ts'
import type { CacheOptions } from '../wire/cache-control.ts'
import { toFilePath } from '../wire/file-path.ts'
import { namesMediaType } from '../wire/negotiation.ts'
import { belowPath, slashesAtEnd } from '../wire/path.ts'
import { FileReply } from './file.ts'
import type { FileSource } from './file-source.ts'

/** Where the files of a site are. */
export interface Folder {
  /** @throws {UsageError} when there is no such folder. */
  ready(): Promise<void>
  /**
   * Looks for what is inside the folder, and nowhere else, whatever its links say.
   *
   * @param names of folders and of a file, each of them a plain name.
   */
  find(names: readonly string[]): Promise<FileSource | 'folder' | undefined>
}

const YEAR: CacheOptions = { visibility: 'public', maxAge: 31_536_000, immutable: true }

/** Eight hexadecimal digits or more that are neither a number nor a word. */
const HASHED = /[.-](?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}(\.\w+){1,8}$/

export class StaticSite implements Site {
  readonly #folder: Folder
  readonly #options: StaticOptions
  readonly #headers: NonNullable<StaticOptions['headers']>

  constructor(folder: Folder, options: StaticOptions) {
    this.#folder = folder
    this.#options = options
    this.#headers = { 'x-content-type-options': 'nosniff', ...options.headers }
  }

  ready(): Promise<void> {
    return this.#folder.ready()
  }

  async respond(exchange: Exchange, below: readonly string[], missing: () => HttpError): Promise<Reply> {
    const { dotfiles = false } = this.#options
    const slashes = exchange.path === '/' ? 1 : slashesAtEnd(exchange.request.target)
    // An empty segment is no name either, and a guard in front may see another path than we do.
    const names = exchange.path.includes('//') || slashes > 1 ? undefined : toFilePath(below, dotfiles)
    if (names === undefined) throw missing()
    const found = await this.#folder.find(names)
    if (found === 'folder') return this.#folderReply(exchange, names, slashes === 1, missing)
    if (found !== undefined && slashes === 0) return this.#send(exchange, found, names)
    return this.#missing(exchange, names, missing())
  }

  async #folderReply(
    exchange: Exchange,
    names: readonly string[],
    hasSlash: boolean,
    missing: () => HttpError,
  ): Promise<Reply> {
    const { index = 'index.html' } = this.#options
    const found = index === false ? undefined : await this.#folder.find([...names, index])
    if (found === undefined || found === 'folder') return this.#missing(exchange, names, missing())
    // The links of the page hang on the slash.
    return hasSlash ? this.#send(exchange, found, names) : redirectReply(withSlash(exchange), 301)
  }

  /** What is sent instead of a file that is not there. */
  async #missing(exchange: Exchange, names: readonly string[], error: HttpError): Promise<Reply> {
    const { fallback, notFound } = this.#options
    const isFallback = fallback !== undefined && !isAsset(names.at(-1))
    const page = isFallback ? fallback : error.status === 404 ? notFound : undefined
    if (page === undefined) throw error
    const takesPage = namesMediaType(headerValue(exchange.request.headers, 'accept'), 'text/html')
    const reply = takesPage ? await this.#page(exchange, page, isFallback ? 200 : 404) : undefined
    // Another client gets something else at the same path, whatever this one gets.
    if (reply === undefined) throw varyingByAccept(error)
    varyBy(reply.headers, 'Accept')
    return reply
  }

  async #page(exchange: Exchange, path: string, status: number): Promise<Reply | undefined> {
    const found = await this.#folder.find(path.split('/'))
    return found === undefined || found === 'folder' ? undefined : this.#send(exchange, found, [], status)
  }

  #send(exchange: Exchange, source: FileSource, names: readonly string[], status = 200): Promise<Reply> {
    const { immutable = HASHED, cache = 'no-cache', precompressed = false } = this.#options
    // Not `test`, which remembers where it was in a pattern with the flag g.
    const isImmutable = immutable !== false && names.join('/').search(immutable) !== -1
    const options = { status, headers: this.#headers, precompressed, cache: isImmutable ? YEAR : cache }
    return new FileReply(source, options).respond(exchange)
  }
}

/** The same error, for caches that may not give it to who takes a page. */
function varyingByAccept({ status, code, detail, headers }: HttpError): HttpError {
  const varying = { ...headers }
  varyBy(varying, 'Accept')
  return new HttpError(status, { code, headers: varying, ...(detail !== undefined && { detail }) })
}

/** What is loaded by a page, and would be broken by getting another page instead. */
function isAsset(name = ''): boolean {
  const type = lookup(name)
  return type !== undefined && type !== 'text/html'
}

function withSlash({ path, request }: Exchange): string {
  const query = request.target.indexOf('?')
  return belowPath(path, request.target) + (query === -1 ? '' : request.target.slice(query))
}
