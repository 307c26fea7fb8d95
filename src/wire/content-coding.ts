/** Content codings (RFC 9110 section 8.4): which one to send, and which ones a body came in. */
import Negotiator from 'negotiator'

/** A content coding that a reply may have. */
export type Coding = 'gzip' | 'br' | 'zstd'

/** `encodings` takes the server's preferences since 1.0; its types do not know yet. */
interface Preferring {
  encodings(
    available: readonly string[],
    options: { readonly preferred: readonly string[] },
  ): readonly string[]
}

/**
 * Picks a content coding by an `Accept-Encoding` field (RFC 9110 section 12.5.3). Among those that the
 * client likes alike, the server's order decides.
 *
 * @param accept the field's value.
 * @param offers codings in the server's order of preference; `identity` comes last by itself.
 * @returns `identity` to send the body as it is, undefined when the client refuses that, too.
 */
export function negotiateCoding(accept: string, offers: readonly Coding[]): Coding | 'identity' | undefined {
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accept } }) as unknown as Preferring
  return negotiator.encodings([...offers, 'identity'], { preferred: offers })[0] as Coding | 'identity'
}

/**
 * The codings of a `Content-Encoding` field, in the order in which they were applied, by their
 * registered names in lower case. `identity` is left out: it does nothing.
 */
export function readContentCodings(value: string): string[] {
  return value
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '' && each !== 'identity')
    .map((each) => (each === 'x-gzip' ? 'gzip' : each))
}
