/** Requests that tell how much of their body has been sent. */

/** How much of a body has been sent, in bytes. */
export interface UploadProgress {
  readonly sent: number
  /** Undefined where the length is not known before the end. */
  readonly total: number | undefined
}

/** Some runtimes read a file in one piece, of which there would be nothing to tell. */
const PIECE_BYTES = 65_536

type OnProgress = (progress: UploadProgress) => void

/**
 * Counts as the runtime takes the bytes, which is what `fetch` lets us see.
 *
 * @param headers get the media type of a form, which has its boundary.
 */
export async function countBytes(
  body: BodyInit,
  headers: Headers,
  onProgress: OnProgress,
): Promise<ReadableStream<Uint8Array>> {
  let sent = 0
  const total = await lengthOf(body)
  const encoded = new Response(body)
  const type = encoded.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  const reader = encoded.body!.getReader()
  let rest = new Uint8Array(0)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (rest.length === 0) {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          rest = value
        }
        const piece = rest.subarray(0, PIECE_BYTES)
        rest = rest.subarray(piece.length)
        controller.enqueue(piece)
        sent += piece.length
        onProgress({ sent, total })
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

async function lengthOf(body: BodyInit): Promise<number | undefined> {
  if (body instanceof Blob) return body.size
  if (body instanceof FormData) return formLength(body)
  if (typeof body === 'string' || body instanceof URLSearchParams)
    return new TextEncoder().encode(String(body)).byteLength
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength
  return undefined
}

/** How a runtime frames a form is its own affair, so it is asked for the same form with empty files. */
async function formLength(form: FormData): Promise<number> {
  const frame = new FormData()
  let files = 0
  for (const [name, value] of form) {
    if (typeof value === 'string') frame.append(name, value)
    else {
      frame.append(name, new Blob([], { type: value.type }), value.name)
      files += value.size
    }
  }
  return files + (await new Response(frame).arrayBuffer()).byteLength
}

/** Only XMLHttpRequest tells a browser's progress. The reply comes when it is complete. */
export function sendByXhr(url: string, init: RequestInit, onProgress: OnProgress): Promise<Response> {
  const { method, headers, body, signal, credentials } = init
  return new Promise((resolve, reject) => {
    // It may have been aborted while this module was loaded.
    if (signal?.aborted === true) return reject(signal.reason as Error)
    const xhr = new XMLHttpRequest()
    const abort = () => xhr.abort()
    xhr.open(method!, url)
    xhr.responseType = 'arraybuffer'
    xhr.withCredentials = credentials === 'include'
    for (const [name, value] of headers as Headers) xhr.setRequestHeader(name, value)
    xhr.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) =>
      onProgress({ sent: loaded, total: lengthComputable ? total : undefined }),
    )
    xhr.addEventListener('loadend', () => {
      signal?.removeEventListener('abort', abort)
      if (xhr.status > 0) resolve(toResponse(xhr))
      else reject(new TypeError('The connection failed during the upload.'))
    })
    signal?.addEventListener('abort', abort)
    xhr.send(body as XMLHttpRequestBodyInit)
  })
}

function toResponse(xhr: XMLHttpRequest): Response {
  const { status, statusText } = xhr
  const headers = new Headers()
  for (const [, name, value] of xhr.getAllResponseHeaders().matchAll(/^([^:\s]+):(.*)$/gm))
    headers.append(name!, value!)
  const content = [204, 205, 304].includes(status) ? null : (xhr.response as ArrayBuffer)
  return new Response(content, { status, statusText, headers })
}
