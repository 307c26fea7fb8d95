/**
 * Request targets and route patterns.
 *
 * There is one decoder for all of Millrace: the router, a guard that looks at `path` and a file
 * server read the same canonical path, so none of them can be tricked past another one by an
 * encoded slash, a dot segment or a doubly encoded character. What is ambiguous is refused.
 */
import { authorityOf, isHost } from './host.ts'

/** The names in a path pattern, as an object type: `/a/:id/*rest` gives `{ id: string, rest: string }`. */
export type PathParams<P extends string> = string extends P
  ? Readonly<Record<string, string>>
  : { readonly [K in ParamNames<P>]: string }

// From parameter to parameter, which costs the compiler less than to go from segment to segment.
type ParamNames<P extends string> = P extends `${string}/:${infer Rest}`
  ? Rest extends `${infer Name}/${infer Tail}`
    ? Name | ParamNames<`/${Tail}`>
    : Rest
  : P extends `${string}/*${infer Name}`
    ? Name extends ''
      ? '*'
      : Name
    : never

/** A request target split in its two parts. `query` has no leading question mark. */
export interface Target {
  readonly path: string
  readonly query: string
}

/** Anything that needs a closer look: escapes, dot segments, bytes a path may not hold, empty segments. */
const UNUSUAL = /[%\\\u0000-\u0020"<>^`{|}#\u007f-\uffff]|\/\.|\/\//

/**
 * Splits a request target (RFC 9112 section 3.2) into a canonical path and the raw query.
 *
 * The path is canonical: every segment is percent-decoded once and encoded again in one way only,
 * so two spellings of the same path compare equal. A slash inside a segment stays `%2F`, and slashes at
 * the end are left out.
 *
 * @returns `undefined` when the target is malformed or ambiguous: bad percent-encoding, invalid
 *   UTF-8, a NUL, a backslash, or a `.` or `..` segment in any spelling, behind an encoded slash too; and in
 *   absolute-form an authority that is not a host (RFC 9110 sections 4.2.1 and 4.2.4).
 */
export function parseTarget(target: string): Target | undefined {
  const origin = target.charCodeAt(0) === 47 /* / */ ? target : originForm(target)
  if (origin === undefined) return undefined
  const mark = origin.indexOf('?')
  const raw = mark === -1 ? origin : origin.slice(0, mark)
  const query = mark === -1 ? '' : origin.slice(mark + 1)
  const path = UNUSUAL.test(raw) ? canonicalPath(raw) : raw
  return path === undefined ? undefined : { path: withoutTrailingSlash(path), query }
}

/** `/users/` and `/users` are one path, for the router and for a guard alike. */
function withoutTrailingSlash(path: string): string {
  let end = path.length
  while (end > 1 && path.charCodeAt(end - 1) === 47 /* / */) end--
  return end === path.length ? path : path.slice(0, end)
}

/** How many slashes the path of a request target ends with, which its canonical form does not tell. */
export function slashesAtEnd(target: string): number {
  const mark = target.indexOf('?')
  const end = mark === -1 ? target.length : mark
  let at = end
  while (at > 0 && target.charCodeAt(at - 1) === 47 /* / */) at--
  return end - at
}

/**
 * What stands before a name to refer to it as below the path of a request. Relative, since whoever stands in
 * front (a mount, a proxy) may have taken a prefix away; and so never to another host.
 *
 * @param path the canonical path of `target`.
 */
export function belowPath(path: string, target: string): string {
  const slashes = path === '/' ? 1 : slashesAtEnd(target)
  return slashes === 0 ? `./${path.slice(path.lastIndexOf('/') + 1)}/` : `./${'../'.repeat(slashes - 1)}`
}

/** Absolute-form (sent to proxies) is accepted for its path; anything else is malformed. */
function originForm(target: string): string | undefined {
  const authority = authorityOf(target)
  if (authority === undefined || !isHost(authority)) return undefined
  const rest = target.slice(target.indexOf('//') + 2 + authority.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function canonicalPath(raw: string): string | undefined {
  if (raw.includes('#')) return undefined
  const segments = raw.split('/')
  for (let i = 1; i < segments.length; i++) {
    const segment = decodeSegment(segments[i]!)
    if (segment === undefined || DOTS.test(segment)) return undefined
    if (segment.includes('\0') || segment.includes('\\')) return undefined
    segments[i] = encodeSegment(segment)
  }
  return segments.join('/')
}

/** A dot segment, also one between encoded slashes, which would become one when a parameter is decoded. */
const DOTS = /(^|\/)\.{1,2}(\/|$)/

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** Encodes what WHATWG URL encodes in a path segment, plus the slash and the percent sign themselves. */
function encodeSegment(segment: string): string {
  return segment.replace(/[/%?#"<>^`{|}\u0000-\u0020\u007f-\uffff]+/g, encodeURIComponent)
}

/** Decodes one captured segment (or wildcard rest) of a canonical path. Never throws for those. */
export function decodeParam(value: string): string {
  return value.includes('%') ? decodeURIComponent(value) : value
}

/** A route pattern taken apart. */
export interface PathPattern {
  /** The pattern in rou3's spelling. */
  readonly route: string
  /** The same for two patterns that match the same paths, whatever their parameters are called. */
  readonly shape: string
  /** Parameter names by the names rou3 captures them under. */
  readonly names: ReadonlyMap<string, string>
  /** The name of the parameter that takes the rest of the path. */
  readonly wildcard: string | undefined
}

/**
 * Reads a route pattern: literal segments, `:name` for one segment, and `*name` (or `*`) at the end
 * for one or more segments.
 *
 * @throws {SyntaxError} naming the pattern and what to write instead.
 */
export function parsePattern(pattern: string): PathPattern {
  if (!pattern.startsWith('/')) throw new SyntaxError(`Path "${pattern}" must start with "/".`)
  const names = new Map<string, string>()
  const route: string[] = []
  const shape: string[] = []
  let wildcard: string | undefined
  const segments = pattern.split('/').slice(1)
  // A slash at the end makes no difference to what a pattern matches.
  if (segments.length > 1 && segments.at(-1) === '') segments.pop()
  for (const [index, segment] of segments.entries()) {
    const sigil = segment[0]
    if (sigil === ':' || sigil === '*') {
      const name = segment === '*' ? '*' : segment.slice(1)
      assertParam(pattern, segment, name, names, index === segments.length - 1)
      // Captures get neutral names, because rou3 refuses some that we allow.
      const key = `p${names.size}`
      names.set(key, name)
      if (sigil === '*') wildcard = name
      route.push(sigil === ':' ? `:${key}` : `**:${key}`)
      shape.push(sigil)
    } else {
      const literal = literalSegment(pattern, segment)
      route.push(literal)
      shape.push(literal)
    }
  }
  return { route: `/${route.join('/')}`, shape: `/${shape.join('/')}`, names, wildcard }
}

function assertParam(
  pattern: string,
  segment: string,
  name: string,
  names: Map<string, string>,
  last: boolean,
): void {
  if (segment !== '*' && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new SyntaxError(
      `Path "${pattern}": "${segment}" is not a parameter name. Use letters, digits and "_".`,
    )
  }
  if (segment.startsWith('*') && !last)
    throw new SyntaxError(`Path "${pattern}": a wildcard must be the last segment.`)
  for (const taken of names.values()) {
    if (taken === name) throw new SyntaxError(`Path "${pattern}" names the parameter "${name}" twice.`)
  }
}

function literalSegment(pattern: string, segment: string): string {
  if (/[:*(){}?+\\#]/.test(segment)) {
    throw new SyntaxError(
      `Path "${pattern}": "${segment}" mixes text with ":", "*" or other special characters. ` +
        'A parameter is a whole segment (":id"); check anything finer with a schema for `params`.',
    )
  }
  const decoded = decodeSegment(segment)
  if (decoded === undefined || DOTS.test(decoded)) {
    throw new SyntaxError(`Path "${pattern}": "${segment}" is not a valid path segment.`)
  }
  return encodeSegment(decoded)
}
