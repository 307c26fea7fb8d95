import { assertFormOrigin, unsupported } from '../core/body/body-plan.ts'
import type { BodyReader, FileRule, PartShape } from '../core/body/body-reader.ts'
import type { InputIssue } from '../core/error.ts'
import type { Exchange } from '../core/exchange.ts'
import { headerValue } from '../core/incoming.ts'
import type { SchemaOutput } from '../core/schema.ts'
import { readBoundary } from '../wire/form-part.ts'
import { MultipartParser } from '../wire/multipart.ts'
import { MultipartBody, wellFormed } from './multipart-body.ts'
import type { FieldPart, FilePart } from './part.ts'
import { assertShape, DEFAULT_LIMITS, type FormLimits, largestBody, type SentForm } from './shape.ts'

export const MULTIPART = 'multipart/form-data'

/** What comes out of a form with these parts, one after another. */
export type PartOf<S extends PartShape> = string extends keyof S
  ? FieldPart | FilePart
  : {
      [K in keyof S & string]: S[K] extends FileRule ? FilePart<K> : FieldPart<K, SchemaOutput<S[K]>>
    }[keyof S & string]

/**
 * A form with files (multipart/form-data), as it arrives: the handler iterates over its parts in the order
 * they were sent. A field comes validated by its schema, a file as a stream of its bytes that its sender
 * waits for.
 *
 * Fields without a declaration are left out, files without one are refused (422). A part that is missing at
 * the end is a 422 then. A file that is not read is skipped.
 *
 * @param parts schemas of fields, and `file(...)`, by name. Without it any part is taken.
 * @param limits of the form as a whole; all are on by default.
 * @example
 * app.post('/photos', { body: multipart({ title: z.string(), photo: file() }) }, async ({ body }) => {
 *   for await (const part of body) if (part.kind === 'file') await part.saveTo(`photos/${part.filename}`)
 * })
 * @throws {UsageError} for what is neither a schema nor a file.
 */
export function multipart<const S extends PartShape = PartShape>(
  parts?: S,
  limits: FormLimits = {},
): BodyReader<MultipartBody<PartOf<S>>, SentForm<S>> & { readonly parts: S | undefined } {
  assertShape('multipart', parts)
  const bounds = { ...DEFAULT_LIMITS, ...limits }
  return Object.freeze({
    name: 'multipart',
    mediaTypes: [MULTIPART],
    parts,
    bodyLimit: largestBody(parts, bounds),
    plan: async (exchange: Exchange, _issues: InputIssue[], inputs: { body?: unknown }) => {
      inputs.body = openMultipart<PartOf<S>>(exchange, parts, bounds)
    },
  })
}

/** @throws {HttpError} 415, 403 or 400 for what can be seen before the body is read. */
export function openMultipart<P>(
  exchange: Exchange,
  parts: PartShape | undefined,
  limits: Required<FormLimits>,
): MultipartBody<P> {
  const { bodyIntake, rawBody, request, engine } = exchange
  if (rawBody.mediaType !== MULTIPART) throw unsupported(rawBody.mediaType, MULTIPART)
  assertFormOrigin(rawBody, request)
  const boundary = wellFormed(() => readBoundary(headerValue(request.headers, 'content-type') ?? ''))
  const parser = new MultipartParser(boundary, limits.headerBytes)
  // The handler may read it only when its reply has begun.
  bodyIntake.claim()
  return new MultipartBody(bodyIntake, parser, { parts, limits, disk: engine.disk })
}
