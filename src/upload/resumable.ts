/**
 * Resumable uploads: draft-ietf-httpbis-resumable-upload-12, interop version 8.
 *
 * - The offset is what the store has, and is told only when the store has it. A sender that was cut off asks
 *   for it and goes on from there; one that wants to go on from anywhere else is refused.
 * - What has arrived stays, however its request ended.
 * - There is one request at a time per upload. A new one means that its sender has given up the one before:
 *   that is ended, and waited for. (One process has one store. Two processes need two, or a sticky balancer.)
 * - A length, once known, stays. An upload that turns out longer is no longer one.
 * - When the last byte is there, the upload is complete, whatever its app makes of it then. Its app is not
 *   disturbed by other requests: they wait. A request that was given up before does not complete anything.
 */
import type { Context, ContextName } from '../core/context.ts'
import type { Dependency, TakenName } from '../core/dependency.ts'
import { HttpError } from '../core/error.ts'
import { RequestBody } from '../core/body.ts'
import { headerValue } from '../core/incoming.ts'
import { foreignOrigin } from '../core/origin.ts'
import { emptyReply, type Reply } from '../core/reply.ts'
import { Router } from '../core/router.ts'
import { mediaTypeEssence } from '../wire/header.ts'
import { parseParameters } from '../wire/parameter.ts'
import { formatBoolean, formatLimits, parseBoolean, parseInteger } from '../wire/upload-field.ts'
import { type StoredUpload, Upload, type UploadInfo, type UploadStore } from './store.ts'

const MIB = 1024 * 1024
const DAY = 24 * 60 * 60 * 1000
const INTEROP_VERSION = 8
const PARTIAL = 'application/partial-upload'
const PROBLEM = 'https://iana.org/assignments/http-problem-types#'
/** How often, at the most, uploads that have expired are looked for, in milliseconds. */
const SWEEP_EVERY = 60_000

/** How far an upload is. */
export interface UploadProgress {
  readonly id: string
  readonly offset: number
  /** Undefined while its sender has not told. */
  readonly length: number | undefined
}

export interface ResumableOptions<U = {}> {
  /** Where uploads are kept: `diskStore(directory)` of `millrace/node`, or one of your own. */
  readonly store: UploadStore
  /**
   * Runs when the last byte is there; what it returns answers the request that brought it. It is where a
   * file is moved to its place. What it does not save expires.
   */
  readonly onComplete: (upload: Upload, context: Context & U) => unknown
  /** The largest upload in bytes, default 1 GiB. A larger one is a 413. */
  readonly maxBytes?: number
  /** How long an upload may take, and is kept when it is complete, in milliseconds; default a day. */
  readonly maxAge?: number
  /** Told of every piece that arrives: for whoever shows how far an upload is. */
  readonly onProgress?: (progress: UploadProgress) => void
  /** Dependencies of all its routes: a guard, most of all. */
  readonly use?: { readonly [K in keyof U]: K extends ContextName ? TakenName<K> : Dependency<U[K]> }
  /** Tags of its routes, for the docs. */
  readonly tags?: readonly string[]
}

/**
 * Routes for uploads that survive their connection (draft-ietf-httpbis-resumable-upload): a POST to `path`
 * begins one, HEAD tells how far it is, PATCH goes on, DELETE gives it up. A client that knows nothing of it
 * just sends a POST.
 *
 * @example app.include(resumable('/uploads', {
 *   store: diskStore('uploads'),
 *   onComplete: (upload) => upload.saveTo(`videos/${upload.id}`),
 * }))
 */
