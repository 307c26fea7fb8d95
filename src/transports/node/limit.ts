/** What a server takes at a time, and how Node's servers are set up to keep to it. */
import { createServer, type Server } from 'node:http'
import { createSecureServer, createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { UsageError } from '../../core/error.ts'
import type { ListenLimits, ListenOptions } from './listen.ts'
import { keepSessionsOffTls } from './tls-stream.ts'
import { mayUpgrade } from './upgrade.ts'

/** The limits that have a default of ours. */
export type ServerLimits = Required<Omit<ListenLimits, 'headerBytes'>>

export const DEFAULT_LIMITS: ServerLimits = {
  connections: 10_000,
  requests: 10_000,
  streams: 128,
  headers: 128,
  pipelined: 128,
  replyBytes: 32 * 1024 * 1024,
  bodyBytes: 8 * 1024 * 1024,
}

/** What Node keeps back of a reply before it asks us to wait, in bytes. */
const HIGH_WATER = 16 * 1024

/**
 * One of Node's three servers, with its limits.
 *
 * @param headersMs how long the head of a request may take, 0 for ever.
 */
export function createNodeServer(
  { tls, http2, limits = {} }: ListenOptions,
  headersMs: number,
): Server | Http2Server {
  const { connections, streams, headers, headerBytes } = { ...DEFAULT_LIMITS, ...limits }
  const http1Options = {
    headersTimeout: headersMs,
    // Bodies have limits of their own, by what arrives: Node's would cut a large upload.
    requestTimeout: 0,
    // Connections that rest are looked for by us (connections.ts).
    keepAliveTimeout: 0,
    connectionsCheckingInterval: headersMs === 0 ? 5000 : Math.max(50, Math.min(5000, headersMs / 10)),
    // A missing Host is refused by us (authority.ts), when it is the request's turn.
    requireHostHeader: false,
    // Newer Nodes ask which upgrades are spoken, and treat the others as plain requests themselves.
    shouldUpgradeCallback: mayUpgrade,
    ...(headerBytes === undefined ? undefined : { maxHeaderSize: headerBytes }),
  }
  const http2Options = {
    maxHeaderListPairs: headers,
    settings: {
      maxConcurrentStreams: streams,
      ...(headerBytes === undefined ? undefined : { maxHeaderListSize: headerBytes }),
    },
  }
  let server: Server | Http2Server
  if (tls !== undefined) {
    const { key, cert } = tls
    const options = { key: toBuffer(key), cert: toBuffer(cert), allowHTTP1: true }
    const handshake = headersMs === 0 ? undefined : { handshakeTimeout: headersMs }
    try {
      server = createSecureServer({ ...options, ...handshake, ...http1Options, ...http2Options })
      keepSessionsOffTls(server)
    } catch (cause) {
      const message = 'listen: tls.key and tls.cert must be the texts of a PEM key and its certificate'
      throw new UsageError(`${message}, which do not read: ${String(cause)}`, { cause })
    }
  } else if (http2 === true) server = createHttp2Server(http2Options)
  else server = createServer({ highWaterMark: HIGH_WATER, ...http1Options })
  // With TLS, Node before 24 takes no notice of these as options.
  if (tls !== undefined) Object.assign(server, http1Options)
  server.maxConnections = connections
  // Node drops what is above its own limit without a word. So it has none, and theirs are counted here.
  const counting: { maxHeadersCount?: number | null } = server as Server
  counting.maxHeadersCount = 0
  return server
}

function toBuffer(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem)
}
