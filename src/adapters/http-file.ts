/**
 * An object of a store behind HTTP (S3 and what speaks like it, another server), as a file for
 * `reply.file`.
 *
 * It is asked for once (HEAD), and read as a stream from wherever the reply begins: reads that follow
 * each other take from one response, at the pace of whoever gets them. `If-Match` holds it to the object
 * that was opened: one that is replaced meanwhile cuts the reply, instead of mixing two objects.
 */
import type { FileSource, OpenedFile } from '../stream/file-source.ts'
import { parseHttpDate } from '../wire/http-date.ts'

export interface HttpFileOptions {
  /** For the media type. Default: the last segment of the URL. */
  readonly name?: string
  /** Sent with every request, for example an `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the global one. Give one that signs its requests for a private bucket. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>
}

/** @param url of the object. Never build it from raw input. */
export function httpFile(url: string | URL, options: HttpFileOptions = {}): FileSource {
  const target = new URL(url)
  const name = options.name ?? nameOf(target)
  const { fetch = globalThis.fetch, headers } = options
  const ask: Ask = (init, extra) =>
    // Coded bytes would be decoded on the way, and have another length than was said.
    fetch(target, { ...init, headers: { ...headers, 'accept-encoding': 'identity', ...extra } })
  return { name, open: () => openObject(ask) }
}

function nameOf({ pathname }: URL): string {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last)
  } catch {
    // A percent sign of its own. Its extension is what counts.
    return last
  }
}

type Ask = (init: RequestInit, headers: Record<string, string>) => Promise<Response>

async function openObject(ask: Ask): Promise<OpenedFile | undefined> {
  const response = await ask({ method: 'HEAD' }, {})
  const { status, headers } = response
  if (status === 404 || status === 410) return undefined
  const size = Number(headers.get('content-length') ?? Number.NaN)
  if (status !== 200 || !Number.isSafeInteger(size))
    throw new Error(`The store answered ${status} ${size} to the HEAD of an object.`)
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity')
    throw new Error('The object is stored with a content coding, and so cannot be read in parts.')
  const modified = parseHttpDate(headers.get('last-modified') ?? '')
  return new HttpObject(ask, size, headers.get('etag') ?? undefined, modified)
}

class HttpObject implements OpenedFile {
  readonly size: number
  readonly etag: string | undefined
  readonly modified: Date | undefined
  readonly #ask: Ask
  readonly #closing = new AbortController()
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  /** Where the reader stands, and what it gave that nobody has taken. */
  #position = -1
  #rest: Uint8Array = new Uint8Array()
  #last: Promise<unknown> = Promise.resolve()

  constructor(ask: Ask, size: number, etag: string | undefined, modified: number | undefined) {
    this.#ask = ask
    this.size = size
    this.etag = etag
    this.modified = modified === undefined ? undefined : new Date(modified)
  }

  /** One read after another: a sender that reads ahead may come back to where it was. */
  read(target: Uint8Array, position: number): Promise<number> {
    const reading = this.#last.then(() => this.#read(target, position))
    this.#last = reading.catch(() => {})
    return reading
  }

  async #read(target: Uint8Array, position: number): Promise<number> {
    if (position >= this.size || target.byteLength === 0) return 0
    if (position !== this.#position) await this.#seek(position)
    while (this.#rest.byteLength === 0) {
      const { done, value } = await this.#reader!.read()
      if (done) return 0
      this.#rest = value
    }
    const taken = this.#rest.subarray(0, target.byteLength)
    target.set(taken)
    this.#rest = this.#rest.subarray(taken.byteLength)
    this.#position += taken.byteLength
    return taken.byteLength
  }

  async #seek(position: number): Promise<void> {
    this.#position = -1
    await this.#leave()
    const condition = this.etag === undefined || this.etag.startsWith('W/') ? {} : { 'if-match': this.etag }
    const range = { range: `bytes=${position}-` }
    const response = await this.#ask({ signal: this.#closing.signal }, { ...range, ...condition })
    const first = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    this.#reader = response.body?.getReader()
    const isThere =
      response.status === 206 ? Number(first) === position : response.status === 200 && position === 0
    if (!isThere || this.#reader === undefined) {
      await this.#leave()
      throw new Error(`The store answered ${response.status} to a range of an object that it had.`)
    }
    this.#position = position
  }

  async #leave(): Promise<void> {
    this.#rest = new Uint8Array()
    await this.#reader?.cancel().catch(() => {})
    this.#reader = undefined
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#leave()
  }
}