export function resumable<const P extends string, U = {}>(
  path: P,
  options: ResumableOptions<U>,
): Router<P, U> {
  const uploads = new Uploads(options as unknown as ResumableOptions)
  const { use, tags = [] } = options
  const router = new Router<P, U>({ prefix: path, tags, ...(use && { use }) })
  // They count for themselves: an upload may take more than one request, and fewer bytes than it could.
  const bodyLimit = Number.MAX_SAFE_INTEGER
  const route = (method: string, at: '' | '/:upload', summary: string, handle: Handle, limits = {}) =>
    // What its dependencies add to the context is the app's business, in onComplete.
    router.route(method, at, { summary, ...limits }, handle as never)
  route('OPTIONS', '', 'The limits of uploads', () => uploads.describe())
  route('POST', '', 'Begin an upload', (context) => uploads.create(context), { bodyLimit })
  route('HEAD', '/:upload', 'How far an upload is', (context) => uploads.tell(context))
  route('PATCH', '/:upload', 'Go on with an upload', (context) => uploads.append(context), { bodyLimit })
  route('DELETE', '/:upload', 'Give an upload up', (context) => uploads.cancel(context))
  return router
}

type Handle = (context: Context) => unknown

/** A request at work on an upload. */
interface Work {
  /** Its sender has given it up. */
  end(): void
  readonly ended: Promise<void>
  /** All has arrived, and its app is at work: it is waited for, and not ended. */
  complete: boolean
}

class Uploads {
  readonly #maxBytes: number
  readonly #options: ResumableOptions
  readonly #maxAge: number
  readonly #work = new Map<string, Work>()
  #sweptAt = -Infinity

  constructor(options: ResumableOptions) {
    this.#options = options
    this.#maxBytes = options.maxBytes ?? 1024 * MIB
    this.#maxAge = options.maxAge ?? DAY
  }

