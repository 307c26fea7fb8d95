import { chooseCoding } from './compression.ts'
import type { Exchange } from '../exchange.ts'
import { UsageError } from '../error.ts'
import { observe } from '../observer.ts'
import type { Pace } from './pace.ts'
import { assertBytes, assertHeaderField, assertStatus, assertString } from './reply-check.ts'
import { type Body, JSON_TYPE, type Reply, type ReplyHeaders, type ReplyTiming } from './reply.ts'
import { Source } from './source.ts'
import { announceTrailers, dropTrailers } from './trailer.ts'
import { varyBy } from './vary.ts'

/** Headers that belong to the body that failed, not to the error that is sent instead of it. */
const OF_THE_BODY = /^(content-.*|etag|last-modified|cache-control|accept-ranges)$/

const NO_BODY: Body = { kind: 'none' }

/** Statuses whose replies have no body (RFC 9110 section 15). */
const BODILESS = new Set([204, 205, 304])

/**
 * The last touches before a transport gets a reply: oversized bodies refused, the context's head
 * applied, bodies dropped where there must be none, and the exchange bound to the body's end.
 */
export function finalize(exchange: Exchange, reply: Reply, failed = false): Reply | Promise<Reply> {
  if (!failed && exchange.request.body !== null) {
    const checked = settleBody(exchange, reply)
    if (checked !== undefined) return checked.then(() => complete(exchange, reply, failed))
  }
  return complete(exchange, reply, failed)
}

/** An oversized body is a 413 even if the handler never read it, or swallowed the error of reading it. */
function settleBody(exchange: Exchange, reply: Reply): Promise<void> | undefined {
  if (reply.body.kind === 'upgrade') return undefined
  // A stream that has asked for the body may read it between its items: its sender waits until then.
  if (reply.body.kind === 'stream') exchange.touchedBody?.claim()
  const body = exchange.bodyIntake
  if (body.unsettled) return body.settle().then(() => body.assertFits())
  body.assertFits()
  return undefined
}

function complete(exchange: Exchange, reply: Reply, failed: boolean): Reply {
  const { method, engine } = exchange
  const head = exchange.closeHead()
  if (head !== undefined) {
    if (head.status !== undefined && !failed) reply.status = head.status
    for (const name of Object.keys(head.headers)) {
      // Several have something to say of it: what chose the format, what looked at the origin.
      if (name === 'vary') varyBy(reply.headers, ...[head.headers[name]!].flat())
      else if (!failed || !OF_THE_BODY.test(name)) reply.headers[name] = head.headers[name]!
    }
  }
  assertStatus(reply.status, reply.body.kind === 'upgrade')
  assertBody(reply.body)
  if ('transfer-encoding' in reply.headers || 'trailer' in reply.headers) dropFraming(reply.headers)
  if (reply.body.kind === 'stream') {
    exchange.lifetime.own(reply.body.source)
    reply.body = withStatedLength(reply.body, reply.headers['content-length'])
  }
  if (!failed && head?.trailers !== undefined)
    announceTrailers(reply, head.trailers, exchange.request.protocol, engine.log)
  for (const name in reply.headers) {
    const value = reply.headers[name]!
    // Middleware may have set anything; the commonest value of all is our own.
    if (value !== JSON_TYPE) assertHeaderField(name, value)
  }
  if (exchange.compress !== undefined) chooseCoding(exchange.request, reply, exchange.compress, failed)
  if (method === 'HEAD' || BODILESS.has(reply.status)) dropBody(reply, method === 'HEAD')
  const { status } = reply
  const { throttles } = reply
  const pace = throttles === undefined ? undefined : engine.startPace(throttles, engine.clock)
  const hasItems = pace === undefined || reply.body.kind === 'stream'
  if (pace !== undefined) reply.body = inPieces(reply.body)
  if (takesTime(reply.body)) reply.timing = timingOf(exchange, reply.body, pace)
  // A WebSocket's handler has yet to run, and may call after().
  const observed = engine.observers.length > 0
  if (observed || reply.body.kind === 'upgrade' || exchange.touchedLifetime?.needsEnd === true) {
    reply.onEnd = (ending) => exchange.lifetime.finish(hasItems ? ending : { ...ending, items: 0 }, status)
    exchange.lifetime.bind()
  }
  for (const observer of engine.observers)
    observe(engine.log, () => observer.head?.(exchange.observed, status))
  return reply
}

