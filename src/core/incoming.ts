import type { Coding } from '../wire/content-coding.ts'
import { isHost } from '../wire/host.ts'
import { HttpError } from './error.ts'
import type { Cancellation } from './lifetime/cancellation.ts'

/** Request header fields by lower-case name. Repeated fields come joined or as a list, as the runtime gives them. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Who is at the other end of the connection. */
export interface Peer {
  /** IP address, or undefined where the runtime does not tell. */
  readonly address: string | undefined
  readonly port: number | undefined
  /** Whether the connection itself is encrypted (TLS). */
  readonly encrypted: boolean
}

/** The wire protocol a request came over. */
export type Protocol = 'http/1.0' | 'http/1.1' | 'h2' | 'websocket' | 'fetch' | 'memory'

/** The content codings that a transport can deal with. */
export interface ContentCodings {
  /** Those that it can compress replies with. */
  readonly produces: readonly Coding[]
  /** Those of request bodies that it can undo, the best one first. */
  readonly reads: readonly string[]
  /**
   * Undoes one coding, at the reader's pace.
   *
   * @throws {HttpError} 400 for bytes that are not of that coding, end too early or go on behind its end.
   */
  decode(coding: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

/** Memory for request bodies that are collected. Requests that share a connection share it (issue 11). */
export interface BodyMemory {
  /**
   * Counts bytes that are kept until the request has ended; 0 before the first ones are read.
   *
   * @returns undefined when the request may read on at once, as most may; otherwise a promise for that.
   */
  take(bytes: number): Promise<void> | undefined
}

/**
 * A request as it crosses the border from a transport: one of the three values that do
 * (Incoming, Reply, Socket). Transports make the members lazy where they cost something.
 */
export interface Incoming {
  /** Upper case. */
  readonly method: string
  /** The request target as it was sent: path and query, not decoded. */
  readonly target: string
  readonly headers: IncomingHeaders
  /** The body's bytes, pulled at the reader's pace; null when the request has none. Readable once. */
  readonly body: AsyncIterable<Uint8Array> | null
  /** The one cancel path of this request. */
  readonly cancellation: Cancellation
  readonly peer: Peer
  readonly protocol: Protocol
  /** Default: what the web platform has, and no compression of replies. */
  readonly codings?: ContentCodings
  /** Where collected bodies are counted, when the connection has many requests at a time. Default: nowhere. */
  readonly memory?: BodyMemory | undefined
  /** Sends an interim reply (1xx) before the reply, where the transport can. */
  inform?(status: number, headers: Readonly<Record<string, string>>): void
}

/** One header field as one string (RFC 9110 section 5.2), or undefined. */
export function headerValue(headers: IncomingHeaders, name: string): string | undefined {
  // An own property only: a header called "constructor" is not the one on Object.prototype.
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  return value === undefined || typeof value === 'string' ? value : value.join(', ')
}

/** A `Host` that a transport hands over, or why it is refused: it must be one valid host (RFC 9112 section 3.2). */
export function hostProblem(host: string | readonly string[] | undefined): HttpError | undefined {
  if (host === undefined || (typeof host === 'string' && isHost(host))) return undefined
  return new HttpError('BAD_REQUEST', { detail: 'The Host field is malformed.' })
}
