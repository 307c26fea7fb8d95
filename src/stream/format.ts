import type { Format, ItemEncoder, SchemaFormat } from '../core/reply/format.ts'
import { OCTETS } from '../core/reply/reply.ts'
import { assertAmount, assertOneOf, assertOptions, namesOf } from '../core/option.ts'
import { type AnySchema, isSchema } from '../core/schema.ts'
import { RAW } from '../core/reply/source.ts'
import { mediaTypeCharset, mediaTypeEssence } from '../wire/header.ts'
import { encodeJson, encodeJsonLine, encodeJsonSeq } from '../wire/jsonl.ts'
import { encodeSse } from '../wire/sse.ts'

export interface ItemOptions {
  /** What happens to an item that does not pass the schema: `fail` (default) or `drop`, which counts it. */
  readonly invalid?: 'fail' | 'drop'
  /** Ends a complete stream with a mark, so that a reader can tell; default: only if the client asks for it. */
  readonly end?: boolean
}

export interface SseOptions extends ItemOptions {
  /** Milliseconds without an event after which a comment is sent, so that nobody on the way takes the stream for dead. Default 15 000; 0 for none. */
  readonly heartbeat?: number
  /** Tells the client how long to wait before it reconnects, in milliseconds. */
  readonly retry?: number
  /** Ends the stream cleanly after so many milliseconds, with a `retry`, so that clients come back. */
  readonly maxAge?: number
}

const UTF8_TEXT: ItemEncoder = {
  encode(item) {
    if (typeof item === 'string') return item
    const [what, then] = ArrayBuffer.isView(item)
      ? ['bytes', 'Stream them with bytes(type)']
      : [`a value of type ${typeof item}`, 'Convert it before the yield']
    throw new TypeError(`A text stream takes strings, not ${what}. ${then}.`)
  },
}

function textFormat(mediaType: string): Format<string, 'text'> {
  const essence = mediaTypeEssence(mediaType)
  const charset = mediaTypeCharset(mediaType)
  if (!/^[^\s/]+\/[^\s/]+$/.test(essence) || (charset ?? 'utf-8') !== 'utf-8') {
    throw new TypeError(
      `text(${JSON.stringify(mediaType)}): give a media type, as in text('text/csv'). Text is sent as UTF-8.`,
    )
  }
  return Object.freeze({
    name: 'text',
    contentType: charset === undefined ? `${mediaType}; charset=utf-8` : mediaType,
    mediaTypes: [essence],
    invalid: 'fail',
    holdMs: Infinity,
    end: false,
    encoder: () => UTF8_TEXT,
  })
}

/** Text as it is, or called for text of another media type. */
export interface TextFormat extends Format<string, 'text'> {
  (mediaType: string): Format<string, 'text'>
}

/**
 * Text, item by item, as UTF-8: `text` is text/plain, `text('text/csv')` another type. The head waits for
 * the first item. As a `body`, `text` takes every type of text/*, and `text(type)` that type alone.
 *
 * @throws {TypeError} for what is no media type, and for another charset than UTF-8.
 */
export const text: TextFormat = callable(
  (mediaType: string) => textFormat(mediaType),
  textFormat('text/plain'),
)

/** A format that can be called for others of its kind. A function has a `name` of its own, which cannot be assigned. */
function callable<F extends Format, Call>(call: Call, format: F): F & Call {
  return Object.freeze(Object.defineProperties(call, Object.getOwnPropertyDescriptors(format))) as F & Call
}

const OCTET_STREAM: ItemEncoder = { encode: (item) => RAW.encode(item) as Uint8Array }

/**
 * Bytes of a media type, chunk by chunk. The head waits for the first chunk.
 *
 * @param mediaType default application/octet-stream.
 */
export function bytes(mediaType: string = OCTETS): Format<Uint8Array, 'bytes'> {
  return Object.freeze({
    name: 'bytes',
    contentType: mediaType,
    mediaTypes: [mediaTypeEssence(mediaType)],
    invalid: 'fail',
    holdMs: Infinity,
    end: false,
    encoder: () => OCTET_STREAM,
  })
}

const JSON_LINES: ItemEncoder = {
  encode: encodeJsonLine,
  endMark: encodeJsonLine({ $end: true }),
  failure: (problem) => encodeJsonLine({ $error: problem }),
}

/**
 * JSON Lines: one JSON value per line, as application/jsonl (or application/x-ndjson, if the client
 * asks for that). As a `body` it gives the handler the validated items as they arrive.
 *
 * The head waits for the first item. When the stream fails later, the last line is
 * `{"$error": <problem document>}` and the connection is cut; a marked end is the line `{"$end":true}`.
 *
 * @param schema what each item must pass; without one they are taken as they are.
 */
export function jsonl<S extends AnySchema = AnySchema>(
  schema?: S,
  options: ItemOptions = {},
): SchemaFormat<S, 'jsonl'> {
  return Object.freeze({
    name: 'jsonl',
    contentType: 'application/jsonl',
    mediaTypes: ['application/jsonl', 'application/x-ndjson'],
    holdMs: Infinity,
    ...itemPart('jsonl', schema, options),
    encoder: () => JSON_LINES,
  } satisfies Format)
}

