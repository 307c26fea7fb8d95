import { headerValue, type Incoming } from './incoming.ts'

/**
 * The origin of the page that made a request, if it is another one than the request's own host (the
 * `Origin` header, RFC 6454). Browsers let any page send some requests anywhere, and cookies with them;
 * clients that are no browsers say nothing. The scheme is not compared, since TLS may end in front of us.
 */
export function foreignOrigin({ headers }: Pick<Incoming, 'headers'>): string | undefined {
  const origin = headerValue(headers, 'origin')
  const host = headerValue(headers, 'host')?.toLowerCase()
  return origin?.toLowerCase().replace(/^https?:\/\//, '') === host ? undefined : origin
}
