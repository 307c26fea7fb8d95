/** A request as something to paste: for a shell, for a browser. */
import type { HttpOperation } from './document.ts'
import { createDecoder, parse, shapeOf } from './decode.ts'
import { literal, text } from './literal.ts'
import { isJson, type PreparedRequest } from './request.ts'

const contentType = ({ headers }: PreparedRequest) =>
  headers.find(([name]) => name === 'content-type')?.[1] ?? ''

/** For a POSIX shell. */
export function toCurl(request: PreparedRequest): string {
  const { method, url, headers, cookies, body } = request
  const parts = ['curl', '-N']
  // With `-X HEAD` it would wait for the body.
  if (method === 'HEAD') parts.push('-I')
  else if (method !== 'GET') parts.push('-X', method)
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
    const json = isJson(contentType(request)) ? parse(body.text) : undefined
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

/** A WebSocket, for a browser. */
export const toBrowserSocket = (url: string): string => `const socket = new WebSocket(${text(url)})`

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
