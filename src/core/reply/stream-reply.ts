/**
 * Replies that are streams. The first item is pulled before the head is decided, so that an error in
 * front of it is a real status.
 */
import type { Exchange } from '../exchange.ts'
import type { Format } from './format.ts'
import { itemEncoding } from './item-encoding.ts'
import { negotiate, streamHead } from './offer.ts'
import type { SourceResult } from './puller.ts'
import { Reply } from './reply.ts'
import { Source } from './source.ts'

/**
 * Streams what a handler gave in the format the client asked for, or, without declared formats, in
 * the one that fits the first item.
 *
 * @throws {TypeError} for what cannot be streamed.
 */
export function streamReply(
  value: unknown,
  exchange: Exchange,
  formats: readonly Format[] | undefined,
  status: number | undefined,
): Reply | Promise<Reply> {
  if (value instanceof Promise)
    return value.then((settled) => streamReply(settled, exchange, formats, status))
  const source = Source.from(value)
  if (source === undefined) {
    throw new TypeError(
      'A route that declares `streams` must return something iterable: write it as a generator.',
    )
  }
  exchange.lifetime.own(source)
  if (formats === undefined) return streamInferred(source, exchange, status)
  const offer = negotiate(formats, exchange)
  const { format } = offer
  const reply = streamHead(offer, formats, status)
  encode(source, format, reply, exchange)
  if (exchange.method === 'HEAD') return reply
  reply.body = { kind: 'stream', source, length: undefined }
  source.holdMs = format.holdMs
  return hold(reply, source, exchange)
}

async function streamInferred(
  source: Source,
  exchange: Exchange,
  status: number | undefined,
): Promise<Reply> {
  if (exchange.method === 'HEAD') return new Reply(status ?? 200, {}, { kind: 'none' })
  const first = (await pullFirst(source, exchange, Infinity))!
  const format = exchange.engine.inferFormat(first.done === true ? '' : first.value)
  const reply = streamHead({ format, contentType: format.contentType }, [], status)
  encode(source, format, reply, exchange)
  await source.prime(first)
  reply.body = { kind: 'stream', source, length: undefined }
  return reply
}

/** Says in the head, too, that the end will be marked: a reader may then rely on it (RFC 7240 section 3). */
function encode(source: Source, format: Format, reply: Reply, exchange: Exchange): void {
  const encoding = itemEncoding(format, exchange)
  source.encoding = encoding
  if (encoding.marksEnd === true) reply.headers['preference-applied'] = 'stream-end'
}

/**
 * Pulls the first item of a reply that is made elsewhere than in a format, unless somebody has: it must not
 * outlive the request, and what it fails with before its first item is a real status.
 */
export function adopt(reply: Reply, exchange: Exchange): Reply | Promise<Reply> {
  if (reply.body.kind !== 'stream' || !reply.body.source.isFresh) return reply
  const { source } = reply.body
  exchange.lifetime.own(source)
  return exchange.method === 'HEAD' ? reply : source.enter(() => hold(reply, source, exchange))
}

/** Pulls the first item before the reply is given on; after its `holdMs` the head goes without it. */
function hold(reply: Reply, source: Source, exchange: Exchange): Reply | Promise<Reply> {
  const first = pullFirst(source, exchange, source.holdMs)
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
  exchange.cancellation.awaitsFirstItem = holdMs === Infinity
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
        // What was thrown, not an error around it: it is told once, here and by the source.
        reject(error as Error)
      },
    )
    unsubscribe = exchange.cancellation.subscribe((error) => {
      settle()
      reject(error)
    })
  })
}

function isPromiseLike(value: object): value is PromiseLike<SourceResult> {
  return 'then' in value
}
