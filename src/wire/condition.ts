/**
 * Conditional requests (RFC 9110 section 13): whether what a client has is still what there is.
 */
import { parseHttpDate } from './http-date.ts'

/** What a representation is known by. */
export interface Validators {
  /** An entity tag with its quotes, weak with a leading `W/`. */
  readonly etag: string | undefined
  /** When it was last modified, in milliseconds since 1970; what is below the second does not count. */
  readonly modified: number | undefined
}

/** A header field of the request by its lower-case name. */
export type Field = (name: string) => string | undefined

/**
 * - `send`: every condition holds
 * - `not-modified`: the client has it already, a 304
 * - `failed`: it is not what the client takes it for, a 412
 */
export type Verdict = 'send' | 'not-modified' | 'failed'

/** Checks the conditions of a GET or a HEAD, in the order of section 13.2.2. */
export function checkConditions(field: Field, { etag, modified }: Validators): Verdict {
  const match = field('if-match')
  const noneMatch = field('if-none-match')
  if (match !== undefined) {
    if (!matches(match, etag, isSameStrongly)) return 'failed'
  } else {
    const since = dateOf(field('if-unmodified-since'))
    if (since !== undefined && modified !== undefined && toSecond(modified) > since) return 'failed'
  }
  if (noneMatch !== undefined) return matches(noneMatch, etag, isSameWeakly) ? 'not-modified' : 'send'
  const since = dateOf(field('if-modified-since'))
  return since !== undefined && modified !== undefined && toSecond(modified) <= since
    ? 'not-modified'
    : 'send'
}

/**
 * Whether a `Range` still means the bytes that its sender has seen (section 13.1.5): the tag is strong
 * and the same, or the date is, and is so old that nothing can have changed twice within its second.
 *
 * @param now the date of the reply, in milliseconds since 1970.
 */
export function checkIfRange(
  value: string | undefined,
  { etag, modified }: Validators,
  now: number,
): boolean {
  if (value === undefined) return true
  if (value.startsWith('"') || value.startsWith('W/'))
    return etag !== undefined && isSameStrongly(value, etag)
  const date = parseHttpDate(value)
  return (
    date !== undefined &&
    modified !== undefined &&
    toSecond(modified) === date &&
    toSecond(now) - date >= 1000
  )
}

type Comparison = (one: string, other: string) => boolean

const isSameStrongly: Comparison = (one, other) => one === other && !one.startsWith('W/')
const isSameWeakly: Comparison = (one, other) => opaque(one) === opaque(other)
const opaque = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag)

function matches(field: string, etag: string | undefined, isSame: Comparison): boolean {
  if (field.trim() === '*') return true
  return etag !== undefined && parseEntityTags(field).some((tag) => isSame(tag, etag))
}

/** What stands between two elements of a list, and an entity tag (section 8.8.3) that ends with its element. */
const SEPARATORS = /[ \t,]*/y
const LISTED_TAG = /(?:W\/)?"[\u0021\u0023-\u007e\u0080-\u00ff]*"(?=[ \t]*(?:,|$))/y

/** The entity tags of a list; none when it is malformed, so that it neither matches nor excludes anything. */
export function parseEntityTags(field: string): string[] {
  const tags: string[] = []
  for (let at = 0; ; at = LISTED_TAG.lastIndex) {
    SEPARATORS.lastIndex = at
    SEPARATORS.test(field)
    if (SEPARATORS.lastIndex === field.length) return tags
    LISTED_TAG.lastIndex = SEPARATORS.lastIndex
    const tag = LISTED_TAG.exec(field)
    if (tag === null) return []
    tags.push(tag[0])
  }
}

/**
 * A tag of the form that HTTP wants, of one that may lack its quotes.
 *
 * @throws {TypeError} for what cannot be a tag.
 */
export function toEntityTag(tag: string): string {
  const quoted = /^(W\/)?"/.test(tag) ? tag : `"${tag}"`
  if (parseEntityTags(quoted)[0] === quoted) return quoted
  throw new TypeError(`${JSON.stringify(tag)} is no entity tag. It has no spaces and no quotes inside.`)
}

/** The tag of another encoding of the same thing: its bytes differ, and so must its tag. */
export function withTagSuffix(etag: string, suffix: string): string {
  return `${etag.slice(0, -1)}-${suffix}"`
}

function dateOf(value: string | undefined): number | undefined {
  return value === undefined ? undefined : parseHttpDate(value)
}

const toSecond = (time: number): number => Math.floor(time / 1000) * 1000
