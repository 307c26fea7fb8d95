import { HttpError } from './error.ts'
import type { Exchange } from './exchange.ts'
import { headerValue } from './incoming.ts'
import { toWebStream } from './reply/web-stream.ts'
import { slashesAtEnd } from '../wire/path.ts'

/** The request as a mounted handler sees it: without the `depth` first segments, its body still live. */
export function toMountedRequest(exchange: Exchange, depth: number): Request {
  const { request } = exchange
  if (/^(CONNECT|TRACE|TRACK)$/.test(exchange.method)) throw new HttpError('NOT_IMPLEMENTED')
  const headers = new Headers()
  for (const name of Object.keys(request.headers)) {
    // Connection-level pseudo fields of HTTP/2 are no headers of a Request.
    if (!name.startsWith(':')) headers.set(name, headerValue(request.headers, name)!)
  }
  const scheme = request.peer.encrypted ? 'https' : 'http'
  const query = request.target.indexOf('?')
  const rest = exchange.path.split('/').slice(depth).join('/')
  // Relative links of a mounted site hang on the slash that our own routes do not care for.
  const slash = rest !== '' && slashesAtEnd(request.target) > 0 ? '/' : ''
  const path = `/${rest}${slash}`
  const url = originOf(scheme, headers.get('host'))
  url.pathname = path
  url.search = query === -1 ? '' : request.target.slice(query)
  const init: RequestInit & { duplex?: 'half' } = {
    method: exchange.method,
    headers,
    signal: exchange.signal,
  }
  if (request.body !== null && exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    init.body = toWebStream(exchange.bodyIntake.asSent())
    init.duplex = 'half'
  }
  return new Request(url, init)
}

/** @throws {HttpError} 400 when the Host header is more than a host. */
function originOf(scheme: string, host: string | null): URL {
  const origin = `${scheme}://${host || 'localhost'}`
  const url = /[\s/?#@\\]/.test(host ?? '') || !URL.canParse(origin) ? undefined : new URL(origin)
  if (url === undefined) throw new HttpError('BAD_REQUEST', { detail: 'The Host header is malformed.' })
  return url
}
