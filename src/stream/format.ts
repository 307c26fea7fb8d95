import { encodeJsonLine } from '../wire/jsonl.ts'
import { encodeSse } from '../wire/sse.ts'
import type { Format } from '../core/format.ts'
import { OCTETS, TEXT } from '../core/reply.ts'
import { isSchema, type Schema, type SchemaInput } from '../core/schema.ts'
import { RAW } from '../core/source.ts'

/** Text, item by item, as UTF-8. The head waits for the first item. */
export const text: Format<string> = Object.freeze({
  name: 'text',
  contentType: TEXT,
  mediaTypes: ['text/plain'],
  holdMs: Infinity,
  encode(item: unknown) {
    if (typeof item === 'string') return item
    throw new TypeError(
      `A text stream takes strings, not a value of type ${typeof item}. Convert it before the yield.`,
    )
  },
})

/**
 * Bytes of a media type, chunk by chunk. The head waits for the first chunk.
 *
 * @param mediaType default application/octet-stream.
 */
export function bytes(mediaType: string = OCTETS): Format<Uint8Array> {
  return Object.freeze({
    name: 'bytes',
    contentType: mediaType,
    mediaTypes: [mediaType.split(';')[0]!.trim().toLowerCase()],
    holdMs: Infinity,
    encode: (item: unknown) => RAW.encode(item) as Uint8Array,
  })
}

/**
 * JSON Lines: one JSON value per line, as application/jsonl (or application/x-ndjson, if the client
 * asks for that). Items are validated by the schema; without one they are taken as they are.
 *
 * The head waits for the first item. When the stream fails later, the last line is
 * `{"error": <problem document>}` and the connection is cut.
 */
export function jsonl(): Format<unknown>
export function jsonl<S extends Schema>(schema: S): Format<SchemaInput<S>>
export function jsonl(schema?: Schema): Format {
  return Object.freeze({
    name: 'jsonl',
    contentType: 'application/jsonl',
    mediaTypes: ['application/jsonl', 'application/x-ndjson'],
    holdMs: Infinity,
    ...schemaPart('jsonl', schema),
    encode: encodeJsonLine,
    failure: (problem) => encodeJsonLine({ error: problem }),
  } satisfies Format)
}

/** How long the head of an event stream waits for its first event, so that `onopen` is not late. */
const SSE_HOLD_MS = 100

/**
 * Server-sent events (WHATWG HTML section 9.2): each item is the JSON `data` of an event; give it an
 * id, a name or a retry time with `event(data, meta)`. Items are validated by the schema.
 *
 * The head waits at most 100 ms for the first event. When the stream fails later, the last event is
 * named `error`, carries a problem document, and the connection is cut.
 */
export function sse(): Format<unknown>
export function sse<S extends Schema>(schema: S): Format<SchemaInput<S>>
export function sse(schema?: Schema): Format {
  return Object.freeze({
    name: 'sse',
    contentType: 'text/event-stream',
    mediaTypes: ['text/event-stream'],
    headers: { 'cache-control': 'no-cache, no-transform' },
    holdMs: SSE_HOLD_MS,
    ...schemaPart('sse', schema),
    encode: (item, meta) =>
      encodeSse(meta === undefined ? { data: json(item) } : { ...meta, data: json(item) }),
    failure: (problem) => encodeSse({ event: 'error', data: JSON.stringify(problem) }),
  } satisfies Format)
}

function schemaPart(name: string, schema: Schema | undefined): { schema?: Schema } {
  if (schema === undefined) return {}
  if (isSchema(schema)) return { schema }
  throw new TypeError(`${name}(schema) takes a Standard Schema (zod, valibot, arktype, ...).`)
}

function json(item: unknown): string {
  const encoded = JSON.stringify(item) as string | undefined
  if (encoded === undefined)
    throw new TypeError(`An event cannot carry a value of type ${typeof item}. Yield a JSON value.`)
  return encoded
}

const INFERRED_BYTES = bytes()
const INFERRED_JSON = jsonl()

/** For a generator that declares no format: strings are text, bytes octets, everything else JSON Lines. */
export function inferFormat(first: unknown): Format {
  if (typeof first === 'string') return text
  if (ArrayBuffer.isView(first) || first instanceof ArrayBuffer) return INFERRED_BYTES
  return INFERRED_JSON
}