/** @throws {UsageError} for a body that no transport could send: middleware may have set anything. */
function assertBody(body: Body): void {
  if (body.kind === 'text') return assertString(body.text, 'A body of text', 'Convert it.')
  if (body.kind === 'bytes') return assertBytes(body.bytes, 'A body of bytes', 'Convert them.')
  if (!OTHER_KINDS.has(body.kind))
    throw new UsageError(
      'This reply has no body that can be sent. Make a reply with reply.* and return that.',
    )
}

const OTHER_KINDS: ReadonlySet<Body['kind']> = new Set(['none', 'stream', 'file', 'upgrade'])

/**
 * How a body is framed is the transport's to say. Who copies the headers of another reply copies how that one
 * was, and beside a length of ours it would be two framings (RFC 9112 section 6.3). So are trailers: those of
 * a context are announced with what they need.
 */
function dropFraming(headers: ReplyHeaders): void {
  delete headers['transfer-encoding']
  delete headers['trailer']
}

/** A length that is announced by a header is as binding as one that is stated: the pump sees to it. */
function withStatedLength(
  body: Extract<Body, { kind: 'stream' }>,
  header: string | readonly string[] | undefined,
): Body {
  if (header === undefined || body.length !== undefined) return body
  const length = Number(header)
  if (Number.isSafeInteger(length) && length >= 0) return { ...body, length }
  throw new TypeError('The content-length of a reply must be a number of bytes.')
}

/** Bodies up to this size leave in one go, whoever reads them. */
const SMALL = 64 * 1024

function takesTime(body: Body): boolean {
  if (body.kind === 'text') return body.text.length > SMALL
  if (body.kind === 'bytes') return body.bytes.byteLength > SMALL
  return body.kind === 'stream' || body.kind === 'file'
}

/** A body that is to leave slowly is a stream of its pieces, whatever it was; a file has a writer of its own. */
function inPieces(body: Body): Body {
  if (body.kind !== 'text' && body.kind !== 'bytes') return body
  const bytes = body.kind === 'text' ? new TextEncoder().encode(body.text) : body.bytes
  const { coding } = body
  const whole = { kind: 'stream', source: Source.from([bytes])!, length: bytes.byteLength } as const
  return coding === undefined ? whole : { ...whole, coding }
}

function timingOf({ engine, lifetime, timeouts }: Exchange, body: Body, pace: Pace | undefined): ReplyTiming {
  const { idle, stall, total } = timeouts
  const first = body.kind === 'stream' && body.source.isPending ? timeouts.first : 0
  return { clock: engine.clock, elapsedMs: lifetime.ageMs, first, idle, stall, total, pace }
}

/** HEAD keeps the length that GET would have had, where it is known without producing the body. */
function dropBody(reply: Reply, isHead: boolean): void {
  const { body } = reply
  const keepLength = isHead && !('coding' in body)
  const length = keepLength ? knownLength(body) : undefined
  if (length !== undefined) reply.headers['content-length'] = String(length)
  else if (!keepLength || body.kind !== 'none') delete reply.headers['content-length']
  if (body.kind === 'file') void body.file.close().catch(() => {})
  reply.body = NO_BODY
  dropTrailers(reply)
}

function knownLength(body: Body): number | undefined {
  if (body.kind === 'text') return new TextEncoder().encode(body.text).byteLength
  if (body.kind === 'bytes') return body.bytes.byteLength
  if (body.kind === 'file' || body.kind === 'stream') return body.length
  return undefined
}
