/** Values as bodies of requests. */
import { entries, toText } from './address.ts'

/** What `fetch` takes, and a media type where it does not know it by itself. */
export interface EncodedBody {
  readonly body: BodyInit | undefined
  readonly type?: string
  /** Whether it can be read only once, so that the request cannot be sent again. */
  readonly once?: boolean
}

/**
 * Strings, bytes, blobs, forms and streams are sent as they are, other async iterables as JSON Lines, or as
 * bytes if that is what they give, objects with files as forms, and the rest as JSON.
 *
 * @param headers if they say that the body is JSON, strings become JSON, too.
 * @param signal ends the wait for the first item, and the items.
 */
export async function encodeBody(
  body: unknown,
  headers: Readonly<Record<string, unknown>> | undefined,
  signal: AbortSignal,
): Promise<EncodedBody> {
  if (body === undefined) return { body }
  const type = entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  if (/[/+]json\b/.test(type ?? '')) return { body: JSON.stringify(body) }
  if (typeof body === 'string' || isForm(body)) return { body }
  if (body instanceof Blob) return { body, ...(body.type === '' ? { type: OCTETS } : {}) }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { body: body as BodyInit, type: OCTETS }
  if (body instanceof ReadableStream) return { body, type: OCTETS, once: true }
  if (Symbol.asyncIterator in Object(body)) return encodeItems(body as AsyncIterable<unknown>, signal)
  if (hasFile(body)) return { body: toForm(body) }
  return { body: JSON.stringify(body), type: 'application/json' }
}

const OCTETS = 'application/octet-stream'

const isForm = (body: unknown) => body instanceof FormData || body instanceof URLSearchParams

/** Whether an object is one of fields and files: JSON has no files. */
function hasFile(body: unknown): body is Record<string, unknown> {
  return Object.values(Object(body))
    .flat()
    .some((value) => value instanceof Blob)
}

function toForm(fields: Record<string, unknown>): FormData {
  const form = new FormData()
  for (const [name, values] of Object.entries(fields))
    for (const value of [values].flat())
      if (value instanceof Blob) form.append(name, value)
      else if (value !== undefined && value !== null) form.append(name, toText(value))
  return form
}

/** The first item decides what they are. */
async function encodeItems(items: AsyncIterable<unknown>, signal: AbortSignal): Promise<EncodedBody> {
  const iterator = items[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  const first = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
      iterator.return?.().catch(() => {})
    })
    iterator.next().then(resolve, reject)
  })
  const isBytes = first.value instanceof Uint8Array
  let result: IteratorResult<unknown> | undefined = first
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = result ?? (await iterator.next())
        result = undefined
        if (done === true) controller.close()
        else
          controller.enqueue(isBytes ? (value as Uint8Array) : encoder.encode(`${JSON.stringify(value)}\n`))
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
  return { body, type: isBytes ? OCTETS : 'application/jsonl', once: true }
}
