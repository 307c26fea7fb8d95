/** How the messages of a WebSocket become values, and values messages. */
import { JsonTooDeep, parseJson } from '../../wire/json.ts'
import { checkSent, placeIssues, type Schema, type SchemaIssue } from '../schema.ts'
import type { Message } from './socket.ts'

/** A message as its schema gives it, or what is wrong with it. */
export type ReadMessage = { readonly value: unknown } | { readonly problem: string }

export type MessageReader = (message: Message) => ReadMessage | Promise<ReadMessage>

/**
 * Makes the reader of a route's messages. Binary ones go to the schema as bytes. A schema of strings
 * gets text as it is, one of other types gets it as JSON. Where both are possible, or the schema does
 * not tell (only Standard JSON Schema does), text that is JSON but not a JSON string is tried as JSON
 * first: `{"a":1}` may be the object, while `hello` and `"hello"` are what they look like.
 */
export function messageReader(schema: Schema | undefined): MessageReader {
  if (schema === undefined) return (value) => ({ value })
  const reading = textReading(schema)
  return (message) => {
    if (typeof message !== 'string' || reading === 'string') return check(schema, message)
    if (reading === 'either') return readEither(schema, message)
    const json = parse(message)
    return 'problem' in json ? json : check(schema, json.value)
  }
}

type TextReading = 'string' | 'json' | 'either'

function textReading(schema: Schema): TextReading {
  const { jsonSchema } = schema['~standard'] as { jsonSchema?: { input(options: object): JsonSchema } }
  try {
    const types = jsonSchema === undefined ? [UNKNOWN] : inputTypes(jsonSchema.input({ target: DRAFT }))
    if (types.every((type) => type === 'string')) return 'string'
    return types.some((type) => type === 'string' || type === UNKNOWN) ? 'either' : 'json'
  } catch {
    // Not every schema has a JSON form (a Date, an instance of a class).
    return 'either'
  }
}

const DRAFT = 'draft-2020-12'
const UNKNOWN = 'unknown'

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
}

/** The types of values that a JSON Schema admits. */
function inputTypes(schema: JsonSchema): readonly string[] {
  if (schema.type !== undefined) return [schema.type].flat()
  if ('const' in schema) return [typeof schema.const]
  if (schema.enum !== undefined) return schema.enum.map((value) => typeof value)
  const alternatives = schema.anyOf ?? schema.oneOf
  return alternatives === undefined ? [UNKNOWN] : alternatives.flatMap(inputTypes)
}

/** Text that may be JSON of anything but a string. Most chat lines are not, and need no parser to tell. */
const JSON_START = /^\s*(?:[[{\-\d]|(?:true|false|null)\s*$)/

async function readEither(schema: Schema, text: string): Promise<ReadMessage> {
  const json = JSON_START.test(text) ? parse(text) : undefined
  if (json === undefined || 'problem' in json) return check(schema, text)
  const asJson = await check(schema, json.value)
  if ('value' in asJson) return asJson
  const asText = await check(schema, text)
  return 'value' in asText ? asText : asJson
}

function parse(text: string): ReadMessage {
  try {
    return { value: parseJson(text) }
  } catch (error) {
    return { problem: error instanceof JsonTooDeep ? error.message : 'not valid JSON' }
  }
}

function check(schema: Schema, value: unknown): ReadMessage | Promise<ReadMessage> {
  const result = checkSent(schema, value)
  const judge = (settled: Awaited<typeof result>): ReadMessage =>
    settled.issues === undefined ? { value: settled.value } : { problem: describe(settled.issues) }
  return result instanceof Promise ? result.then(judge) : judge(result)
}

function describe(issues: readonly SchemaIssue[]): string {
  const issue = placeIssues('message', issues)[0]
  if (issue === undefined) return 'not valid'
  return issue.path.length === 0 ? issue.detail : `${issue.path.join('.')}: ${issue.detail}`
}

/**
 * A message as it goes over the wire: strings and bytes as they are, the rest as JSON.
 *
 * @throws {TypeError} for what has no JSON form.
 */
export function encodeMessage(message: unknown): Message {
  if (typeof message === 'string' || message instanceof Uint8Array) return message
  const text = JSON.stringify(message) as string | undefined
  if (text !== undefined) return text
  throw new TypeError(`A ${typeof message} cannot be sent. Send a string, bytes or a JSON value.`)
}

/** What a close frame can say (RFC 6455 section 5.5): 125 bytes, two of them for the code. */
const REASON_BYTES = 123

/** As much of a text as fits into a close frame. */
export function clipReason(text: string): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(REASON_BYTES)).read)
}

/**
 * Checks what a handler wants to close with.
 *
 * @throws {RangeError} for a code that must not be sent (RFC 6455 section 7.4), or too long a reason.
 */
export function assertClose(code: number, reason: string): void {
  const isOfProtocol = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)
  if (!Number.isInteger(code) || !(isOfProtocol || (code >= 3000 && code <= 4999))) {
    throw new RangeError(`A socket cannot be closed with ${code}. Take 1000, or one from 3000 to 4999.`)
  }
  if (clipReason(reason) !== reason)
    throw new RangeError(`The reason of a close has at most ${REASON_BYTES} bytes.`)
}
