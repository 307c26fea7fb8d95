/**
 * Replies that are streams. The first item is pulled before the head is decided, so that an error in
 * front of it is a real status.
 */
import type { Exchange } from './exchange.ts'
import type { Format } from './format.ts'
import { itemEncoding } from './item-encoding.ts'
import { negotiate, streamHead } from './offer.ts'
import type { Reply } from './reply.ts'
import { Source, type SourceResult } from './source.ts'

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
  source.encoding = itemEncoding(format, exchange)
  reply.body = { kind: 'stream', source, length: undefined }
  return hold(reply, source, exchange, format.holdMs)
}

async function streamInferred(
  source: Source,
  exchange: Exchange,
  status: number | undefined,
): Promise<Reply> {
  const first = await source.pull()
  const format = exchange.engine.inferFormat(first.done === true ? '' : first.value)
  source.encoding = itemEncoding(format, exchange)
  source.unshift(first)
  const reply = streamHead({ format, contentType: format.contentType }, [format], status)
  reply.body = { kind: 'stream', source, length: undefined }
  return reply
}

/** Pulls the first item before the reply is given on; after `holdMs` the head goes without it. */
export function hold(
  reply: Reply,
  source: Source,
  exchange: Exchange,
  holdMs: number,
): Reply | Promise<Reply> {
  const first = source.next()
  if (!isPromiseLike(first)) {
    source.unshift(first)
    return reply
  }
  return new Promise((resolve, reject) => {
    let held = true
    const release = (result: SourceResult | PromiseLike<SourceResult>) => {
      if (!held) return
      held = false
      source.unshift(result)
      resolve(reply)
    }
    const cancelTimer =
      holdMs === Infinity ? undefined : exchange.engine.clock.after(holdMs, () => release(first))
    first.then(
      (result) => {
        cancelTimer?.()
        release(result)
      },
      (error: unknown) => {
        cancelTimer?.()
        if (held) source.markEnded()
        reject(toError(error))
      },
    )
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
