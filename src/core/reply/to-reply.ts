/** The only place that turns what handlers return into replies. */
import type { Exchange } from '../exchange.ts'
import type { Format } from './format.ts'
import { isNodeReadable, isWebStream } from './puller.ts'
import { createReply, emptyReply, jsonReply, OCTETS, Reply, type ReplyHeaders, TEXT } from './reply.ts'
import { placeIssues, type Schema, SchemaMismatch, validate } from '../schema.ts'
import { Source } from './source.ts'
import { adopt, streamReply } from './stream-reply.ts'

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
  if (value instanceof Reply) return adopt(value.copy(), exchange)
  // Returned where it should have been thrown.
  if (value instanceof Error) throw value
  if (shape.streams === undefined && shape.returns === undefined) return inferReply(value, exchange, shape)
  if (value instanceof Response) return fromResponse(value, exchange)
  if (isResponder(value)) return value.respond(exchange)
  if (shape.streams !== undefined) return streamReply(value, exchange, shape.streams, shape.status)
  const checked = validate(shape.returns!, value, (issues) =>
    mismatch('What the handler returned', 'returns', issues),
  )
  return checked instanceof Promise
    ? checked.then((settled) => valueReply(settled, shape))
    : valueReply(checked, shape)
}

/** A schema may allow a handler to have nothing to say. */
function valueReply(value: unknown, shape: ReplyShape): Reply {
  return value === undefined ? emptyReply(statusOf(shape)) : jsonReply(value, statusOf(shape))
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
  if (isIterable(value)) return streamReply(value, exchange, undefined, shape.status)
  if (value instanceof Map || value instanceof Set) {
    throw new TypeError('A Map or a Set has no JSON form. Return Object.fromEntries(map), or [...set].')
  }
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

function rawStream(
  value: object,
  exchange: Exchange,
  init: { status: number } | undefined,
): Reply | Promise<Reply> {
  const source = Source.from(value)!
  return adopt(createReply(OCTETS, { kind: 'stream', source, length: undefined }, init), exchange)
}

/** Fields of the connection a Response came over (RFC 9110 section 7.6.1); cookies are taken one by one. */
const NOT_PASSED_ON = new Set([
  'set-cookie',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function fromResponse(response: Response, exchange: Exchange): Reply | Promise<Reply> {
  if (response.type === 'error') throw new TypeError('Response.error() cannot be sent. Throw an HttpError.')
  const headers: ReplyHeaders = {}
  for (const [name, value] of response.headers) if (!NOT_PASSED_ON.has(name)) headers[name] = value
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  if (response.body === null) return new Reply(response.status, headers, { kind: 'none' })
  // What fetch() gave is decoded already, but still says what it was.
  if (response.url !== '' && headers['content-encoding'] !== undefined) {
    delete headers['content-encoding']
    delete headers['content-length']
  }
  const length = headers['content-length']
  const source = Source.from(response.body)!
  const known = typeof length === 'string' ? Number(length) : undefined
  return adopt(new Reply(response.status, headers, { kind: 'stream', source, length: known }), exchange)
}
