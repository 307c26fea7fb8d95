/** A folder that is served as it is: what a router knows of it. */
import type { CacheOptions } from '../wire/cache-control.ts'
import type { CompressOptions } from './reply/compression.ts'
import type { Uses } from './dependency/dependency.ts'
import type { HttpError } from './error.ts'
import type { Exchange } from './exchange.ts'
import { namesOf } from './option.ts'
import type { Reply } from './reply/reply.ts'
import type { Middleware } from './route.ts'

/** How a folder is served. */
export interface StaticOptions {
  /** The file that stands for a folder, default `index.html`; false for none. */
  readonly index?: string | false
  /**
   * The page of a single-page app: sent where nothing else is found, to a GET or HEAD whose `Accept` names
   * `text/html`. Routes go before it, and a missing asset (`/app.js`) is still a 404. Default: none.
   */
  readonly fallback?: string
  /** The page that is sent with a 404, to who accepts HTML. Default: a problem document for everybody. */
  readonly notFound?: string
  /** Whether files and folders are served whose names begin with a dot, default false. */
  readonly dotfiles?: boolean
  /**
   * Names that change with their contents, which may be kept for a year without asking again. Default: names
   * with a hexadecimal hash (`app.3f2a9c1b.js`); false for none. It is matched against the path below the folder.
   */
  readonly immutable?: RegExp | false
  /** `Cache-Control` of everything else. Default: `no-cache`, which is to keep it and ask whether it has changed. */
  readonly cache?: CacheOptions | string
  /** Whether `app.js.br`, `.zst` and `.gz` are sent instead of `app.js` to who accepts them, default false. */
  readonly precompressed?: boolean
  /** Whether and how files are compressed on their way; what is not given is the app's. */
  readonly compress?: boolean | CompressOptions
  /** Added to every file; `x-content-type-options: nosniff` is there already. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Dependencies in front of every file: guards. */
  readonly use?: Uses
  /** Middleware around every file. */
  readonly middleware?: readonly Middleware[]
}

/** What answers every GET at a path and below it. */
export interface Site {
  /** @throws {UsageError} when there is nothing to serve from; told when the app starts. */
  ready(): Promise<void>
  /**
   * @param below what follows the site's own path in the canonical one: encoded segments.
   * @param missing what is thrown where there is no file: a 404, unless routes answer other methods there.
   */
  respond(exchange: Exchange, below: readonly string[], missing: () => HttpError): Promise<Reply>
}

/** Makes the site of a folder; given by the front door, since the core knows no disk. */
export type CreateSite = (folder: string | URL, options: StaticOptions) => Site

export const STATIC_OPTIONS = namesOf<StaticOptions>({
  index: true,
  fallback: true,
  notFound: true,
  dotfiles: true,
  immutable: true,
  cache: true,
  precompressed: true,
  headers: true,
  use: true,
  middleware: true,
  compress: true,
})