const JSON_SEQ: ItemEncoder = {
  encode: encodeJsonSeq,
  endMark: encodeJsonSeq({ $end: true }),
  failure: (problem) => encodeJsonSeq({ $error: problem }),
}

/** JSON text sequences (RFC 7464): like JSON Lines, with a record separator in front of every item. */
export function jsonSeq<S extends AnySchema = AnySchema>(
  schema?: S,
  options: ItemOptions = {},
): SchemaFormat<S, 'json-seq'> {
  return Object.freeze({
    name: 'json-seq',
    contentType: 'application/json-seq',
    mediaTypes: ['application/json-seq'],
    holdMs: Infinity,
    ...itemPart('jsonSeq', schema, options),
    encoder: () => JSON_SEQ,
  } satisfies Format)
}

/** One JSON array, streamed item by item. An end without the closing bracket is a cut. */
export function jsonArray<S extends AnySchema = AnySchema>(
  schema?: S,
  options: ItemOptions = {},
): SchemaFormat<S, 'json-array'> {
  return Object.freeze({
    name: 'json-array',
    contentType: 'application/json',
    mediaTypes: ['application/json'],
    holdMs: Infinity,
    ...itemPart('jsonArray', schema, options),
    encoder: () => arrayEncoder(),
  } satisfies Format)
}

function arrayEncoder(): ItemEncoder {
  let separator = '[\n'
  return {
    encode(item) {
      const line = separator + encodeJson(item)
      separator = ',\n'
      return line
    },
    closing: () => (separator === '[\n' ? '[]\n' : '\n]\n'),
  }
}

/** How long the head of an event stream waits for its first event, so that `onopen` is not late. */
const SSE_HOLD_MS = 100
const SSE_HEARTBEAT_MS = 15_000

/**
 * Server-sent events (WHATWG HTML section 9.2): each item is the JSON `data` of an event; give it an
 * id, a name or a retry time with `event(data, meta)`. Any method may answer with it; a reply of 204
 * tells an EventSource to stop coming back.
 *
 * The head waits at most 100 ms for the first event. When the stream fails later, the last event is
 * named `error`, carries a problem document, and the connection is cut; a marked end is an event
 * named `end`. At shutdown the stream ends cleanly with a `retry`, so that its reader comes back.
 *
 * @param schema what each item must pass; without one they are taken as they are.
 */
export function sse<S extends AnySchema = AnySchema>(
  schema?: S,
  options: SseOptions = {},
): SchemaFormat<S, 'sse'> {
  const { heartbeat = SSE_HEARTBEAT_MS, retry, maxAge } = options
  for (const each of ['heartbeat', 'retry', 'maxAge'] as const)
    assertAmount(options[each], `sse: "${each}"`, 'milliseconds')
  const encoder = retry === undefined ? EVENTS : { ...EVENTS, retryMs: retry, opening: encodeSse({ retry }) }
  return Object.freeze({
    name: 'sse',
    contentType: 'text/event-stream',
    mediaTypes: ['text/event-stream'],
    headers: { 'cache-control': 'no-cache, no-transform' },
    holdMs: SSE_HOLD_MS,
    ...(heartbeat === 0 ? undefined : { heartbeat: { ms: heartbeat, chunk: encodeSse({ comment: '' }) } }),
    ...(maxAge === undefined ? undefined : { maxAgeMs: maxAge }),
    ...itemPart('sse', schema, options),
    encoder: () => encoder,
  } satisfies Format)
}

const EVENTS: ItemEncoder = {
  encode: (item, meta) =>
    encodeSse(meta === undefined ? { data: encodeJson(item) } : { ...meta, data: encodeJson(item) }),
  endMark: encodeSse({ event: 'end', data: '{}' }),
  failure: (problem) => encodeSse({ event: 'error', data: JSON.stringify(problem) }),
  farewell: (retryMs) => encodeSse({ retry: retryMs }),
}

const ITEM_OPTIONS = namesOf<ItemOptions>({ invalid: true, end: true })
const SSE_OPTIONS = namesOf<SseOptions>({
  invalid: true,
  end: true,
  heartbeat: true,
  retry: true,
  maxAge: true,
})

function itemPart(name: string, schema: AnySchema | undefined, options: ItemOptions) {
  assertOptions(options, name === 'sse' ? SSE_OPTIONS : ITEM_OPTIONS, name)
  assertOneOf(options.invalid, ['fail', 'drop'], `${name}: "invalid"`)
  const { invalid = 'fail', end = false } = options
  if (schema === undefined) return { invalid, end }
  if (isSchema(schema)) return { schema, invalid, end }
  throw new TypeError(`${name}(schema) takes a Standard Schema (zod, valibot, arktype, ...).`)
}

const INFERRED_BYTES = bytes()
const INFERRED_JSON = jsonl()

/** For a generator that declares no format: strings are text, bytes octets, everything else JSON Lines. */
export function inferFormat(first: unknown): Format {
  if (typeof first === 'string') return text
  if (ArrayBuffer.isView(first) || first instanceof ArrayBuffer) return INFERRED_BYTES
  return INFERRED_JSON
}
