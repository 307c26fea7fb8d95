/**
 * Compression of replies, as far as it is a decision: what gains by it, what must be left alone, and
 * what the headers say of it. The work itself is the transport's.
 *
 * Left alone are: what is coded already or has a digest, parts (206), bodies without bytes, media types
 * that gain nothing, small bodies, `no-transform`, event streams unless asked for, and replies in which
 * a secret of the client may stand beside something that an attacker chose: the length of what comes
 * out would tell one by the other (BREACH, CVE-2013-3587). What is `public` has no secret in it.
 */
import { type Coding, negotiateCoding } from '../../wire/content-coding.ts'
import { HttpError } from '../error.ts'
import { headerValue, type Incoming } from '../incoming.ts'
import type { Reply } from './reply.ts'
import { varyBy } from './vary.ts'

export interface CompressOptions {
  /** The codings to offer, the best one first; default zstd, br, gzip, as far as the runtime has them. */
  readonly codings?: readonly Coding[]
  /** Bodies of a known length below this many bytes are left alone, default 1024. Streams have no known length. */
  readonly threshold?: number
  /** Compress event streams too, default false: small events gain little, and some proxies hold them back. */
  readonly events?: boolean
  /**
   * Compress also when the request has `Cookie` or `Authorization` and the reply is not `public`, or
   * when the reply sets a cookie. Default false, because of BREACH. Safe where no reply has both a secret
   * and a part of the request in it, and where credentials are tokens that no browser sends by itself.
   */
  readonly credentials?: boolean
}

/** The options, complete. */
export type CompressRules = Required<CompressOptions>

const DEFAULTS: CompressRules = {
  codings: ['zstd', 'br', 'gzip'],
  threshold: 1024,
  events: false,
  credentials: false,
}

/**
 * The rules of an app or a route.
 *
 * @param inherited the app's, for a route: what the route does not say is as there.
 * @returns undefined when nothing is compressed.
 */
export function compressRules(
  given: boolean | CompressOptions | undefined,
  inherited?: CompressRules,
): CompressRules | undefined {
  if (given === undefined) return inherited
  if (given === false) return undefined
  return { ...DEFAULTS, ...inherited, ...(given === true ? undefined : given) }
}

/** Media types that gain by it: text in all its forms, and the few others that come uncompressed. */
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:[^;]+\+)?(?:json|jsonl|xml|yaml)\b|application\/(?:x-ndjson|json-seq|(?:x-)?javascript|graphql|sql|wasm|toml|manifest)\b|image\/(?:svg\+xml|bmp|x-icon)|font\/(?:ttf|otf))/i

/** Fields that say that the bytes are not ours to change. */
const FIXED = ['content-encoding', 'content-range', 'content-digest', 'repr-digest', 'digest'] as const

/** The same of those that are to follow the body. */
const FIXED_LATER = /(?:^|, )(?:content-|repr-)?digest(?:,|$)/

const SAFE = new Set(['GET', 'HEAD', 'QUERY'])

/**
 * Chooses a content coding for a reply that is about to leave (RFC 9110 section 12.5.3), and says so in
 * its headers and its body.
 *
 * @param failed whether it is an error's reply already, which nothing may replace.
 * @throws {HttpError} 406 for a client that refuses all codings and the plain body, if asking changed nothing.
 */
export function chooseCoding(request: Incoming, reply: Reply, rules: CompressRules, failed: boolean): void {
  const { headers, body } = reply
  if (reply.status === 304) return matchTag(request, reply)
  if (!isNegotiable(request, reply, rules)) return
  varyBy(headers, 'Accept-Encoding')
  const coding = codingFor(request, reply, rules)
  if (coding === undefined && !failed && SAFE.has(request.method)) {
    const codings = [...(request.codings?.produces ?? []), 'identity']
    const detail = `Accept one of: ${codings.join(', ')}.`
    throw new HttpError('NOT_ACCEPTABLE', { detail, headers: { vary: 'Accept-Encoding' } })
  }
  if (coding === undefined || coding === 'identity') return
  headers['content-encoding'] = coding
  delete headers['content-length']
  // Nobody can tell in advance which bytes of it are where.
  delete headers['accept-ranges']
  weakenTag(headers)
  if (body.kind !== 'none' && body.kind !== 'upgrade') reply.body = { ...body, coding }
}

/** Whether who accepts a coding gets this reply compressed. */
export function isNegotiable(request: Incoming, reply: Reply, rules: CompressRules): boolean {
  if (!isCompressible(request, reply, rules)) return false
  const length = knownLength(reply.body)
  // A client that refuses the plain body gets small ones compressed, too.
  return length === undefined || length >= rules.threshold || refusesPlain(acceptOf(request))
}

/** The coding of a negotiable reply, `identity` for none; undefined when the client refuses that, too. */
export function codingFor(
  request: Incoming,
  reply: Reply,
  rules: CompressRules,
): Coding | 'identity' | undefined {
  const accept = acceptOf(request)
  if (accept === undefined || (!rules.credentials && isAtRisk(request, reply))) return 'identity'
  const available = request.codings?.produces ?? []
  return negotiateCoding(
    accept,
    rules.codings.filter((each) => available.includes(each)),
  )
}

function acceptOf({ headers }: Incoming): string | undefined {
  return headerValue(headers, 'accept-encoding')
}

function isCompressible(
  { method }: Incoming,
  { status, headers, body, trailers }: Reply,
  rules: CompressRules,
): boolean {
  // A HEAD whose handler was not run has no body, and yet the headers of its GET.
  if (body.kind === 'upgrade' || (body.kind === 'none' && method !== 'HEAD')) return false
  if (status === 204 || status === 205 || status === 206) return false
  if (FIXED.some((name) => headers[name] !== undefined)) return false
  if (trailers !== undefined && FIXED_LATER.test(String(headers['trailer']))) return false
  const type = String(headers['content-type'] ?? '')
  if (!COMPRESSIBLE.test(type)) return false
  // Our own event streams forbid it to others on the way, not to us.
  if (/^text\/event-stream\b/i.test(type)) return rules.events
  return !/\bno-transform\b/i.test(String(headers['cache-control'] ?? ''))
}

function knownLength(body: Reply['body']): number | undefined {
  if (body.kind === 'text') return body.text.length
  if (body.kind === 'bytes') return body.bytes.byteLength
  return body.kind === 'stream' || body.kind === 'file' ? body.length : undefined
}

function refusesPlain(accept: string | undefined): boolean {
  // Most fields have no zero in them, and need no second look.
  return accept !== undefined && /;\s*q=0/i.test(accept) && negotiateCoding(accept, []) === undefined
}

function isAtRisk(request: Incoming, { headers }: Reply): boolean {
  if (headers['set-cookie'] !== undefined) return true
  if (request.headers['cookie'] === undefined && request.headers['authorization'] === undefined) return false
  return !/\bpublic\b/i.test(String(headers['cache-control'] ?? ''))
}

/** The bytes differ from those that a strong tag stands for; the meaning does not (RFC 9110 section 8.8.1). */
function weakenTag(headers: Reply['headers']): void {
  const { etag } = headers
  if (typeof etag === 'string' && !etag.startsWith('W/')) headers['etag'] = `W/${etag}`
}

/** Who has the weakened tag is told about that one: a cache looks for the reply to refresh by it. */
function matchTag(request: Incoming, { headers }: Reply): void {
  const { etag } = headers
  const asked = headerValue(request.headers, 'if-none-match')
  if (typeof etag === 'string' && asked?.includes(`W/${etag}`) === true) weakenTag(headers)
  varyBy(headers, 'Accept-Encoding')
}
