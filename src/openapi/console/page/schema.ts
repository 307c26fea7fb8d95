/** JSON Schema as far as a form needs it: what kind of input, what it says of itself, an example. */

/** A schema of draft 2020-12. Booleans are read as "anything". */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Follows a `$ref` within its document. */
export type Resolve = (schema: unknown) => JsonSchema

export type InputKind =
  | 'text'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'enum'
  | 'date'
  | 'date-time'
  | 'list'
  | 'json'
  | 'file'

/** Makes the function that follows the references of a document. A reference that leads nowhere is `{}`. */
export function resolver(document: unknown): Resolve {
  return (schema) => {
    let at: unknown = schema
    for (let hops = 0; hops < 50 && isRecord(at) && typeof at['$ref'] === 'string'; hops++) {
      at = pointer(document, at['$ref'])
    }
    return isRecord(at) ? at : {}
  }
}

function pointer(document: unknown, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  let at: unknown = document
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }
  return at
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The schema itself, or of several alternatives the first one that is more than null. */
export function plain(schema: unknown, resolve: Resolve): JsonSchema {
  const own = resolve(schema)
  const alternatives = [...asList(own['anyOf']), ...asList(own['oneOf'])].map((each) => resolve(each))
  const consts = alternatives.map((each) => each['const'])
  if (alternatives.length > 0 && consts.every((value) => value !== undefined)) return { ...own, enum: consts }
  const first = alternatives.find((each) => each['type'] !== 'null')
  if (first !== undefined) return { ...plain(first, resolve), ...without(own, 'anyOf', 'oneOf') }
  if (!Array.isArray(own['allOf'])) return own
  return own['allOf'].map((each) => plain(each, resolve)).reduce(merge, without(own, 'allOf'))
}

function without(schema: JsonSchema, ...names: string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)))
}

function merge(one: JsonSchema, other: JsonSchema): JsonSchema {
  const properties = { ...(one['properties'] as object), ...(other['properties'] as object) }
  const required = [...asList(one['required']), ...asList(other['required'])]
  return { ...one, ...other, properties, required }
}

/** What `type` says; of several the first that is not null. */
function typeOf(schema: JsonSchema): string | undefined {
  const type = Array.isArray(schema['type']) ? schema['type'].find((each) => each !== 'null') : schema['type']
  if (typeof type === 'string') return type
  return schema['properties'] === undefined ? (schema['items'] === undefined ? undefined : 'array') : 'object'
}

/** Which input suits a schema. */
export function kindOf(schema: unknown, resolve: Resolve): InputKind {
  const own = plain(schema, resolve)
  if (isBinary(own)) return 'file'
  if (Array.isArray(own['enum'])) return 'enum'
  switch (typeOf(own)) {
    case 'boolean':
      return 'boolean'
    case 'integer':
      return 'integer'
    case 'number':
      return 'number'
    case 'array':
      return isRecord(own['items']) && isBinary(plain(own['items'], resolve)) ? 'file' : 'list'
    case 'object':
      return 'json'
    default:
      return own['format'] === 'date' || own['format'] === 'date-time' ? own['format'] : 'text'
  }
}

function isBinary(schema: JsonSchema): boolean {
  if (schema['format'] === 'binary') return true
  const media = asText(schema['contentMediaType'])
  return (
    media !== undefined && schema['contentEncoding'] === undefined && schema['contentSchema'] === undefined
  )
}

/** A few words on what is expected: `integer, 0 to 100`. */
export function describeType(schema: unknown, resolve: Resolve): string {
  const own = plain(schema, resolve)
  const words: string[] = []
  const type = typeOf(own)
  if (isBinary(own)) words.push('file')
  else if (type === 'array') words.push(`list of ${describeType(own['items'] ?? {}, resolve) || 'anything'}`)
  else words.push(asText(own['format']) ?? (Array.isArray(own['enum']) ? 'one of' : (type ?? '')))
  words.push(...bounds(own))
  return words.filter(Boolean).join(', ')
}

/** The widest numbers of JavaScript are what "any integer" is written as. */
const isBound = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) < 2 ** 53 - 1

function bounds(schema: JsonSchema): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, pattern } = schema
  const words: string[] = []
  if (isBound(minimum) && isBound(maximum)) words.push(`${minimum} to ${maximum}`)
  else if (isBound(minimum)) words.push(`from ${minimum}`)
  else if (isBound(maximum)) words.push(`up to ${maximum}`)
  if (isBound(exclusiveMinimum)) words.push(`above ${exclusiveMinimum}`)
  if (isBound(exclusiveMaximum)) words.push(`below ${exclusiveMaximum}`)
  if (isBound(minLength) && isBound(maxLength)) words.push(`${minLength} to ${maxLength} characters`)
  else if (isBound(maxLength)) words.push(`up to ${maxLength} characters`)
  if (typeof pattern === 'string' && pattern.length <= 30 && schema['format'] === undefined)
    words.push(pattern)
  return words
}

const FORMATS: Readonly<Record<string, () => string>> = {
  'date-time': () => new Date().toISOString(),
  date: () => new Date().toISOString().slice(0, 10),
  time: () => '12:00:00Z',
  duration: () => 'PT1M',
  uuid: () => '3f2f2f1e-9c1b-4d57-9c55-2d8d1f6a7b10',
  email: () => 'someone@example.com',
  uri: () => 'https://example.com/',
  ipv4: () => '192.0.2.1',
  ipv6: () => '2001:db8::1',
}

/** A value that the schema would take, as far as one can tell. */
export function exampleOf(schema: unknown, resolve: Resolve, depth = 0): unknown {
  const own = plain(schema, resolve)
  if (own['example'] !== undefined) return own['example']
  if (Array.isArray(own['examples']) && own['examples'].length > 0) return own['examples'][0]
  if (own['default'] !== undefined) return own['default']
  if (own['const'] !== undefined) return own['const']
  if (Array.isArray(own['enum'])) return own['enum'][0]
  switch (typeOf(own)) {
    case 'object':
      return exampleObject(own, resolve, depth)
    case 'array':
      return depth > 5 || own['items'] === undefined ? [] : [exampleOf(own['items'], resolve, depth + 1)]
    case 'integer':
      return exampleNumber(own, 1)
    case 'number':
      return exampleNumber(own, 0.5)
    case 'boolean':
      return true
    case 'null':
      return null
    case 'string':
      return FORMATS[asText(own['format']) ?? '']?.() ?? 'text'.padEnd(Number(own['minLength'] ?? 0), '.')
    default:
      return {}
  }
}

function exampleObject(schema: JsonSchema, resolve: Resolve, depth: number): unknown {
  if (depth > 5 || !isRecord(schema['properties'])) return {}
  const entries = Object.entries(schema['properties'])
  return Object.fromEntries(entries.map(([name, each]) => [name, exampleOf(each, resolve, depth + 1)]))
}

function exampleNumber({ minimum, exclusiveMinimum, maximum }: JsonSchema, step: number): number {
  if (isBound(exclusiveMinimum)) return exclusiveMinimum + step
  if (isBound(minimum)) return minimum
  return isBound(maximum) ? Math.min(1, maximum) : 1
}
