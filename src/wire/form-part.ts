/** What the headers of a part of a form say (RFC 7578), and the boundary between parts. */
import { mediaTypeEssence } from './header.ts'
import { MultipartSyntaxError, type PartHeaders } from './multipart.ts'
import { parseParameters } from './parameter.ts'

/** What a part says of itself. */
export interface FormPart {
  readonly name: string
  /** As it was sent, undefined for a field. Empty for a file input in which nothing was chosen. */
  readonly filename: string | undefined
  /** The media type without parameters. Default: text/plain for a field, application/octet-stream for a file. */
  readonly type: string
  readonly headers: PartHeaders
}

/** RFC 2046 section 5.1.1: at most 70 of these, and no space at the end. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/**
 * Reads the boundary of a `multipart/form-data` content type.
 *
 * @throws {MultipartSyntaxError} when it has none that can be one.
 */
export function readBoundary(contentType: string): string {
  const boundary = parseParameters(contentType)?.parameters['boundary']
  if (boundary !== undefined && BOUNDARY.test(boundary)) return boundary
  throw new MultipartSyntaxError(
    'The content type has no valid boundary. Let your client set it: a FormData makes its own.',
  )
}

/** Encodings that change nothing. Others are deprecated (RFC 7578 section 4.7), and nobody sends them. */
const PLAIN = new Set(['7bit', '8bit', 'binary'])

/**
 * Reads the headers of a part of a form.
 *
 * @throws {MultipartSyntaxError} for a part without a name, or that is encoded.
 */
export function readFormPart(headers: PartHeaders): FormPart {
  const disposition = parseParameters(headers['content-disposition'] ?? '')
  if (disposition?.value !== 'form-data')
    throw new MultipartSyntaxError('A part has no content-disposition of form-data.')
  const { name, filename, 'filename*': extended } = disposition.parameters
  if (name === undefined || name === '') throw new MultipartSyntaxError('A part has no name.')
  const encoding = headers['content-transfer-encoding']?.toLowerCase()
  if (encoding !== undefined && !PLAIN.has(encoding))
    throw new MultipartSyntaxError('A part has a content-transfer-encoding. Send the bytes as they are.')
  const given = extended === undefined ? unescaped(filename) : decodeExtended(extended)
  const fallback = given === undefined ? 'text/plain' : 'application/octet-stream'
  return {
    name: unescaped(name),
    filename: given,
    type: mediaTypeEssence(headers['content-type'] ?? '') || fallback,
    headers,
  }
}

/** Browsers write a quote as %22 (WHATWG HTML section 4.10.22.8); line breaks stay as they write them. */
function unescaped(text: string): string
function unescaped(text: string | undefined): string | undefined
function unescaped(text: string | undefined): string | undefined {
  return text?.replaceAll('%22', '"')
}

/** RFC 8187: `UTF-8''na%C3%AFve`. Forms should not have it, and some clients send it. */
function decodeExtended(text: string): string {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(text)?.[1]
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    // Not UTF-8.
  }
  throw new MultipartSyntaxError('A filename* is not in UTF-8.')
}
