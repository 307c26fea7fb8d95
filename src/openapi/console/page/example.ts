/** The body that an operation's editor starts with. */
import type { Content, HttpOperation } from './document.ts'
import { isJson, isJsonLines } from './request.ts'
import { asList, exampleOf, isRecord, plain, type Resolve } from './schema.ts'

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

/** What a reply looks like, as JSON over several lines: of many items, one; of an event, its data. */
export function replyExample({ example, schema, itemSchema }: Content, resolve: Resolve): string | undefined {
  const own = itemSchema ?? schema
  if (example !== undefined)
    return JSON.stringify(itemSchema === undefined ? example : asList(example)[0], null, 2)
  if (own === undefined || Object.keys(plain(own, resolve)).length === 0) return undefined
  const { properties } = plain(own, resolve)
  const data = isRecord(properties) ? plain(properties['data'], resolve)['contentSchema'] : undefined
  const value = exampleOf(data ?? own, resolve)
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : undefined
}
