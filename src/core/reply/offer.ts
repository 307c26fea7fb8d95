import { negotiateMediaType } from '../../wire/negotiation.ts'
import { HttpError } from '../error.ts'
import type { Exchange } from '../exchange.ts'
import type { Format } from './format.ts'
import { headerValue } from '../incoming.ts'
import { Reply, type ReplyHeaders } from './reply.ts'

/** The head of a stream in a format: also all that a HEAD request needs. */
export function streamHead(offer: Offer, offered: readonly Format[], status: number | undefined): Reply {
  const { contentType, format } = offer
  const headers: ReplyHeaders = { 'content-type': contentType, ...UNBUFFERED, ...format.headers }
  if (offered.length > 1 || (offered[0]?.mediaTypes.length ?? 0) > 1) headers['vary'] = 'Accept'
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
