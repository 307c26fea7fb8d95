import type { InputIssue } from './error.ts'
import { HttpError, UsageError } from './error.ts'
import type { Exchange } from './exchange.ts'
import type { Format } from './format.ts'
import type { RequestBody } from './body.ts'
import { isSchema, placeIssues, type Schema } from './schema.ts'

/** Reads and validates the body a route declared; adds to `issues` what does not pass. */
export type BodyPlan = (exchange: Exchange, issues: InputIssue[], inputs: { body?: unknown }) => Promise<void>

/** Decides once, when the app starts, how a route reads its body. */
export function planBody(declared: Schema | Format | undefined): BodyPlan | undefined {
  if (declared === undefined) return undefined
  if (isSchema(declared)) return schemaPlan(declared)
  if (declared.name === 'text') return textPlan
  if (declared.name === 'bytes') return bytesPlan(declared)
  throw new UsageError(`A body cannot be declared as "${declared.name}". Use a schema, text or bytes(type).`)
}

function schemaPlan(schema: Schema): BodyPlan {
  return async ({ rawBody }, issues, inputs) => {
    rawBody.assertFits()
    const raw = await parse(rawBody)
    const result = await schema['~standard'].validate(raw)
    if (result.issues === undefined) inputs.body = result.value
    else issues.push(...placeIssues('body', result.issues))
  }
}

/** The media type decides how the body is read. A missing one is refused: a guess could be forged across sites. */
function parse(body: RequestBody): Promise<unknown> {
  const type = body.mediaType
  if (type === 'application/json' || type?.endsWith('+json') === true) return body.json()
  if (type === 'application/x-www-form-urlencoded') return body.form()
  throw unsupported(type, 'application/json')
}

const textPlan: BodyPlan = async ({ rawBody }, _issues, inputs) => {
  rawBody.assertFits()
  const type = rawBody.mediaType
  if (type === undefined || !type.startsWith('text/')) throw unsupported(type, 'text/plain')
  inputs.body = await rawBody.text()
}

function bytesPlan(format: Format): BodyPlan {
  const wanted = format.mediaTypes[0]!
  return async ({ rawBody }, _issues, inputs) => {
    rawBody.assertFits()
    if (wanted !== 'application/octet-stream' && rawBody.mediaType !== wanted)
      throw unsupported(rawBody.mediaType, wanted)
    inputs.body = rawBody
  }
}

function unsupported(sent: string | undefined, wanted: string): HttpError {
  const detail =
    sent === undefined ? `Send a content-type; this route takes ${wanted}.` : `This route takes ${wanted}.`
  return new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail, headers: { accept: wanted } })
}
