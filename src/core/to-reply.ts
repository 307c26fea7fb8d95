/** The only place that turns what handlers return into replies. */
import { type Format, StreamEvent } from './format.ts'
import { negotiateMediaType } from '../wire/negotiation.ts'
import { HttpError, toHttpError } from './error.ts'
import type { Exchange } from './exchange.ts'
import { headerValue } from './incoming.ts'
import { createReply, emptyReply, jsonReply, OCTETS, Reply, type ReplyHeaders, TEXT } from './reply.ts'
import { placeIssues, type Schema, SchemaMismatch, validate } from './schema.ts'
import {
  type Chunk,
  type Encoding,
  isNodeReadable,
  isWebStream,
  Source,
  type SourceResult,
} from './source.ts'

/** What of a route decides the form of its reply. */
export interface ReplyShape {
  readonly returns: Schema | undefined
  readonly streams: readonly Format[] | undefined
  readonly status: number | undefined
}

/** A value that knows how to become a reply once the request is at hand (`reply.file`). */
export interface Responder {
  respond(exchange: Exchange): Reply | Promise<Reply>
}

export function toReply(value: unknown, exchange: Exchange, shape: ReplyShape): Reply | Promise<Reply> {
  if (value instanceof Reply) return adopt(value, exchange)
  if (shape.streams === undefined && shape.returns === undefined) return inferReply(value, exchange, shape)
  if (value instanceof Response) return fromResponse(value, exchange)
  if (isResponder(value)) return value.respond(exchange)
  if (shape.streams !== undefined) return streamed(value, exchange, shape.streams, shape.status)
  const checked = validate(shape.returns!, value, (issues) =>
    mismatch('What the handler returned', 'returns', issues),
  )
  return checked instanceof Promise
    ? checked.then((settled) => jsonReply(settled, statusOf(shape)))
    : jsonReply(checked, statusOf(shape))
}

function statusOf(shape: ReplyShape): { status: number } | undefined {
  return shape.status === undefined ? undefined : { status: shape.status }
}

function mismatch(what: string, place: string, issues: Parameters<typeof placeIssues>[1]): SchemaMismatch {
  return new SchemaMismatch(what, placeIssues(place, issues))
}

/** Without a declaration, the kind of value decides; what has no obvious form is JSON. */
function inferReply(value: unknown, exchange: Exchange, shape: ReplyShape): Reply | Promise<Reply> {
  const init = statusOf(shape)
  if (typeof value === 'string') return createReply(TEXT, { kind: 'text', text: value }, init)
  if (value === undefined) return emptyReply(init)
  if (value === null || typeof value !== 'object') return jsonReply(value, init)
  if (Array.isArray(value)) return jsonReply(value, init)
  const prototype = Object.getPrototypeOf(value) as unknown
  if (prototype === Object.prototype) return jsonReply(value, init)
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    return createReply(OCTETS, { kind: 'bytes', bytes }, init)
  }
  if (value instanceof ArrayBuffer)
    return createReply(OCTETS, { kind: 'bytes', bytes: new Uint8Array(value) }, init)
  if (value instanceof Response) return fromResponse(value, exchange)
  if (isResponder(value)) return value.respond(exchange)
  if (isWebStream(value) || isNodeReadable(value)) return rawStream(value, exchange, init)
  if (isIterable(value)) return streamed(value, exchange, undefined, shape.status)
  return jsonReply(value, init)
}

function isResponder(value: unknown): value is Responder {
  return (
    typeof value === 'object' && value !== null && 'respond' in value && typeof value.respond === 'function'
  )
}

/** Maps, Sets and other collections are iterable too, but only iterators and async iterables mean a stream. */
function isIterable(value: object): boolean {
  return Symbol.asyncIterator in value || (Symbol.iterator in value && 'next' in value)
}

/** A reply made by hand: its source, if it has one, must not outlive the request. */
function adopt(reply: Reply, exchange: Exchange): Reply | Promise<Reply> {
  if (reply.body.kind !== 'stream') return reply
  exchange.own(reply.body.source)
  return exchange.method === 'HEAD' ? reply : hold(reply, reply.body.source, exchange, Infinity)
}

function rawStream(
  value: object,
  exchange: Exchange,
  init: { status: number } | undefined,
): Reply | Promise<Reply> {
  const source = Source.from(value)!
  return adopt(createReply(OCTETS, { kind: 'stream', source, length: undefined }, init), exchange)
}

function fromResponse(response: Response, exchange: Exchange): Reply | Promise<Reply> {
  if (response.type === 'error') throw new TypeError('Response.error() cannot be sent. Throw an HttpError.')
  const headers: ReplyHeaders = {}
  for (const [name, value] of response.headers) if (name !== 'set-cookie') headers[name] = value
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  if (response.body === null) return new Reply(response.status, headers, { kind: 'none' })
  const length = headers['content-length']
  const source = Source.from(response.body)!
  const known = typeof length === 'string' ? Number(length) : undefined
  return adopt(new Reply(response.status, headers, { kind: 'stream', source, length: known }), exchange)
}

/**
 * A stream of items. The first item is pulled before the head is decided, so that an error in front
 * of it is a real status.
 */
function streamed(
  value: unknown,
  exchange: Exchange,
  formats: readonly Format[] | undefined,
  status: number | undefined,
): Reply | Promise<Reply> {
  if (value instanceof Promise) return value.then((settled) => streamed(settled, exchange, formats, status))
  const source = Source.from(value)
  if (source === undefined) {
    throw new TypeError(
      'A route that declares `streams` must return something iterable: write it as a generator.',
    )
  }
  exchange.own(source)
  if (formats === undefined) return streamInferred(source, exchange, status)
  const offer = negotiate(formats, exchange)
  const { format } = offer
  const reply = streamHead(offer, formats, status)
  source.encoding = itemEncoding(format, exchange)
  if (exchange.method === 'HEAD') return reply
  reply.body = { kind: 'stream', source, length: undefined }
  return hold(reply, source, exchange, format.holdMs)
}

