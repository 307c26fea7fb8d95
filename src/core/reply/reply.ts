import type { Coding } from '../../wire/content-coding.ts'
import { UsageError } from '../error.ts'
import { parseRate, type Rate } from '../../wire/rate.ts'
import type { Clock } from '../lifetime/clock.ts'
import type { Pace, Throttle } from './pace.ts'
import {
  assertBytes,
  assertHeaderField,
  assertHeaders,
  assertInit,
  assertRedirect,
  assertStatus,
  assertString,
  kindOf,
  mediaTypeOr,
} from './reply-check.ts'
import type { Socket } from '../socket/socket.ts'
import type { Source } from './source.ts'
import { type Transform, transformSource, transformValue } from './transform.ts'

/** Reply header fields by lower-case name; a list is sent as repeated fields. */
export type ReplyHeaders = Record<string, string | readonly string[]>

/** How a reply's body ended. The outcomes exclude each other. */
export type Outcome = 'complete' | 'disconnect' | 'error' | 'timeout' | 'shutdown'

/** What is known when a body has really ended. */
export interface Ending {
  /** `complete` only when everything was handed to the network and the source ended by itself. */
  readonly outcome: Outcome
  /** Body bytes handed to the network, without framing. */
  readonly bytes: number
  /** Items yielded, for streams; 0 for other bodies. */
  readonly items: number
  /** Items that did not pass their schema and were left out, under `invalid: 'drop'`: yielded ones, and sent ones of a request body. */
  readonly dropped?: number
  /** From the request's arrival to the end, in milliseconds. */
  readonly durationMs: number
  /** What was thrown, for `error`. */
  readonly error?: unknown
}

/** An open file (or object of a store), with the part of it that is to be sent. */
export interface OpenFile {
  /**
   * Reads up to `target.byteLength` bytes at `position`.
   *
   * @returns how many bytes were read; 0 only at the end of the file.
   */
  read(target: Uint8Array, position: number): Promise<number>
  /** The same into several targets, filled one after another, where that costs one call and not many. */
  readonly readMany?: ((targets: readonly Uint8Array[], position: number) => Promise<number>) | undefined
  /** Frees the handle. Called exactly once. */
  close(): Promise<void>
}

/**
 * The body of a reply, tagged: a transport has one writer for each kind. A `coding` is what it has to be
 * compressed with on its way; only transports that said that they can are asked to.
 */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string; readonly coding?: Coding }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly coding?: Coding }
  | {
      readonly kind: 'stream'
      readonly source: Source
      /** Of what the source gives, before any coding. */
      readonly length: number | undefined
      readonly coding?: Coding
    }
  | {
      readonly kind: 'file'
      readonly file: OpenFile
      readonly start: number
      /** Bytes of the file, before any coding. */
      readonly length: number
      readonly coding?: Coding
    }
  | {
      readonly kind: 'upgrade'
      /** Settles when the handler has ended and the socket is closed, and tells how. Never rejects. */
      readonly run: (socket: Socket) => Promise<Pick<Ending, 'outcome' | 'error'>>
      readonly messageLimit: number
      /** The subprotocol to agree on. */
      readonly protocol: string | undefined
    }

/** The time limits of a body, in milliseconds; 0 for none. */
export interface ReplyTiming {
  readonly clock: Clock
  /** How long the request had taken when its body began. */
  readonly elapsedMs: number
  /** From the request to the first item; 0 also when that was there before the head. */
  readonly first: number
  /** Between two items. */
  readonly idle: number
  /** While the reader takes nothing. */
  readonly stall: number
  /** From the request to the end. */
  readonly total: number
  /** How fast it may leave; undefined for as fast as its reader takes it. */
  readonly pace: Pace | undefined
}

/** What is left of a limit that counts from the request on. */
export function remaining(limit: number, { elapsedMs }: ReplyTiming): number {
  return limit === 0 ? 0 : Math.max(1, limit - elapsedMs)
}

const NONE: Body = { kind: 'none' }

/**
 * A reply as it crosses the border to a transport. Make one with `reply.*`; middleware receives and
 * returns them. Status and headers may be changed until the transport has it.
 */
export class Reply {
  status: number
  headers: ReplyHeaders
  body: Body
  /**
   * For the transport, which calls it once when the body has ended; undefined when nobody waits for
   * that. Middleware uses `ctx.after`.
   */
  onEnd: ((ending: Omit<Ending, 'durationMs'>) => void) | undefined = undefined
  /** For the transport: the time limits of a body that takes its time. */
  timing: ReplyTiming | undefined = undefined
  /** What limits how fast the body leaves, all of it together; a number is a rate in bytes per second. */
  throttles: readonly (number | Throttle)[] | undefined = undefined
  /**
   * For the transport: gives the fields that follow a body that has come to its own end, by lower-case name.
   * To be called once, then. Never throws. Set where the protocol has trailers only.
   */
  trailers: (() => Readonly<Record<string, string>>) | undefined = undefined

  constructor(status: number, headers: ReplyHeaders, body: Body) {
    this.status = status
    this.headers = headers
    this.body = body
  }

  /** A reply of its own with the same content: what is sent is changed on the way, and constants may be sent often. */
  copy(): Reply {
    const copy = new Reply(this.status, { ...this.headers }, this.body)
    copy.throttles = this.throttles
    return copy
  }

