import Negotiator from 'negotiator'

/**
 * The content codings that a client takes (RFC 9110 section 12.5.3), the best ones first.
 *
 * @param acceptEncoding the field's value; `undefined` takes nothing but what is not coded.
 * @param offers in the server's order of preference, `identity` among them.
 */
export function acceptedCodings(acceptEncoding: string | undefined, offers: readonly string[]): string[] {
  const negotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding ?? '' } })
  const { encodings } = negotiator as unknown as {
    encodings(this: Negotiator, available: readonly string[], options: object): string[]
  }
  return encodings.call(negotiator, offers, { preferred: offers })
}

/** Whether an `Accept` field names a media type: one that takes everything does not want it in particular. */
export function namesMediaType(accept: string | undefined, mediaType: string): boolean {
  if (accept === undefined) return false
  return new Negotiator({ headers: { accept: accept.toLowerCase() } }).mediaTypes().includes(mediaType)
}

/**
 * Picks a media type by an `Accept` field (RFC 9110 section 12.5.1).
 *
 * @param accept the field's value; `undefined` accepts everything.
 * @param offers essences in the server's order of preference.
 * @returns the index of the best offer, or -1 when none is acceptable.
 */
export function negotiateMediaType(accept: string | undefined, offers: readonly string[]): number {
  if (accept === undefined) return offers.length === 0 ? -1 : 0
  const best = new Negotiator({ headers: { accept } }).mediaType([...offers])
  return best === undefined ? -1 : offers.indexOf(best)
}
