/** What `Cache-Control` says to those who keep replies (RFC 9111, RFC 5861, RFC 8246). Times in seconds. */
export interface CacheOptions {
  /** How long it may be used without a look whether it has changed. */
  readonly maxAge?: number
  /** The same for caches that serve several clients. */
  readonly sharedMaxAge?: number
  /** Who may keep it: caches on the way too, or its client only. */
  readonly visibility?: 'public' | 'private'
  /** It never changes under this name, so that nobody needs to ask again, not even at a reload. */
  readonly immutable?: boolean
  /** It may be kept, but is used only after a look whether it has changed. */
  readonly noCache?: boolean
  /** It may not be kept. */
  readonly noStore?: boolean
  /** Proxies must not compress or convert it. */
  readonly noTransform?: boolean
  /** Once it is too old it is never used unasked, also while the server is down. */
  readonly mustRevalidate?: boolean
  /** How long after `maxAge` it may still be used while somebody looks. */
  readonly staleWhileRevalidate?: number
  /** How long after `maxAge` it may still be used when the server answers with an error. */
  readonly staleIfError?: number
}

const DIRECTIVES = [
  ['noStore', 'no-store'],
  ['noCache', 'no-cache'],
  ['maxAge', 'max-age'],
  ['sharedMaxAge', 's-maxage'],
  ['mustRevalidate', 'must-revalidate'],
  ['immutable', 'immutable'],
  ['noTransform', 'no-transform'],
  ['staleWhileRevalidate', 'stale-while-revalidate'],
  ['staleIfError', 'stale-if-error'],
] as const satisfies readonly (readonly [keyof CacheOptions, string])[]

/**
 * Writes a `Cache-Control`.
 *
 * @throws {RangeError} for a time that is not a whole number of seconds.
 */
export function formatCacheControl(options: CacheOptions): string {
  const directives = options.visibility === undefined ? [] : [options.visibility as string]
  for (const [option, directive] of DIRECTIVES) {
    const value = options[option]
    if (value === true) directives.push(directive)
    else if (typeof value === 'number') directives.push(`${directive}=${assertSeconds(option, value)}`)
  }
  return directives.join(', ')
}

function assertSeconds(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`cache.${option} takes whole seconds from 0 up, not ${value}.`)
}
