/** Trailers: fields that follow a body, for what is known only when it has ended (RFC 9110 section 6.5). */
import { assertHeader } from '../../wire/header.ts'
import type { Protocol } from '../incoming.ts'
import type { Logger } from '../logger.ts'
import type { Reply } from './reply.ts'
import { isThenable } from '../lifetime/thenable.ts'

/** A trailer's value, or what gives it when the body has ended; undefined for none. */
export type TrailerValue = string | (() => string | undefined)

/** What a reader must know before the body, so that it means nothing, or harm, behind it (RFC 9110 section 6.5.1). */
const HEADER_ONLY: ReadonlySet<string> = new Set(
  [
    // Framing and the connection.
    'content-length transfer-encoding trailer te connection keep-alive proxy-connection upgrade http2-settings',
    // Routing, and what modifies a request.
    'host expect max-forwards range if-match if-none-match if-modified-since if-unmodified-since if-range',
    // Credentials and state.
    'authorization proxy-authorization www-authenticate proxy-authenticate cookie set-cookie',
    // What a reply is to be taken for.
    'age cache-control expires date location pragma retry-after vary warning',
    // How its content is to be read.
    'content-type content-encoding content-range content-language content-location content-disposition',
    // What a browser allows.
    'content-security-policy strict-transport-security x-content-type-options x-frame-options',
  ].flatMap((names) => names.split(' ')),
)

/** @throws {TypeError} for a field that could not be sent safely, or that must not come after a body. */
export function assertTrailer(name: string, value: TrailerValue): void {
  const isLate = typeof value === 'function'
  if (!isLate && typeof value !== 'string')
    throw new TypeError(`Trailer "${name}" takes a string or a function that returns one.`)
  assertHeader(name, isLate ? '' : value)
  const lower = name.toLowerCase()
  if (HEADER_ONLY.has(lower) || lower.startsWith('access-control-')) {
    throw new TypeError(
      `"${name}" cannot be a trailer: it is needed before the body (RFC 9110 section 6.5.1). Use head.set.`,
    )
  }
}

/**
 * Announces the trailers of a stream without a stated length, where the protocol has room for them: nothing
 * else is followed by any.
 */
export function announceTrailers(
  reply: Reply,
  trailers: ReadonlyMap<string, TrailerValue>,
  protocol: Protocol,
  log: Logger,
): void {
  if (reply.body.kind !== 'stream' || reply.body.length !== undefined) return
  if (protocol !== 'http/1.1' && protocol !== 'h2') return
  reply.headers['trailer'] = [...trailers.keys()].join(', ')
  reply.trailers = () => {
    const fields: Record<string, string> = {}
    for (const [name, value] of trailers) {
      try {
        const settled = (typeof value === 'string' ? value : value()) as
          | PromiseLike<unknown>
          | string
          | undefined
        if (settled === undefined) continue
        if (isThenable(settled)) {
          // Its failure must not end the process.
          settled.then(undefined, () => {})
          throw new TypeError('The value of a trailer cannot be awaited: have it ready when the body ends.')
        }
        assertTrailer(name, settled)
        fields[name] = settled
      } catch (error) {
        // The body is whole, whatever comes behind it.
        log.error({ err: error }, `The trailer "${name}" could not be sent`)
      }
    }
    return fields
  }
}

/** Takes back what was announced, for a reply that loses its body. */
export function dropTrailers(reply: Reply): void {
  if (reply.trailers === undefined) return
  reply.trailers = undefined
  delete reply.headers['trailer']
}
