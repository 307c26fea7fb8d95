/** The authority of a request: `host [ ":" port ]` (RFC 9110 section 7.2). */

/** Names as DNS has them (with underscores, a dot at the end, IDN as punycode), IPv4, IPv6 in brackets. */
const HOST = /^(?:[\w.-]{1,255}|(\[[0-9a-f:.]{2,45}\]))(?::(\d{0,5}))?$/i

/** The last valid one: a server has few names, and to compare is cheaper than to match (50 ns of a request). */
let known = 'localhost'

/**
 * Whether a `Host` or an authority names one host without doubt.
 *
 * It is narrower than RFC 3986: no user information, no empty host (RFC 9110 section 4.2.1 refuses both in an
 * http URI), and no percent-encoding or sub-delimiters, which no name of DNS has and two readers may decode to
 * two hosts.
 */
export function isHost(text: string): boolean {
  if (text === known) return true
  const parts = HOST.exec(text)
  if (parts === null) return false
  const [, literal, port] = parts
  if (port !== undefined && Number(port) > 65_535) return false
  if (literal !== undefined && !URL.canParse(`http://${literal}`)) return false
  known = text
  return true
}

/** The authority of a target in absolute-form (RFC 9112 section 3.2.2), undefined in every other form. */
export function authorityOf(target: string): string | undefined {
  if (target.charCodeAt(0) === 47 /* / */) return undefined
  return /^https?:\/\/([^/?#]*)/i.exec(target)?.[1]
}

/**
 * Header fields with the host that the target names, in place of the `Host` that was received: a server MUST
 * ignore that one (RFC 9112 section 3.2.2).
 */
export function withTargetHost<H extends object>(headers: H, target: string): H {
  const authority = authorityOf(target)
  return authority === undefined ? headers : { ...headers, host: authority }
}

/** Whether two valid hosts are the same one by the normalization of a scheme (RFC 3986 section 6.2.3). */
export function isSameHost(a: string, b: string, scheme: string): boolean {
  return a === b || normalHost(a, scheme) === normalHost(b, scheme)
}

function normalHost(host: string, scheme: string): string {
  return host.toLowerCase().replace(scheme === 'https' ? /:(?:443)?$/ : /:(?:80)?$/, '')
}
