/** From what was filled in to a request: pure, so that what is sent and what is copied are the same. */
import type { Content, HttpOperation, Operation, Parameter } from './document.ts'
import type { Requirement, SecurityScheme } from './security-scheme.ts'
import { isRecord, kindOf, plain, type Resolve } from './schema.ts'

/** What was filled in. Empty text is "not sent". */
export interface FormValues {
  /** By place and name: `query.count`. */
  readonly parameters: Readonly<Record<string, string>>
  /** The media type of the body. */
  readonly bodyType: string | undefined
  /** The body as text: JSON, JSON Lines, plain. */
  readonly bodyText: string
  /** The fields of a form. */
  readonly fields: Readonly<Record<string, string>>
  /** Files of a form by field; under an empty name the body itself. */
  readonly files: Readonly<Record<string, readonly File[]>>
  /** The media type that is asked for; empty for any. */
  readonly accept: string
  /** The part of a file that is asked for, as in `0-1023`. */
  readonly range: string
}

/** What is known to satisfy a security scheme: a token, a key, or `name:password`. */
export type Credentials = Readonly<Record<string, string>>

export interface PreparedRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  /** The browser sends cookies only from its own jar: they are put there for this request. */
  readonly cookies: readonly (readonly [string, string])[]
  readonly body: PreparedBody | undefined
}

export type PreparedBody =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly file: File }
  | { readonly kind: 'form'; readonly parts: readonly (readonly [string, string | File])[] }

/** A value that cannot be sent as it is; the message is for the one who filled it in. */
export class FormProblem extends Error {
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}

export const fieldKey = ({ in: place, name }: Pick<Parameter, 'in' | 'name'>): string => `${place}.${name}`

/** The values that a form starts with: what the document gives as default or example, where it is required. */
export function initialValues(operation: Operation, bodyText: string): FormValues {
  const parameters: Record<string, string> = {}
  for (const parameter of operation.parameters) {
    const value = parameter.example ?? plain(parameter.schema, operation.resolve)['default']
    if (value !== undefined) parameters[fieldKey(parameter)] = asField(value)
  }
  const bodyType = operation.kind === 'http' ? operation.bodies[0]?.mediaType : undefined
  return { parameters, bodyType, bodyText, fields: {}, files: {}, accept: '', range: '' }
}

