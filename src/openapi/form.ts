/** Forms with files as media types. */
import { type BodyReader, type FileRule, isFileRule } from '../core/body/body-reader.ts'
import { acceptsUndefined, type Schema } from '../core/schema.ts'
import { defined, type Json, nonEmpty } from './dialect.ts'
import type { MediaUse } from './media.ts'
import { pascal } from './name.ts'
import type { Writing } from './writing.ts'

/** The content of a form, by media type. */
export function formContent(writing: Writing, body: BodyReader, use: MediaUse): Json {
  const parts = Object.entries(body.parts ?? {})
  const files = parts.flatMap(([name, part]) => (isFileRule(part) ? [[name, part] as const] : []))
  const schema = defined({
    type: 'object',
    properties: Object.fromEntries(
      parts.map(([name, part]) => [
        name,
        isFileRule(part)
          ? fileSchema(writing, part)
          : writing.schemas.use(part as Schema, use.side, `${use.place}, ${name}`, use.name + pascal(name)),
      ]),
    ),
    required: nonEmpty(
      parts.flatMap(([name, part]) =>
        (isFileRule(part) ? !part.optional : !acceptsUndefined(part as Schema)) ? [name] : [],
      ),
    ),
  })
  const encoding = Object.fromEntries(
    files.flatMap(([name, { types }]) =>
      types === undefined ? [] : [[name, { contentType: types.join(', ') }]],
    ),
  )
  return Object.fromEntries(
    body.mediaTypes.map((mediaType) => [
      mediaType,
      mediaType.startsWith('multipart/') && Object.keys(encoding).length > 0
        ? { schema, encoding }
        : { schema },
    ]),
  )
}

/** In 3.2 nothing is said of bytes (section 4.14.3); generators know them by an older mark. */
function fileSchema({ dialect }: Writing, { many, maxCount, types }: FileRule): Json {
  const contentMediaType =
    types?.length === 1 && !types[0]!.includes('*') ? types[0]! : 'application/octet-stream'
  const bytes = dialect === '3.2' ? {} : { type: 'string', format: 'binary', contentMediaType }
  return many ? { type: 'array', maxItems: maxCount, items: bytes } : bytes
}
