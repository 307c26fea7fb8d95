/** The body that an operation's editor starts with. */
import type { HttpOperation } from './document.ts'
import { isJson, isJsonLines } from './request.ts'
import { exampleOf } from './schema.ts'

export function bodyExample(operation: HttpOperation, mediaType: string | undefined): string {
  const content = operation.bodies.find((each) => each.mediaType === mediaType)
  if (content === undefined) return ''
  const { example, schema, itemSchema } = content
  const value = example ?? exampleOf(itemSchema ?? schema ?? {}, operation.resolve)
  if (isJsonLines(content.mediaType))
    return (Array.isArray(example) ? example : [value]).map((each) => `${JSON.stringify(each)}\n`).join('')
  if (isJson(content.mediaType)) return JSON.stringify(value, null, 2)
  return typeof value === 'string' ? value : ''
}
