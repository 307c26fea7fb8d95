import { toHttpError } from '../error.ts'
import type { Exchange } from '../exchange.ts'
import { type EventMeta, type Format, type ItemEncoder, StreamEvent } from './format.ts'
import { headerValue } from '../incoming.ts'
import { placeIssues, runSchema, type SchemaIssue, SchemaMismatch, strippingSchema } from '../schema.ts'
import type { Chunk, Encoding } from './source.ts'

/** After a farewell readers come back between these bounds, in milliseconds, so that they do not come all at once. */
const RETRY_FROM_MS = 1000
const RETRY_TO_MS = 5000

/**
 * The encoding of one stream of a format: items validated one by one, marks and last words as the
 * format and the client want them.
 */
export function itemEncoding(format: Format, exchange: Exchange): Encoding {
  const encoder = format.encoder()
  const asked = wantsEndMark(exchange)
  const marked = format.end || asked
  return {
    marksEnd: asked && encoder.endMark !== undefined,
    opening: encoder.opening,
    encode: format.schema === undefined ? encodeAny(encoder) : encodeChecked(format, encoder, exchange),
    finish() {
      const closing = encoder.closing?.()
      return marked ? (encoder.endMark ?? closing) : closing
    },
    failure: (error) => encoder.failure?.(toHttpError(error).toProblem()),
    farewell: () => encoder.farewell?.(spread(encoder.retryMs)),
    heartbeat: format.heartbeat,
    maxAgeMs: format.maxAgeMs,
  }
}

/** A time after which to come back: not before the route says, and not while the server is still gone. */
function spread(retryMs = RETRY_FROM_MS): number {
  const from = Math.max(RETRY_FROM_MS, retryMs)
  const to = Math.max(RETRY_TO_MS, 2 * from)
  return from + Math.round(Math.random() * (to - from))
}

/** A client asks for end marks by `Prefer: stream-end` (RFC 7240), as ours does. */
function wantsEndMark(exchange: Exchange): boolean {
  const prefer = headerValue(exchange.request.headers, 'prefer')
  return prefer !== undefined && /(^|[\s,])stream-end($|[\s,;])/i.test(prefer)
}

function encodeAny(encoder: ItemEncoder): Encoding['encode'] {
  return (item) =>
    item instanceof StreamEvent ? encoder.encode(item.data, item.meta) : encoder.encode(item, undefined)
}

function encodeChecked(format: Format, encoder: ItemEncoder, exchange: Exchange): Encoding['encode'] {
  const schema = strippingSchema(format.schema!)
  let count = 0
  const refuse = (issues: readonly SchemaIssue[], index: number): Chunk | undefined => {
    const error = new SchemaMismatch(`Item ${index} of ${exchange.route}`, placeIssues('item', issues))
    if (format.invalid === 'fail') throw error
    exchange.log.warn({ err: error, route: exchange.route }, 'An item was dropped')
    return undefined
  }
  return (item) => {
    let meta: EventMeta | undefined
    let data = item
    if (item instanceof StreamEvent) {
      meta = item.meta
      data = item.data
    }
    const index = count++
    const result = runSchema(schema, data)
    if (result instanceof Promise) {
      return result.then((settled) =>
        settled.issues === undefined ? encoder.encode(settled.value, meta) : refuse(settled.issues, index),
      )
    }
    return result.issues === undefined ? encoder.encode(result.value, meta) : refuse(result.issues, index)
  }
}
