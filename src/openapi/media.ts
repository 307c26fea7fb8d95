/** Formats and schemas as media types with what they carry. */
import type { Format } from '../core/reply/format.ts'
import type { Schema } from '../core/schema.ts'
import type { SchemaSide } from '../core/documentation.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Json } from './dialect.ts'
import type { Writing } from './writing.ts'

/** What a media type object is made for. */
export interface MediaUse {
  readonly side: SchemaSide
  /** For messages. */
  readonly place: string
  /** The name of the schema, should it need one. */
  readonly name: string
  readonly examples?: Readonly<Record<string, readonly unknown[]>> | undefined
}

/** The content of several formats, by media type: what `Accept` may choose from. */
export function formatContent(writing: Writing, formats: readonly Format[], use: MediaUse): Json {
  return Object.fromEntries(
    formats.flatMap((format) =>
      format.mediaTypes.map((mediaType) => [mediaType, formatMedia(writing, format, mediaType, use)]),
    ),
  )
}

/**
 * What one format carries. A sequential media type has an `itemSchema` in OpenAPI 3.2; in the dialect for
 * generators, its `schema` is that of an item, which is what generators make of it.
 */
function formatMedia(writing: Writing, format: Format, mediaType: string, use: MediaUse): Json {
  const is32 = writing.dialect === '3.2'
  switch (format.name) {
    case 'text':
      return { schema: { type: 'string' } }
    case 'bytes':
      // In 3.2 nothing is said of bytes (section 4.14.3); generators know them by an older mark.
      return is32 ? {} : { schema: { type: 'string', format: 'binary', contentMediaType: mediaType } }
    case 'json-array':
      return { schema: { type: 'array', items: item(writing, format, use) }, ...whole(use.examples) }
    case 'sse': {
      const data = item(writing, format, use)
      return is32 ? { itemSchema: eventSchema(data), ...framed(format, use.examples) } : { schema: data }
    }
    default: {
      const schema = item(writing, format, use)
      return is32 ? { itemSchema: schema, ...framed(format, use.examples) } : { schema }
    }
  }
}

function item({ schemas }: Writing, { schema }: Format, { side, place, name }: MediaUse): JsonSchema {
  return schema === undefined ? {} : schemas.use(schema, side, place, name)
}

/** A parsed event, all of whose fields but `retry` are strings (OpenAPI 3.2, section 4.14.4). */
function eventSchema(data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['data'],
    properties: {
      data: { type: 'string', contentMediaType: 'application/json', contentSchema: data },
      event: { type: 'string' },
      id: { type: 'string' },
      retry: { type: 'integer', minimum: 0 },
    },
  }
}

/** Examples of a whole array. */
function whole(examples: MediaUse['examples']): Json {
  if (examples === undefined) return {}
  return { examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])) }
}

/** Examples as data and as they go over the wire. */
function framed(format: Format, examples: MediaUse['examples']): Json {
  if (examples === undefined) return {}
  const entries = Object.entries(examples).map(([name, items]) => {
    const encoder = format.encoder()
    const serializedValue = items.map((each) => encoder.encode(each, undefined)).join('')
    const dataValue = format.name === 'sse' ? items.map((each) => ({ data: JSON.stringify(each) })) : items
    return [name, { dataValue, serializedValue }]
  })
  return { examples: Object.fromEntries(entries) }
}

/** A JSON value of a schema. */
export function jsonMedia(
  { schemas }: Writing,
  schema: Schema,
  {
    side,
    place,
    name,
    examples,
  }: Omit<MediaUse, 'examples'> & { examples?: Readonly<Record<string, unknown>> | undefined },
): Json {
  return {
    schema: schemas.use(schema, side, place, name),
    ...(examples === undefined
      ? undefined
      : { examples: Object.fromEntries(Object.entries(examples).map(([key, value]) => [key, { value }])) }),
  }
}