  describe(): Reply {
    return emptyReply({ headers: { 'accept-patch': PARTIAL, 'upload-limit': this.#limits() } })
  }

  async create(context: Context): Promise<unknown> {
    const { request } = context
    const sent = parseBoolean(headerValue(request.headers, 'upload-complete'))
    // Without that header a page may send it anywhere without asking.
    if (sent === undefined && foreignOrigin(request) !== undefined)
      throw new HttpError('FORBIDDEN', { detail: 'An upload from another origin needs Upload-Complete.' })
    const complete = sent ?? true
    const length = this.#length(context, 0, complete, undefined)
    await this.#sweep()
    const info: UploadInfo = {
      id: crypto.randomUUID(),
      length,
      complete: false,
      type:
        mediaTypeEssence(headerValue(request.headers, 'content-type') ?? '') || 'application/octet-stream',
      sentFilename: filenameOf(headerValue(request.headers, 'content-disposition')),
      createdAt: Date.now(),
    }
    return this.#exclusively(info.id, context, async () => {
      await this.#options.store.create(info)
      const location = `${context.path.replace(/\/$/, '')}/${info.id}`
      const limits = this.#limits(info)
      if (parseInteger(headerValue(request.headers, 'upload-draft-interop-version')) === INTEROP_VERSION) {
        const version = { 'upload-draft-interop-version': String(INTEROP_VERSION) }
        request.inform?.(104, { location, 'upload-limit': limits, ...version })
      }
      context.head.set('location', location).set('upload-limit', limits)
      return this.#receive(context, { info, offset: 0 }, complete, 201)
    })
  }

  async tell(context: Context): Promise<unknown> {
    return this.#exclusively(idOf(context), context, async () => {
      const { info, offset } = await this.#find(context)
      const length = info.length === undefined ? {} : { 'upload-length': String(info.length) }
      const headers = {
        'upload-offset': String(offset),
        'upload-complete': formatBoolean(info.complete),
        'upload-limit': this.#limits(info),
        'cache-control': 'no-store',
        ...length,
      }
      return emptyReply({ headers })
    })
  }

  async append(context: Context): Promise<unknown> {
    const { request, body } = context
    if (body.mediaType !== PARTIAL) {
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', {
        detail: `Go on with an upload as ${PARTIAL}.`,
        headers: { 'accept-patch': PARTIAL },
      })
    }
    const offset = parseInteger(headerValue(request.headers, 'upload-offset'))
    const complete = parseBoolean(headerValue(request.headers, 'upload-complete'))
    if (offset === undefined || complete === undefined)
      throw new HttpError('BAD_REQUEST', {
        detail: 'Say where it goes on: Upload-Offset and Upload-Complete.',
      })
    return this.#exclusively(idOf(context), context, async () => {
      const stored = await this.#find(context)
      if (stored.info.complete) throw completed(stored)
      if (stored.offset !== offset) throw mismatching(stored.offset, offset)
      const length = this.#length(context, offset, complete, stored.info.length)
      const info = { ...stored.info, length }
      if (length !== stored.info.length) await this.#options.store.update(info)
      context.head.set('upload-limit', this.#limits(info))
      return this.#receive(context, { info, offset }, complete, 204)
    })
  }

  async cancel(context: Context): Promise<unknown> {
    return this.#exclusively(idOf(context), context, async () => {
      await this.#find(context)
      await this.#options.store.remove(idOf(context))
      return emptyReply()
    })
  }

  /** Keeps what the request brings, and, when that was all, hands the upload to the app. */
  async #receive(context: Context, from: StoredUpload, complete: boolean, status: number): Promise<unknown> {
    const { store } = this.#options
    const { length } = from.info
    const offset = await this.#keep(context, from)
    context.head.set('upload-offset', String(offset))
    if (!complete) {
      context.head.set('upload-complete', formatBoolean(false))
      return emptyReply({ status })
    }
    if (length !== undefined && offset !== length) throw inconsistent(length, offset)
    // Given up while the last bytes were stored: nobody would hear what the app makes of it, so it is not asked.
    if (context.request.cancellation.error !== undefined) throw context.request.cancellation.error
    this.#work.get(from.info.id)!.complete = true
    const info: UploadInfo = { ...from.info, length: offset, complete: true }
    await store.update(info)
    context.head.set('upload-complete', formatBoolean(true))
    return this.#options.onComplete(
      new Upload({ info, offset }, store, RequestBody.diskOf(context.body)),
      context,
    )
  }

  /** @returns the offset behind what has arrived. */
  async #keep(context: Context, { info, offset: start }: StoredUpload): Promise<number> {
    const { store, onProgress } = this.#options
    const { id, length } = info
    const appender = await store.append(id, start)
    let offset = start
    try {
      for await (const bytes of context.body) {
        const end = offset + bytes.byteLength
        if (end > (length ?? this.#maxBytes)) {
          await appender.close()
          // Its sender has broken its word; nothing that is kept of it can be relied on.
          await store.remove(id)
          throw length === undefined ? this.#tooLarge() : inconsistent(length, end)
        }
        const taken = appender.write(bytes)
        if (taken !== undefined) await taken
        offset = end
        onProgress?.({ id, offset, length })
      }
    } finally {
      await appender.close()
    }
    return offset
  }

  /** What a request says of the length of its upload, and what is known already. */
  #length(
    context: Context,
    offset: number,
    complete: boolean,
    known: number | undefined,
  ): number | undefined {
    const { request, body } = context
    const coding = headerValue(request.headers, 'content-encoding')
    // An offset counts the bytes as their sender has them.
    if (coding !== undefined && coding !== 'identity')
      throw new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send the bytes of an upload as they are.' })
    const stated = parseInteger(headerValue(request.headers, 'upload-length'))
    const rest = body.length
    const implied = complete && rest !== undefined ? offset + rest : undefined
    const length = known ?? stated ?? implied
    for (const other of [stated, implied])
      if (other !== undefined && other !== length) throw inconsistent(length!, other)
    if (length !== undefined && offset + (rest ?? 0) > length) throw inconsistent(length, offset + rest!)
    if ((length ?? offset + (rest ?? 0)) > this.#maxBytes) throw this.#tooLarge()
    return length
  }

  #tooLarge(): HttpError {
    return new HttpError('BODY_TOO_LARGE', {
      detail: `An upload may have at most ${this.#maxBytes} bytes.`,
      headers: { ...CLOSE, 'upload-limit': this.#limits() },
    })
  }

  #limits(info?: UploadInfo): string {
    const left = info === undefined ? this.#maxAge : this.#expires(info) - Date.now()
    return formatLimits({ 'max-size': this.#maxBytes, 'max-age': Math.max(0, left) / 1000 })
  }

  #expires({ createdAt }: UploadInfo): number {
    return createdAt + this.#maxAge
  }

  /** @throws {HttpError} 404 for an upload that there is not, or no longer. */
  async #find(context: Context): Promise<StoredUpload> {
    const id = idOf(context)
    const stored = await this.#options.store.find(id)
    if (stored !== undefined && this.#expires(stored.info) > Date.now()) return stored
    if (stored !== undefined) await this.#options.store.remove(id)
    throw new HttpError('NOT_FOUND', { detail: 'There is no such upload, or it has expired. Begin again.' })
  }

  /** Ends what is at work on an upload, and then does something with it that nobody else disturbs. */
  async #exclusively<T>(id: string, context: Context, act: () => Promise<T>): Promise<T> {
    for (let before = this.#work.get(id); before !== undefined; before = this.#work.get(id)) {
      if (!before.complete) before.end()
      await before.ended
    }
    let done = () => {}
    const ended = new Promise<void>((resolve) => (done = resolve))
    let overtaken: HttpError | undefined
    const end = () => {
      overtaken = new HttpError('CONFLICT', {
        detail: 'Another request goes on with this upload.',
        headers: CLOSE,
      })
      context.request.cancellation.cancel('error', overtaken)
    }
    this.#work.set(id, { ended, end, complete: false })
    try {
      return await act()
    } catch (error) {
      throw error === context.request.cancellation.error && overtaken !== undefined ? overtaken : error
    } finally {
      this.#work.delete(id)
      done()
    }
  }

  /** Forgets what has expired, now and then. */
  async #sweep(): Promise<void> {
    const time = Date.now()
    if (time - this.#sweptAt < SWEEP_EVERY) return
    this.#sweptAt = time
    const { store } = this.#options
    for await (const id of store.olderThan(time - this.#maxAge))
      if (!this.#work.has(id)) await store.remove(id)
  }
}

/** @throws {HttpError} 404 for what cannot be an id: a store may make a path of it. */
function idOf({ params }: Context): string {
  const { upload } = params as { upload: string }
  if (/^[0-9a-f-]{36}$/.test(upload)) return upload
  throw new HttpError('NOT_FOUND', { detail: 'There is no such upload, or it has expired. Begin again.' })
}

function filenameOf(disposition: string | undefined): string {
  if (disposition === undefined) return ''
  const { filename, 'filename*': extended } = parseParameters(disposition)?.parameters ?? {}
  try {
    const encoded = /^utf-8'[^']*'(.*)$/i.exec(extended ?? '')?.[1]
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    // Then the plain one.
  }
  return filename ?? ''
}

const CLOSE = { connection: 'close' }

function mismatching(expected: number, provided: number): HttpError {
  return new HttpError('UPLOAD_OFFSET_MISMATCH', {
    detail: `The upload goes on at ${expected}, not at ${provided}.`,
    headers: { ...CLOSE, 'upload-offset': String(expected), 'upload-complete': formatBoolean(false) },
    extensions: {
      type: `${PROBLEM}mismatching-upload-offset`,
      'expected-offset': expected,
      'provided-offset': provided,
    },
  })
}

function inconsistent(length: number, other: number): HttpError {
  return new HttpError('UPLOAD_LENGTH_MISMATCH', {
    detail: `The upload was to have ${length} bytes, not ${other}.`,
    headers: CLOSE,
    extensions: { type: `${PROBLEM}inconsistent-upload-length` },
  })
}

function completed({ offset }: StoredUpload): HttpError {
  return new HttpError('UPLOAD_COMPLETE', {
    detail: 'The upload is complete; nothing can be added to it.',
    headers: { ...CLOSE, 'upload-offset': String(offset), 'upload-complete': formatBoolean(true) },
    extensions: { type: `${PROBLEM}completed-upload` },
  })
}
