/** A request as something to paste: for a shell, for a browser, for our own client. */
import type { HttpOperation, SocketOperation } from './document.ts'
import { createDecoder, shapeOf } from './decode.ts'
import type { FormValues, PreparedRequest } from './request.ts'
import { isJson } from './request.ts'

const contentType = ({ headers }: PreparedRequest) =>
  headers.find(([name]) => name === 'content-type')?.[1] ?? ''

/** For a POSIX shell. */
export function toCurl(request: PreparedRequest): string {
  const { method, url, headers, cookies, body } = request
  const parts = ['curl', '-N']
  if (method !== 'GET') parts.push('-X', method)
  parts.push(quote(url))
  for (const [name, value] of headers) parts.push('-H', quote(`${name}: ${value}`))
  for (const [name, value] of cookies) parts.push('-b', quote(`${name}=${value}`))
  if (body?.kind === 'text') parts.push('--data-raw', quote(body.text))
  if (body?.kind === 'file') parts.push('--data-binary', quote(`@${body.file.name}`))
  if (body?.kind === 'form')
    for (const [name, value] of body.parts)
      // `--form-string` takes a value that starts with "@" or "<" as it is.
      if (typeof value === 'string') parts.push('--form-string', quote(`${name}=${value}`))
      else parts.push('-F', quote(`${name}=@${value.name}`))
  return parts.join(' ')
}

/** In single quotes nothing means anything but the single quote. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** For a browser, or Node. */
export function toFetch(request: PreparedRequest, streams: boolean): string {
  const { method, url, headers, body } = request
  const options: string[] = []
  if (method !== 'GET') options.push(`method: ${text(method)}`)
  if (headers.length > 0) options.push(`headers: ${literal(Object.fromEntries(headers))}`)
  if (body?.kind === 'text') {
    const json = isJson(contentType(request)) ? safeParse(body.text) : undefined
    options.push(json === undefined ? `body: ${text(body.text)}` : `body: JSON.stringify(${literal(json)})`)
  }
  if (body?.kind === 'file') options.push('body: file')
  if (body?.kind === 'form') options.push('body: form')
  const lines: string[] = []
  if (body?.kind === 'form') {
    lines.push('const form = new FormData()')
    for (const [name, value] of body.parts)
      lines.push(`form.append(${text(name)}, ${typeof value === 'string' ? text(value) : 'file'})`)
  }
  lines.push(
    options.length === 0
      ? `const response = await fetch(${text(url)})`
      : `const response = await fetch(${text(url)}, {\n  ${options.join(',\n  ')},\n})`,
  )
  lines.push(
    streams
      ? 'for await (const text of response.body.pipeThrough(new TextDecoderStream())) console.log(text)'
      : 'console.log(response.status, await response.text())',
  )
  return lines.join('\n')
}

/** For `millrace/client`. */
export function toClient(
  operation: HttpOperation,
  values: FormValues,
  root: string,
  streams: boolean,
): string {
  const places = { path: 'params', query: 'query', header: 'headers', cookie: 'cookies' } as const
  const inputs: Record<string, Record<string, unknown>> = {}
  for (const { in: place, name, schema } of operation.parameters) {
    const value = values.parameters[`${place}.${name}`] ?? ''
    if (value === '') continue
    const typed = schema['type'] === 'number' || schema['type'] === 'integer' ? Number(value) : value
    ;(inputs[places[place]] ??= {})[name] = schema['type'] === 'array' ? value.split('\n') : typed
  }
  const options = Object.entries(inputs).map(([name, value]) => `${name}: ${literal(value)}`)
  if (operation.bodies.length > 0) {
    const json =
      values.bodyType !== undefined && isJson(values.bodyType) ? safeParse(values.bodyText) : undefined
    options.push(json === undefined ? 'body' : `body: ${literal(json)}`)
  }
  const inner = options.length === 0 ? '' : `, { ${options.join(', ')} }`
  const call = `api.${operation.method.toLowerCase()}(${text(toPattern(operation.path))}${inner})`
  return [
    ...clientHead(root),
    streams ? `for await (const item of ${call}) console.log(item)` : `console.log(await ${call})`,
  ].join('\n')
}

/** A WebSocket for `millrace/client`. */
export function toSocketClient(operation: SocketOperation, root: string): string {
  return [
    ...clientHead(root),
    `const socket = api.websocket(${text(toPattern(operation.path))})`,
    'for await (const message of socket) console.log(message)',
  ].join('\n')
}

const SERVER = './server.ts'

const clientHead = (root: string) => [
  "import { createClient } from 'millrace/client'",
  '',
  `const api = createClient<typeof import(${text(SERVER)})>(${text(root.replace(/\/$/, ''))})`,
]

/** A path as our routes write it. */
const toPattern = (path: string) => path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => `:${name}`)

/** Whether the document promises many items of an operation. */
export function streamsItems(operation: HttpOperation): boolean {
  return operation.replies.some(
    ({ status, content }) =>
      status.startsWith('2') &&
      content.some(
        ({ mediaType, itemSchema }) =>
          itemSchema !== undefined || createDecoder(shapeOf(mediaType, false)) !== undefined,
      ),
  )
}

function safeParse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

/** A string as our own source writes it. */
function text(value: string): string {
  const json = JSON.stringify(value)
  return value.includes("'") ? json : `'${json.slice(1, -1).replaceAll('\\"', '"')}'`
}

/** A JSON value as source. */
function literal(value: unknown): string {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return `[${value.map((each) => literal(each)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(
    ([name, each]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name)}: ${literal(each)}`,
  )
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}
