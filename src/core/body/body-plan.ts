import type { InputIssue } from '../error.ts'
import { HttpError, UsageError } from '../error.ts'
import type { Exchange } from '../exchange.ts'
import type { Format } from '../reply/format.ts'
import type { Incoming } from '../incoming.ts'
import { foreignOrigin } from '../origin.ts'
import type { RequestBody } from './body.ts'
import type { BodyReader } from './body-reader.ts'
import type { BodyRoom } from './body-room.ts'
import {
  acceptsUndefined,
  checkSent,
  isSchema,
  placeIssues,
  type Schema,
  validationFailed,
} from '../schema.ts'
import { parseJson } from '../../wire/json.ts'
import { JsonLineDecoder } from '../../wire/jsonl.ts'

/** Reads and validates the body a route declared, which is known to be readable; adds to `issues` what does not pass. */
export type BodyPlan = (exchange: Exchange, issues: InputIssue[], inputs: { body?: unknown }) => Promise<void>

/** Decides once, when the app starts, how a route reads its body. */
export function planBody(declared: Schema | Format | BodyReader | undefined): BodyPlan | undefined {
  if (declared === undefined) return undefined
  if (isSchema(declared)) return schemaPlan(declared)
  if ('plan' in declared) return declared.plan as BodyPlan
  if (declared.name === 'text') return textPlan(declared)
  if (declared.name === 'bytes') return bytesPlan(declared)
  if (declared.name === 'jsonl') return itemsPlan(declared)
  throw new UsageError(
    `A body cannot be declared as "${declared.name}". Use a schema, text, text(type), bytes(type), jsonl(schema), form(parts) or multipart(parts).`,
  )
}

function schemaPlan(schema: Schema): BodyPlan {
  const isOptional = acceptsUndefined(schema)
  return async ({ rawBody, request }, issues, inputs) => {
    assertFormOrigin(rawBody, request)
    const raw = isOptional && (await isEmpty(rawBody)) ? undefined : await parse(rawBody)
    const result = await checkSent(schema, raw)
    if (result.issues === undefined) inputs.body = result.value
    else issues.push(...placeIssues('body', result.issues))
  }
}

/** Whether there is no content. What comes in pieces has to be read to know it. */
async function isEmpty(body: RequestBody): Promise<boolean> {
  return body.length === undefined ? (await body.bytes()).byteLength === 0 : body.length === 0
}

/** A page may send a form anywhere without asking; JSON needs no such check, since it has to ask for that. */
export function assertFormOrigin(body: RequestBody, request: Incoming): void {
  if (!FORM_TYPES.has(body.mediaType ?? '') || foreignOrigin(request) === undefined) return
  throw new HttpError('FORBIDDEN', { detail: 'A form from another origin is refused. Send JSON.' })
}

const FORM_TYPES = new Set(['application/x-www-form-urlencoded', 'multipart/form-data'])

/** The media type decides how the body is read. A missing one is refused: a guess could be forged across sites. */
function parse(body: RequestBody): Promise<unknown> {
  const type = body.mediaType
  if (type === 'application/json' || type?.endsWith('+json') === true) return body.json()
  if (type === 'application/x-www-form-urlencoded') return body.form()
  throw unsupported(type, 'application/json')
}

function textPlan(format: Format): BodyPlan {
  const wanted = format.mediaTypes[0]!
  const takes = (type: string) => (wanted === 'text/plain' ? type.startsWith('text/') : type === wanted)
  return async ({ rawBody }, _issues, inputs) => {
    if (!takes(rawBody.mediaType ?? '')) throw unsupported(rawBody.mediaType, wanted)
    inputs.body = await rawBody.text()
  }
}

function bytesPlan(format: Format): BodyPlan {
  const wanted = format.mediaTypes[0]!
  return async ({ rawBody }, _issues, inputs) => {
    if (wanted !== 'application/octet-stream' && rawBody.mediaType !== wanted)
      throw unsupported(rawBody.mediaType, wanted)
    inputs.body = rawBody
  }
}

/** The items of a JSON Lines body, each validated when it is asked for: the sender waits for the handler. */
function itemsPlan(format: Format): BodyPlan {
  return async (exchange, _issues, inputs) => {
    const { bodyIntake, rawBody, log, route } = exchange
    if (!format.mediaTypes.includes(rawBody.mediaType ?? '')) {
      throw unsupported(rawBody.mediaType, format.mediaTypes[0]!)
    }
    bodyIntake.claim()
    inputs.body = readItems(rawBody, bodyIntake.room, format, (issues) => {
      // The first is told whole, and how many there were with the ending: a sender must not fill the log.
      if (exchange.lifetime.dropped++ > 0) return
      log.warn({ route, issues }, 'An item of a request body was dropped')
    })
  }
}

type Dropped = (issues: readonly InputIssue[]) => void

/** A line may be as long as this before it counts as collected. */
const FREE_LINE = 64 * 1024

async function* readItems(
  body: RequestBody,
  room: BodyRoom,
  format: Format,
  onDrop: Dropped,
): AsyncGenerator<unknown> {
  const decoder = new JsonLineDecoder({ parse: parseJson })
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let index = 0
  let unfinished = 0
  let kept = FREE_LINE
  for await (const bytes of body) {
    const items = decode(() => decoder.push(utf8.decode(bytes, { stream: true })))
    unfinished = items.length === 0 ? unfinished + bytes.byteLength : 0
    if (unfinished > kept) {
      room.keep(unfinished - kept)
      kept = unfinished
    }
    for (const item of items) {
      const checked = await checkItem(format, item, index++, onDrop)
      if (checked !== undefined) yield checked.value
    }
    // A bad line behind good ones is told now, not when the sender has more to say.
    decode(() => decoder.push(''))
  }
  const last = decode(() => [...decoder.push(utf8.decode()), decoder.end()])[0]
  if (last === undefined) return
  const checked = await checkItem(format, last, index, onDrop)
  if (checked !== undefined) yield checked.value
}

/** @throws {HttpError} 400 for what is not JSON Lines in UTF-8, 413 for a line that is too long. */
function decode(read: () => unknown[]): unknown[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError('BODY_TOO_LARGE', { detail: error.message })
    const detail = error instanceof SyntaxError ? error.message : 'Not valid UTF-8.'
    throw new HttpError('MALFORMED_BODY', { detail })
  }
}

/** @throws {HttpError} 422 with the item's index, unless the format says to drop it. */
async function checkItem(
  format: Format,
  item: unknown,
  index: number,
  onDrop: Dropped,
): Promise<{ readonly value: unknown } | undefined> {
  if (format.schema === undefined) return { value: item }
  const result = await checkSent(format.schema, item)
  if (result.issues === undefined) return { value: result.value }
  const issues = placeIssues('body', result.issues).map((issue) => ({
    ...issue,
    path: [index, ...issue.path],
  }))
  if (format.invalid === 'fail') throw validationFailed(issues)
  onDrop(issues)
  return undefined
}

/** The 415 of a body that is of another type than the route takes. */
export function unsupported(sent: string | undefined, wanted: string): HttpError {
  const detail =
    sent === undefined ? `Send a content-type; this route takes ${wanted}.` : `This route takes ${wanted}.`
  return new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail, headers: { accept: wanted } })
}
