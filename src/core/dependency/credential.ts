/**
 * The forms in which credentials travel, and in which they are asked for: HTTP authentication (RFC 9110
 * section 11), basic (RFC 7617) and bearer (RFC 6750).
 */
import { HttpError } from '../error.ts'

/** A name and a password. */
export interface NamePassword {
  readonly username: string
  readonly password: string
}

/** A challenge of `WWW-Authenticate`: a scheme and its parameters. */
export function challenge(scheme: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}="${value.replace(/["\\]/g, '\\$&')}"`,
  )
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

/** The 401 that asks for credentials. */
export function unauthorized(challenges: readonly string[], detail: string): HttpError {
  return new HttpError('UNAUTHORIZED', { detail, headers: { 'www-authenticate': challenges } })
}

/** The credentials in an `Authorization` of one scheme; undefined when there are none of that scheme. */
export function schemeCredentials(authorization: string | undefined, scheme: string): string | undefined {
  const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?: +(?! )(.*))?$/.exec(authorization ?? '')
  return match?.[1]?.toLowerCase() === scheme ? (match[2] ?? '') : undefined
}

/** A token as RFC 6750 section 2.1 writes it; undefined for anything else. */
export function bearerToken(credentials: string): string | undefined {
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(credentials) ? credentials : undefined
}

/** Name and password as RFC 7617 writes them, in UTF-8; undefined for anything else. */
export function namePassword(credentials: string): NamePassword | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(credentials))
    return undefined
  let text: string
  try {
    const bytes = Uint8Array.from(atob(credentials), (character) => character.charCodeAt(0))
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
  const colon = text.indexOf(':')
  // oxlint-disable-next-line no-control-regex -- RFC 7617 section 2 excludes them.
  if (colon === -1 || /[\u0000-\u001f\u007f]/.test(text)) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/**
 * Whether two secrets are the same. How long it takes tells nothing of where they differ: it depends on
 * the length of what was `given` alone.
 */
export function sameSecret(given: string, expected: string): boolean {
  const utf8 = new TextEncoder()
  const left = utf8.encode(given)
  const right = utf8.encode(expected)
  let difference = left.length ^ right.length
  for (let i = 0; i < left.length; i++) difference |= left[i]! ^ (right[i % right.length] ?? 0)
  return difference === 0
}
