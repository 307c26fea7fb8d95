/**
 * The host that a request is for. Node keeps the first of two `Host` fields and takes any text for one; a
 * proxy in front may keep the last. So both are refused before the app sees the request (issue 11).
 */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { HttpError } from '../../core/error.ts'
import { authorityOf, isHost, isSameHost } from '../../wire/host.ts'

/** What is wrong with the `Host` and the `:authority` of a request: a 400, or undefined. */
export function authorityProblem(message: IncomingMessage | Http2ServerRequest): HttpError | undefined {
  const { rawHeaders, httpVersion, url = '' } = message
  if (!url.startsWith('/')) {
    // RFC 9112 section 3.2.2: an absolute-form target has a host of its own.
    const target = authorityOf(url)
    if (target !== undefined && !isHost(target)) return refused('The host of the target is malformed.')
  }
  let host: string | undefined
  let authority: string | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name === ':authority') authority = rawHeaders[at + 1]!
    else if (name.length === 4 && name.toLowerCase() === 'host') {
      // RFC 9112 section 3.2: a server MUST answer 400.
      if (host !== undefined) return refused('A request may have one Host field.')
      host = rawHeaders[at + 1]!
    }
  }
  if (host === undefined && authority === undefined) {
    // Only HTTP/1.0 and older do without. nginx refuses HTTP/2 without either, too.
    return httpVersion === '1.0' || httpVersion === '0.9' ? undefined : refused('The Host field is missing.')
  }
  if (host !== undefined && !isHost(host)) return refused('The Host field is malformed.')
  if (authority === undefined || authority === host) return undefined
  if (!isHost(authority)) return refused('The :authority field is malformed.')
  // RFC 9113 section 8.3.1: a server SHOULD treat a request whose fields name two hosts as malformed.
  if (host !== undefined && !isSameHost(host, authority, schemeOf(message)))
    return refused('The Host field differs from the :authority field.')
  return undefined
}

function schemeOf({ headers }: IncomingMessage | Http2ServerRequest): string {
  return String(headers[':scheme'])
}

function refused(detail: string): HttpError {
  return new HttpError('BAD_REQUEST', { detail, headers: { connection: 'close' } })
}
