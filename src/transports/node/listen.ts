import { UsageError } from '../../core/error.ts'
import { assertAmount, assertOptions, namesOf } from '../../core/option.ts'
import type { TrustProxy } from './forwarded.ts'

/** How an app is served on Node. */
export interface ListenOptions {
  /** Default 8000; 0 picks a free port. */
  readonly port?: number
  /** The address to bind, default 127.0.0.1. Use `0.0.0.0` or `::` to be reached from other machines. */
  readonly host?: string
  /** Key and certificate in PEM: serves HTTPS, with HTTP/2 and HTTP/1.1 on the same port (ALPN). */
  readonly tls?: TlsOptions
  /** Serves HTTP/2 without TLS to clients that know it beforehand (RFC 9113 section 3.3); HTTP/1.1 is then not spoken. */
  readonly http2?: boolean
  /** Milliseconds that finite replies may take when the server closes, default 10 000. Streams are told at once. */
  readonly grace?: number
  /**
   * Milliseconds that a connection of HTTP/1.1 may wait for its next request, default 75 000; 0 for as
   * long as its client likes. Longer than the load balancers in front wait (60 s is usual), so that it is
   * they who close: a request that meets a closing server is lost (a 502).
   */
  readonly keepAlive?: number
  /**
   * Milliseconds between two pings of a WebSocket, default 20 000; a peer that has not answered one when
   * the next is due is cut. 0 for none.
   */
  readonly pingInterval?: number
  /** How much of everything is taken at a time; what is not given has its default. */
  readonly limits?: ListenLimits
  /**
   * Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` (or `Forwarded`) are believed: a number of
   * hops, or addresses and networks. They then decide `request.peer` and the `Host`. Default: none.
   */
  readonly trustProxy?: TrustProxy
  /**
   * Closes the app at SIGTERM and SIGINT, and then ends the process with exit code 0; a second signal
   * cuts what is left, and leaves teardown one second. Default true.
   */
  readonly signals?: boolean
}

const LISTEN_OPTIONS = namesOf<ListenOptions>({
  port: true,
  host: true,
  tls: true,
  http2: true,
  grace: true,
  pingInterval: true,
  limits: true,
  trustProxy: true,
  signals: true,
  keepAlive: true,
})

const LIMITS = namesOf<ListenLimits>({
  connections: true,
  requests: true,
  streams: true,
  headers: true,
  headerBytes: true,
  pipelined: true,
  replyBytes: true,
  bodyBytes: true,
})

/** @throws {UsageError} for an option that there is not, and for a time or a port that is none. */
export function assertListenOptions(options: ListenOptions): void {
  if (typeof options === 'number')
    throw new UsageError(`listen takes an object. Write listen({ port: ${options} }).`)
  assertOptions(options, LISTEN_OPTIONS, 'listen')
  assertLimits(options.limits)
  for (const name of ['grace', 'pingInterval', 'keepAlive'] as const)
    assertAmount(options[name], name, 'milliseconds')
  const { port = 8000 } = options
  // Those who run no compiler give what the environment has: a string, which Node takes as well.
  const number = String(port).trim() === '' ? NaN : Number(port)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return
  throw new UsageError(
    `port takes a whole number from 0 to 65535, not "${port}". From the environment: Number(process.env.PORT ?? 8000).`,
  )
}

function assertLimits(limits: ListenLimits = {}): void {
  assertOptions(limits, LIMITS, 'limits of listen')
  for (const name of ['connections', 'requests', 'streams', 'headers', 'pipelined'] as const)
    assertAmount(limits[name], `limits.${name}`, 'a count')
  for (const name of ['headerBytes', 'replyBytes', 'bodyBytes'] as const)
    assertAmount(limits[name], `limits.${name}`, 'bytes')
}

export interface TlsOptions {
  readonly key: string | Uint8Array
  readonly cert: string | Uint8Array
}

/** How much of everything a server takes at a time. */
export interface ListenLimits {
  /** Open connections, default 10 000. Further ones are closed at once. */
  readonly connections?: number
  /**
   * Requests under way, default 10 000, with streams and WebSockets among them. Further ones get 503
   * with `Retry-After`, and their connection closes.
   */
  readonly requests?: number
  /** Requests under way on one HTTP/2 connection, default 128. Clients wait with further ones. */
  readonly streams?: number
  /** Header fields of a request, default 128. More are a 431; HTTP/2 resets the stream. */
  readonly headers?: number
  /** Bytes of a request's head, default 16 KiB (what Node is told by `--max-http-header-size`). More are a 431. */
  readonly headerBytes?: number
  /**
   * Requests that may wait on one HTTP/1.1 connection behind the one under way, default 128. A connection
   * answers one request at a time. Further ones are not read, nor is one whose body has more than 16 KiB: the
   * last reply says `connection: close`.
   */
  readonly pipelined?: number
  /**
   * Bytes of whole replies (text, JSON, bytes) above 64 KiB that may be under way on one HTTP/2 connection,
   * default 32 MiB. Its next requests begin when one of them has ended. Streams and files are not counted: a file
   * holds at most 64 KiB, a stream that and the chunk under way.
   */
  readonly replyBytes?: number
  /**
   * Bytes of request bodies that one HTTP/2 connection may have in memory, default 8 MiB: what `bytes()`,
   * `text()`, `json()`, schemas and forms collect, until their requests have ended. Further bodies are not read
   * meanwhile, except small ones; nothing is refused. Bodies that are streamed or saved are not counted. Raise
   * it for a proxy that sends the requests of many clients over one connection.
   */
  readonly bodyBytes?: number
}
