/** Sends a request whose body takes its time. `fetch` does not tell how much of a body has left; this does. */
import type { PreparedBody, PreparedRequest } from './request.ts'

/** Whether a body has a file in it. */
export function hasUpload(body: PreparedBody | undefined): boolean {
  if (body?.kind === 'form') return body.parts.some(([, value]) => typeof value !== 'string')
  return body?.kind === 'file'
}

/**
 * @returns the whole reply, since the old interface cannot hand it over as it comes.
 * @throws {TypeError} when there is none, as `fetch` does.
 */
export function sendWithProgress(
  { method, url, headers, body }: PreparedRequest,
  signal: AbortSignal,
  progress: (sent: number, total: number) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, url)
    request.responseType = 'arraybuffer'
    for (const [name, value] of headers) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => progress(loaded, total))
    request.addEventListener('load', () => resolve(toResponse(request)))
    request.addEventListener('error', () =>
      reject(new TypeError('the connection was lost during the upload')),
    )
    request.addEventListener('abort', () => reject(signal.reason))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(toXhrBody(body))
  })
}

function toXhrBody(body: PreparedBody | undefined): XMLHttpRequestBodyInit | null {
  if (body === undefined) return null
  if (body.kind === 'text') return body.text
  return body.kind === 'file' ? body.file : toFormData(body.parts)
}

export function toFormData(parts: readonly (readonly [string, string | File])[]): FormData {
  const form = new FormData()
  for (const [name, value] of parts) form.append(name, value)
  return form
}

/** Statuses that a Response may not have a body with. */
const BODILESS = new Set([204, 205, 304])

function toResponse(request: XMLHttpRequest): Response {
  const { status, statusText } = request
  const headers = request
    .getAllResponseHeaders()
    .split('\r\n')
    .filter((line) => line.includes(':'))
    .map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ])
  const body = BODILESS.has(status) ? null : (request.response as ArrayBuffer)
  return new Response(body, { status, statusText, headers })
}
