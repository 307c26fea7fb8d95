/** Requests that tell how much of their body has been sent. */

/** How much of a body has been sent, in bytes. */
export interface UploadProgress {
  readonly sent: number
  /** Undefined where the length is not known before the end. */
  readonly total: number | undefined
}

type OnProgress = (progress: UploadProgress) => void

/**
 * Counts as the runtime takes the bytes, which is what `fetch` lets us see.
 *
 * @param headers get the media type of a form, which has its boundary.
 */
export function countBytes(
  body: BodyInit,
  headers: Headers,
  onProgress: OnProgress,
): ReadableStream<Uint8Array> {
  let sent = 0
  const total = lengthOf(body)
  const counter = new TransformStream<Uint8Array, Uint8Array>(
    {
      transform(bytes, controller) {
        controller.enqueue(bytes)
        sent += bytes.byteLength
        onProgress({ sent, total })
      },
    },
    { highWaterMark: 0 },
    { highWaterMark: 0 },
  )
  const encoded = new Response(body)
  const type = encoded.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  return encoded.body!.pipeThrough(counter)
}

function lengthOf(body: BodyInit): number | undefined {
  if (body instanceof Blob) return body.size
  if (typeof body === 'string') return new TextEncoder().encode(body).byteLength
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength
  return undefined
}

interface XhrRequest {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: BodyInit
  readonly signal: AbortSignal
  readonly init: RequestInit | undefined
  readonly onUploadProgress: OnProgress
}

/** Only XMLHttpRequest tells a browser's progress. The reply comes when it is complete. */
export function sendByXhr(request: XhrRequest): Promise<Response> {
  const { url, method, headers, body, signal, init, onUploadProgress } = request
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    xhr.open(method, url)
    xhr.responseType = 'arraybuffer'
    xhr.withCredentials = init?.credentials === 'include'
    headers.forEach((value, name) => xhr.setRequestHeader(name, value))
    xhr.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) =>
      onUploadProgress({ sent: loaded, total: lengthComputable ? total : undefined }),
    )
    const abort = () => xhr.abort()
    signal.addEventListener('abort', abort)
    xhr.addEventListener('loadend', () => {
      signal.removeEventListener('abort', abort)
      if (signal.aborted) reject(signal.reason as Error)
      else if (xhr.status === 0) reject(new TypeError('The connection failed during the upload.'))
      else resolve(toResponse(xhr))
    })
    xhr.send(body as XMLHttpRequestBodyInit)
  })
}

function toResponse(xhr: XMLHttpRequest): Response {
  const { status, statusText } = xhr
  const lines = xhr.getAllResponseHeaders().trim().split('\r\n')
  const headers = new Headers(
    lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(':')
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]]
    }),
  )
  const content = [204, 205, 304].includes(status) ? null : (xhr.response as ArrayBuffer)
  return new Response(content, { status, statusText, headers })
}
