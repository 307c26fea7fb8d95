/** Values as bodies of requests. */
import { entries, toText } from './address.ts'

/** What `fetch` takes, and a media type where it does not know it by itself. */
export interface EncodedBody {
  readonly body: BodyInit | undefined
  readonly type?: string
  /** Whether it can be read only once, so that the request cannot be sent again. */
  readonly once?: boolean
  /** To be called when the call has failed, for what has to be closed then. */
  readonly cancel?: () => void
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
  // Rarely sent, so what sends them is loaded with the first one.
  if (Symbol.asyncIterator in Object(body))
    return (await import('./item-body.ts')).encodeItems(body as AsyncIterable<unknown>, signal)
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