async function streamInferred(
  source: Source,
  exchange: Exchange,
  status: number | undefined,
): Promise<Reply> {
  if (exchange.method === 'HEAD') return new Reply(status ?? 200, {}, { kind: 'none' })
  const first = (await pullFirst(source, exchange, Infinity))!
  const format = exchange.engine.inferFormat(first.done === true ? '' : first.value)
  source.encoding = itemEncoding(format, exchange)
  await source.prime(first)
  const reply = streamHead({ format, contentType: format.contentType }, [format], status)
  reply.body = { kind: 'stream', source, length: undefined }
  return reply
}

/** The head of a stream in a format: also all that a HEAD request needs. */
export function streamHead(offer: Offer, offered: readonly Format[], status: number | undefined): Reply {
  const { contentType, format } = offer
  const headers: ReplyHeaders = { 'content-type': contentType, ...UNBUFFERED, ...format.headers }
  if (offered.length > 1) headers['vary'] = 'Accept'
  return new Reply(status ?? 200, headers, { kind: 'none' })
}

/** A format under one of the media types it goes by. */
export interface Offer {
  readonly format: Format
  readonly contentType: string
}

/** Asks the proxies on the way not to hold a stream back: nginx by its own header, others by RFC 10036. */
const UNBUFFERED: ReplyHeaders = { 'x-accel-buffering': 'no', incremental: '?1' }

/** @throws {HttpError} 406 when the client accepts none of several formats. */
export function negotiate(formats: readonly Format[], exchange: Exchange): Offer {
  const sole = formats[0]!
  if (formats.length === 1 && sole.mediaTypes.length === 1)
    return { format: sole, contentType: sole.contentType }
  const offers = formats.flatMap((format) =>
    format.mediaTypes.map((type, index) => ({
      type,
      offer: { format, contentType: index === 0 ? format.contentType : type },
    })),
  )
  const accept = headerValue(exchange.request.headers, 'accept')
  const types = offers.map(({ type }) => type)
  const index = negotiateMediaType(accept, types)
  if (index !== -1) return offers[index]!.offer
  // A route with one format has nothing to negotiate; only its two names for it (jsonl) are a choice.
  if (formats.length === 1) return offers[0]!.offer
  throw new HttpError('NOT_ACCEPTABLE', {
    detail: `This stream comes as ${types.join(', ')}.`,
    headers: { vary: 'Accept' },
  })
}

function itemEncoding(format: Format, exchange: Exchange): Encoding {
  const { schema, failure } = format
  const fail = (error: unknown) =>
    failure === undefined ? undefined : failure(toHttpError(error).toProblem())
  if (schema === undefined) {
    return {
      encode: (item) =>
        item instanceof StreamEvent ? format.encode(item.data, item.meta) : format.encode(item, undefined),
      failure: fail,
    }
  }
  let count = 0
  return {
    encode(item): Chunk | Promise<Chunk> {
      const meta = item instanceof StreamEvent ? item.meta : undefined
      const data = item instanceof StreamEvent ? item.data : item
      const index = count++
      const checked = validate(schema, data, (issues) =>
        mismatch(`Item ${index} of ${exchange.route}`, 'item', issues),
      )
      return checked instanceof Promise
        ? checked.then((settled) => format.encode(settled, meta))
        : format.encode(checked, meta)
    },
    failure: fail,
  }
}

/** Pulls the first item before the reply is given on; after `holdMs` the head goes without it. */
function hold(reply: Reply, source: Source, exchange: Exchange, holdMs: number): Reply | Promise<Reply> {
  const first = pullFirst(source, exchange, holdMs)
  const primed = first instanceof Promise ? first.then(prime) : prime(first)
  return primed === undefined ? reply : primed.then(() => reply)

  function prime(result: SourceResult | undefined): void | Promise<void> {
    if (result !== undefined) return source.prime(result)
  }
}

/**
 * Pulls the first item, for no longer than `holdMs`: then the item stays in front of the source, and
 * the result is undefined. Rejects at once when the request is cancelled, since not every source
 * listens to that.
 */
function pullFirst(
  source: Source,
  exchange: Exchange,
  holdMs: number,
): SourceResult | Promise<SourceResult | undefined> {
  const first = source.next()
  if (!isPromiseLike(first)) return first
  return new Promise((resolve, reject) => {
    let cancelTimer = () => {}
    let unsubscribe = () => {}
    const settle = () => {
      cancelTimer()
      unsubscribe()
    }
    if (holdMs !== Infinity) {
      cancelTimer = exchange.engine.clock.after(holdMs, () => {
        settle()
        source.unshift(first)
        resolve(undefined)
      })
    }
    first.then(
      (result) => {
        settle()
        if (typeof result === 'object' && result !== null) resolve(result)
        else reject(new TypeError('An iterator gave something that is no iterator result.'))
      },
      (error: unknown) => {
        settle()
        source.markEnded({ error })
        reject(toError(error))
      },
    )
    unsubscribe = exchange.cancellation.subscribe((error) => {
      settle()
      reject(error)
    })
  })
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('Something was thrown that is no Error.', { cause: thrown })
}

function isPromiseLike(value: object): value is PromiseLike<SourceResult> {
  return 'then' in value
}
