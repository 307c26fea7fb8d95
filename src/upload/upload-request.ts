/** What a request says of its upload. */
import type { Context } from '../core/context.ts'
import { HttpError } from '../core/error.ts'
import { headerValue } from '../core/incoming.ts'
import { foreignOrigin } from '../core/origin.ts'
import { dispositionFilename } from '../wire/disposition.ts'
import { mediaTypeEssence } from '../wire/header.ts'
import { parseBoolean, parseInteger } from '../wire/upload-field.ts'
import type { UploadInfo } from './store.ts'
import { inconsistent, unknown } from './upload-problem.ts'

const INTEROP_VERSION = 8
export const PARTIAL = 'application/partial-upload'

/** @throws {HttpError} 404 for what cannot be an id: a store may make a path of it. */
export function idOf({ params }: Context): string {
  const { upload } = params as { upload: string }
  if (/^[0-9a-f-]{36}$/.test(upload)) return upload
  throw unknown()
}

/**
 * Whether a new upload comes with its last byte; one whose sender knows nothing of resuming does.
 *
 * @throws {HttpError} 403 for a page of another origin that did not have to ask.
 */
export function isWhole({ request }: Context): boolean {
  const sent = parseBoolean(headerValue(request.headers, 'upload-complete'))
  // Without that header a page may send it anywhere without asking.
  if (sent === undefined && foreignOrigin(request) !== undefined)
    throw new HttpError('FORBIDDEN', { detail: 'An upload from another origin needs Upload-Complete.' })
  return sent ?? true
}

/** A new upload, as its request describes it. */
export function newUpload({ request: { headers } }: Context, length: number | undefined): UploadInfo {
  return {
    id: crypto.randomUUID(),
    length,
    complete: false,
    type: mediaTypeEssence(headerValue(headers, 'content-type') ?? '') || 'application/octet-stream',
    sentFilename: dispositionFilename(headerValue(headers, 'content-disposition')),
    createdAt: Date.now(),
  }
}

/** Tells where a new upload is before its bytes are asked for, to who knows the same version. */
export function informOfUpload({ request }: Context, headers: Readonly<Record<string, string>>): void {
  if (parseInteger(headerValue(request.headers, 'upload-draft-interop-version')) !== INTEROP_VERSION) return
  request.inform?.(104, { ...headers, 'upload-draft-interop-version': String(INTEROP_VERSION) })
}

/**
 * Where an upload is to go on, and whether this is the rest of it.
 *
 * @throws {HttpError} 415 or 400 for a request that does not say.
 */
export function readAppend({ request, body }: Context): {
  readonly offset: number
  readonly complete: boolean
} {
  if (body.mediaType !== PARTIAL) {
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', {
      detail: `Go on with an upload as ${PARTIAL}.`,
      headers: { 'accept-patch': PARTIAL },
    })
  }
  const offset = parseInteger(headerValue(request.headers, 'upload-offset'))
  const complete = parseBoolean(headerValue(request.headers, 'upload-complete'))
  if (offset !== undefined && complete !== undefined) return { offset, complete }
  throw new HttpError('BAD_REQUEST', {
    detail: 'Say where it goes on: Upload-Offset and Upload-Complete.',
  })
}

/**
 * How long an upload is going to be, as far as it is known.
 *
 * @param known what was known before this request.
 * @throws {HttpError} 400 for lengths that contradict each other, 415 for a body with a coding.
 */
export function uploadLength(
  { request, body }: Context,
  offset: number,
  complete: boolean,
  known: number | undefined,
): number | undefined {
  const coding = headerValue(request.headers, 'content-encoding')
  // An offset counts the bytes as their sender has them.
  if (coding !== undefined && coding !== 'identity')
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send the bytes of an upload as they are.' })
  const stated = parseInteger(headerValue(request.headers, 'upload-length'))
  const rest = body.length
  const implied = complete && rest !== undefined ? offset + rest : undefined
  const length = known ?? stated ?? implied
  for (const other of [stated, implied])
    if (other !== undefined && other !== length) throw inconsistent(length!, other)
  if (length !== undefined && offset + (rest ?? 0) > length) throw inconsistent(length, offset + rest!)
  return length
}