function asField(value: unknown): string {
  if (Array.isArray(value)) return value.map(asField).join('\n')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/**
 * Makes the request of an operation.
 *
 * @param root Where the app's paths start, as an absolute URL.
 * @throws {FormProblem} for a missing path parameter, and for a body that is not what its type says.
 */
export function prepare(
  operation: HttpOperation,
  values: FormValues,
  root: string,
  security: readonly SecurityScheme[] = [],
  credentials: Credentials = {},
): PreparedRequest {
  const headers: [string, string][] = []
  const cookies: [string, string][] = []
  for (const { parameter, value } of given(operation, values)) {
    if (parameter.in === 'header') headers.push([parameter.name, value])
    if (parameter.in === 'cookie') cookies.push([parameter.name, value])
  }
  if (values.accept !== '') headers.push(['accept', values.accept])
  if (values.range !== '') headers.push(['range', `bytes=${values.range}`])
  const url = new URL(addressOf(operation, values, root))
  const body = prepareBody(operation, values)
  if (body !== undefined && body.kind !== 'form')
    headers.push(['content-type', values.bodyType ?? 'application/octet-stream'])
  const proof = authorize(operation.security, security, credentials)
  for (const [name, value] of proof.query) url.searchParams.append(name, value)
  return {
    method: operation.method,
    url: url.href,
    headers: [...headers, ...proof.headers],
    cookies: [...cookies, ...proof.cookies],
    body,
  }
}

/** The address of an operation with its path and query filled in. */
export function addressOf(operation: Operation, values: FormValues, root: string): string {
  const path = operation.path.replaceAll(/\{([^{}]+)\}/g, (_all, name: string) => {
    const key = `path.${name}`
    const value = values.parameters[key] ?? ''
    if (value === '') throw new FormProblem(key, `The path needs "${name}".`)
    const takesSlashes = operation.parameters.some((each) => fieldKey(each) === key && each.takesSlashes)
    return takesSlashes ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value)
  })
  const url = new URL(path.replace(/^\//, ''), root)
  for (const { parameter, value } of given(operation, values)) {
    if (parameter.in === 'query') url.searchParams.append(parameter.name, value)
  }
  return url.href
}

export interface GivenParameter {
  readonly parameter: Parameter
  readonly value: string
}

/** The parameters that have a value; a list gives each of its values. */
export function* given(operation: Operation, values: FormValues): Iterable<GivenParameter> {
  for (const parameter of operation.parameters) {
    const value = values.parameters[fieldKey(parameter)] ?? ''
    if (value === '') continue
    const kind = kindOf(parameter.schema, operation.resolve)
    if (kind === 'list') {
      for (const each of value.split('\n')) if (each.trim() !== '') yield { parameter, value: each.trim() }
    } else yield { parameter, value: kind === 'date-time' ? toInstant(value) : value }
  }
}

/** What `<input type=datetime-local>` gives is local time, without a zone. */
function toInstant(value: string): string {
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? value : date.toISOString()
}

export const isForm = (mediaType: string): boolean =>
  mediaType === 'multipart/form-data' || mediaType === 'application/x-www-form-urlencoded'
export const isJson = (mediaType: string): boolean => /[/+]json$/.test(essence(mediaType))
export const isJsonLines = (mediaType: string): boolean =>
  /^application\/(jsonl|x-ndjson|ndjson|json-lines)$/.test(essence(mediaType))
export const isText = (mediaType: string): boolean => essence(mediaType).startsWith('text/')
export const essence = (mediaType: string): string => (mediaType.split(';')[0] ?? '').trim().toLowerCase()

/** @throws {FormProblem} for a body that is not what its type says. */
export function prepareBody(operation: HttpOperation, values: FormValues): PreparedBody | undefined {
  const content = operation.bodies.find(({ mediaType }) => mediaType === values.bodyType)
  if (content === undefined) return undefined
  const { mediaType } = content
  if (isForm(mediaType)) return prepareForm(content, values, operation.resolve)
  const [file] = values.files[''] ?? []
  if (file !== undefined) return { kind: 'file', file }
  if (values.bodyText === '' && !operation.bodyRequired) return undefined
  if (isJson(mediaType)) assertJson(values.bodyText, '')
  if (isJsonLines(mediaType)) {
    for (const [index, line] of values.bodyText.split('\n').entries())
      if (line.trim() !== '') assertJson(line, `Line ${index + 1}: `)
    return { kind: 'text', text: values.bodyText.endsWith('\n') ? values.bodyText : `${values.bodyText}\n` }
  }
  return { kind: 'text', text: values.bodyText }
}

function assertJson(text: string, where: string): void {
  try {
    JSON.parse(text)
  } catch (error) {
    throw new FormProblem('body', `${where}${(error as Error).message}`)
  }
}

function prepareForm(content: Content, values: FormValues, resolve: Resolve): PreparedBody {
  const parts: (readonly [string, string | File])[] = []
  for (const [name, schema] of formFields(content, resolve)) {
    for (const file of values.files[name] ?? []) parts.push([name, file])
    const value = values.fields[name] ?? ''
    if (value === '') continue
    if (kindOf(schema, resolve) !== 'list') parts.push([name, value])
    else for (const each of value.split('\n')) if (each.trim() !== '') parts.push([name, each.trim()])
  }
  if (content.mediaType === 'multipart/form-data') return { kind: 'form', parts }
  const text = parts.filter((part): part is [string, string] => typeof part[1] === 'string')
  return { kind: 'text', text: new URLSearchParams(text).toString() }
}

/** The fields of a form, by name. */
export function formFields(content: Content, resolve: Resolve): [string, unknown][] {
  const { properties } = plain(content.schema, resolve)
  const fields = Object.entries(resolve(properties))
  return content.mediaType === 'multipart/form-data'
    ? fields.map(([name, schema]) => [name, markBytes(schema)])
    : fields
}

/** OpenAPI 3.2 says of bytes nothing (section 4.14.3): in a form with files an empty schema is a file. */
function markBytes(schema: unknown): unknown {
  if (!isRecord(schema)) return schema
  if (Object.keys(schema).length === 0) return { format: 'binary' }
  return schema['type'] === 'array' && isRecord(schema['items'])
    ? { ...schema, items: markBytes(schema['items']) }
    : schema
}

/** What proves who asks: by the first alternative for which everything is known. */
export function authorize(
  security: readonly Requirement[],
  schemes: readonly SecurityScheme[],
  credentials: Credentials,
) {
  const headers: [string, string][] = []
  const query: [string, string][] = []
  const cookies: [string, string][] = []
  const met = security.find((each) => Object.keys(each).every((name) => (credentials[name] ?? '') !== ''))
  for (const name of Object.keys(met ?? {})) {
    const scheme = schemes.find((each) => each.name === name)
    const secret = credentials[name] ?? ''
    if (scheme?.type === 'apiKey') {
      const place = scheme.in === 'query' ? query : scheme.in === 'cookie' ? cookies : headers
      place.push([scheme.key, secret])
    } else if (scheme?.scheme === 'basic') headers.push(['authorization', `Basic ${toBase64(secret)}`])
    else headers.push(['authorization', `Bearer ${secret}`])
  }
  return { headers, query, cookies }
}

/** RFC 7617: the name and the password as UTF-8. */
function toBase64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)))
}
