/** `Content-Disposition` (RFC 6266). */
import { parseParameters } from './parameter.ts'

/**
 * How a reply wants to be treated, and under which name it is kept: in ASCII for everybody, and whole
 * (RFC 8187) where ASCII does not do.
 *
 * @param type `attachment` to be saved, `inline` to be shown.
 */
export function contentDisposition(type: 'attachment' | 'inline', name: string): string {
  // Half a character cannot be encoded; percent signs are decoded by some in the plain form, too.
  const whole = name.replace(/\p{Surrogate}/gu, '\ufffd')
  const plain = whole.replace(/[^\u0020-\u007e]|["\\%]/gu, '_')
  return plain === whole
    ? `${type}; filename="${plain}"`
    : `${type}; filename="${plain}"; filename*=UTF-8''${encode(whole)}`
}

function encode(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** The name that a sender gave to what it sends; empty if none. For people to read, never for a path. */
export function dispositionFilename(disposition: string | undefined): string {
  if (disposition === undefined) return ''
  const { filename, 'filename*': extended } = parseParameters(disposition)?.parameters ?? {}
  try {
    const encoded = /^utf-8'[^']*'(.*)$/i.exec(extended ?? '')?.[1]
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    // Then the plain one.
  }
  return filename ?? ''
}