  /**
   * Replaces a text, bytes or stream body by a stream over its chunks. Chunks keep flowing one by
   * one, and an error in the source ends the new body with the same error.
   *
   * @example reply.transform(async function* (chunks) { for await (const c of chunks) yield mask(c) })
   * @throws {TypeError} for a file or an upgrade.
   */
  transform(transform: Transform): this {
    this.body = { kind: 'stream', source: transformed(this.body, transform), length: undefined }
    delete this.headers['content-length']
    return this
  }
}

function transformed(body: Body, transform: Transform): Source {
  switch (body.kind) {
    case 'file':
    case 'upgrade':
      throw new TypeError(`A body of kind "${body.kind}" cannot be transformed.`)
    case 'stream':
      return transformSource(body.source, transform)
    case 'text':
      return transformValue(body.text, transform)
    case 'bytes':
      return transformValue(body.bytes, transform)
    case 'none':
      return transformValue(undefined, transform)
  }
}

/** Status and headers of a reply made by hand. */
export interface ReplyInit {
  /** Default 200. */
  readonly status?: number
  /** Added to the reply's own; names may have any case. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** How fast the body may leave: bytes per second, or with a unit, `'1 MiB/s'`. Default: as fast as it is taken. */
  readonly throttle?: Rate
}

/**
 * Copies headers given by a user onto a reply's own, checked and in lower case.
 *
 * @throws {UsageError} for what is not a record of headers.
 * @throws {TypeError} for a name or value that could not be sent safely.
 */
function mergeHeaders(own: ReplyHeaders, given: ReplyInit['headers']): ReplyHeaders {
  if (given === undefined) return own
  assertHeaders(given)
  for (const name of Object.keys(given)) setHeader(own, name, given[name]!)
  return own
}

/** Sets one header, checked and in lower case. */
export function setHeader(headers: ReplyHeaders, name: string, value: string | readonly string[]): void {
  assertHeaderField(name, value)
  headers[name.toLowerCase()] = value
}

/**
 * Builds a reply: status and checked headers over a body.
 *
 * @throws {UsageError} for a status outside 200 to 599, and for options of other types.
 * @throws {TypeError} for a header that could not be sent safely.
 */
export function createReply(contentType: string | undefined, body: Body, init: ReplyInit | undefined): Reply {
  const headers: ReplyHeaders = contentType === undefined ? {} : { 'content-type': contentType }
  if (init === undefined) return new Reply(200, headers, body)
  assertInit(init)
  const made = new Reply(assertStatus(init.status ?? 200), mergeHeaders(headers, init.headers), body)
  if (init.throttle !== undefined) made.throttles = [parseRate(init.throttle)]
  return made
}

export const TEXT = 'text/plain; charset=utf-8'
export const JSON_TYPE = 'application/json'
export const OCTETS = 'application/octet-stream'

/**
 * A value as JSON.
 *
 * @throws {UsageError} for what has no JSON: undefined, a function.
 * @throws {TypeError} for a cycle and a BigInt.
 */
export function jsonReply(value: unknown, init?: ReplyInit): Reply {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined)
    throw new UsageError(`JSON has no form for ${kindOf(value)}. Return null or reply.empty().`)
  return createReply(JSON_TYPE, { kind: 'text', text }, init)
}

/**
 * Plain text, UTF-8.
 *
 * @throws {UsageError} for what is not a string.
 */
export function textReply(text: string, init?: ReplyInit): Reply {
  assertString(text, 'reply.text', 'Convert it with String(value), or send it with reply.json.')
  return createReply(TEXT, { kind: 'text', text }, init)
}

/**
 * An HTML document, UTF-8. Escape what you put into it.
 *
 * @throws {UsageError} for what is not a string.
 */
export function htmlReply(html: string, init?: ReplyInit): Reply {
  assertString(html, 'reply.html', 'Convert it with String(value), or send it with reply.json.')
  return createReply('text/html; charset=utf-8', { kind: 'text', text: html }, init)
}

/**
 * Bytes, sent as they are. `mediaType` defaults to application/octet-stream.
 *
 * @throws {UsageError} for what is not a Uint8Array or an ArrayBuffer.
 */
export function bytesReply(
  bytes: Uint8Array | ArrayBuffer,
  init?: ReplyInit & { readonly mediaType?: string },
): Reply {
  const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes
  assertBytes(view, 'reply.bytes', 'Send text with reply.text.')
  return createReply(mediaTypeOr(init, OCTETS), { kind: 'bytes', bytes: view }, init)
}

/** A reply without a body; status 204 unless another is given. */
export function emptyReply(init?: ReplyInit): Reply {
  assertInit(init)
  return createReply(undefined, NONE, { status: 204, ...init })
}

/**
 * Sends the client elsewhere.
 *
 * @param location a URL or path; characters outside ASCII must be encoded already.
 * @param status 303 (default: go there with GET), 301, 302, 307 or 308.
 * @throws {UsageError} for a location that is not a string, and for another status.
 */
export function redirectReply(
  location: string,
  status: 301 | 302 | 303 | 307 | 308 = 303,
  init?: ReplyInit,
): Reply {
  assertString(location, 'reply.redirect', 'Take the href of a URL.')
  assertRedirect(status)
  assertInit(init)
  const made = createReply(undefined, NONE, { ...init, status })
  setHeader(made.headers, 'location', location)
  return made
}
