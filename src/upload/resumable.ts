/**
 * Resumable uploads: draft-ietf-httpbis-resumable-upload-12, interop version 8.
 *
 * - The offset is what the store has, and is told only when the store has it. A sender that was cut off asks
 *   for it and goes on from there; one that wants to go on from anywhere else is refused.
 * - What has arrived stays, however its request ended.
 * - There is one request at a time per upload. A new one means that its sender has given up the one before:
 *   that is ended, and waited for. (One process has one store. Two processes need two, or a sticky balancer.)
 * - A length, once known, stays. An upload that turns out longer is no longer one.
 * - When the last byte is there, the app processes the upload to the end, whether anybody waits for the
 *   answer or not, and is not disturbed: other requests wait. Then the upload is complete, also when the
 *   app has refused it (4xx).
 * - Where that work failed (5xx), or its process died, the upload is all there and not complete. Who asks is
 *   told so, and goes on with the nothing that is left: that has it processed again.
 */
import type { Context, ContextName } from '../core/context.ts'
import type { Dependency, TakenName } from '../core/dependency/dependency.ts'
import { HttpError } from '../core/error.ts'
import { ExchangeView } from '../core/exchange.ts'
import { emptyReply, type Reply } from '../core/reply/reply.ts'
import { Router } from '../core/router.ts'
import { isInstance } from '../core/thrown.ts'
import { belowPath } from '../wire/path.ts'
import { formatBoolean, formatLimits } from '../wire/upload-field.ts'
import { type StoredUpload, Upload, type UploadInfo, type UploadStore } from './store.ts'
import { CLOSE, completed, inconsistent, mismatching, unknown } from './upload-problem.ts'
import {
  idOf,
  informOfUpload,
  isWhole,
  newUpload,
  PARTIAL,
  readAppend,
  uploadLength,
} from './upload-request.ts'
import { type Turn, UploadTurns } from './upload-turn.ts'

const MIB = 1024 * 1024
const DAY = 24 * 60 * 60 * 1000
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
   * file is put in its place. What it does not save expires.
   *
   * It runs to its end, also when the client leaves, and once at a time. When it fails (not with a 4xx,
   * which is an answer), or its process dies, the client that asks again has it run again: so it has to be
   * one that may be repeated. `upload.id` stays the same.
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

const isFull = (error: unknown): boolean => isInstance(error, HttpError) && error.status === 507

class Uploads {
  readonly #maxBytes: number
  readonly #options: ResumableOptions
  readonly #maxAge: number
  readonly #turns = new UploadTurns()
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
    const complete = isWhole(context)
    const info = newUpload(context, this.#length(context, 0, complete, undefined))
    await this.#sweep()
    return this.#turns.take(info.id, context, async (turn) => {
      await this.#options.store.create(info)
      const location = belowPath(context.path, context.request.target) + info.id
      const limits = this.#limits(info)
      informOfUpload(context, { location, 'upload-limit': limits })
      context.head.set('location', location).set('upload-limit', limits)
      try {
        return await this.#receive(context, turn, { info, offset: 0 }, complete, 201)
      } catch (error) {
        // Its sender begins again; until then half an upload would keep the disk full.
        if (!turn.isProcessed && isFull(error)) await this.#options.store.remove(info.id)
        throw error
      }
    })
  }

  async tell(context: Context): Promise<unknown> {
    return this.#turns.take(idOf(context), context, async () => {
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
    const { offset, complete } = readAppend(context)
    return this.#turns.take(idOf(context), context, async (turn) => {
      const stored = await this.#find(context)
      if (stored.info.complete) throw completed(stored)
      if (stored.offset !== offset) throw mismatching(stored.offset, offset)
      const length = this.#length(context, offset, complete, stored.info.length)
      const info = { ...stored.info, length }
      if (length !== stored.info.length) await this.#options.store.update(info)
      context.head.set('upload-limit', this.#limits(info))
      return this.#receive(context, turn, { info, offset }, complete, 204)
    })
  }

  async cancel(context: Context): Promise<unknown> {
    return this.#turns.take(idOf(context), context, async () => {
      await this.#find(context)
      await this.#options.store.remove(idOf(context))
      return emptyReply()
    })
  }

  /** Keeps what the request brings, and, when that was all, hands the upload to the app. */
  async #receive(
    context: Context,
    turn: Turn,
    from: StoredUpload,
    complete: boolean,
    status: number,
  ): Promise<unknown> {
    const { length } = from.info
    const offset = await this.#keep(context, from, complete)
    context.head.set('upload-offset', String(offset)).set('upload-complete', formatBoolean(false))
    if (!complete) return emptyReply({ status })
    if (length !== undefined && offset !== length) throw inconsistent(length, offset)
    // Its client has left before it was sure that this was all, or another request has taken over.
    if (context.request.cancellation.error !== undefined) throw context.request.cancellation.error
    turn.isProcessed = true
    // Nothing may follow, whatever becomes of the work.
    if (length === undefined) await this.#options.store.update({ ...from.info, length: offset })
    return this.#process(context, { info: { ...from.info, length: offset }, offset })
  }

  /** The app's work. What it answers, and what it refuses, is the end of the upload; a failure is not. */
  async #process(context: Context, stored: StoredUpload): Promise<unknown> {
    const { store, onComplete } = this.#options
    const complete = async () => {
      await store.update({ ...stored.info, complete: true })
      context.head.set('upload-complete', formatBoolean(true))
    }
    try {
      const { engine, bodyIntake } = ExchangeView.exchangeOf(context)
      const answer = await onComplete(new Upload(stored, store, engine.disk, bodyIntake.room), context)
      await complete()
      return answer
    } catch (error) {
      if (isInstance(error, HttpError) && error.status < 500) await complete()
      throw error
    }
  }

  /** @returns the offset behind what has arrived. */
  async #keep(context: Context, { info, offset: start }: StoredUpload, complete: boolean): Promise<number> {
    const { store, onProgress } = this.#options
    const { id, length } = info
    const appender = await store.append(id, start)
    let offset = start
    try {
      for await (const bytes of context.body) {
        const end = offset + bytes.byteLength
        if (end > (length ?? this.#maxBytes)) {
          await appender.close().catch(() => {})
          // Its sender has broken its word; nothing that is kept of it can be relied on.
          await store.remove(id)
          throw length === undefined ? this.#tooLarge() : inconsistent(length, end)
        }
        const taken = appender.write(bytes)
        if (taken !== undefined) await taken
        offset = end
        onProgress?.({ id, offset, length })
      }
      // All is there. Whether its client stays or not, what was sent for is done.
      if (complete) ExchangeView.exchangeOf(context).finishAlone()
    } finally {
      await appender.close()
    }
    return offset
  }

  #length(
    context: Context,
    offset: number,
    complete: boolean,
    known: number | undefined,
  ): number | undefined {
    const length = uploadLength(context, offset, complete, known)
    if ((length ?? offset + (context.body.length ?? 0)) > this.#maxBytes) throw this.#tooLarge()
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
    throw unknown()
  }

  /** Forgets what has expired, now and then. */
  async #sweep(): Promise<void> {
    const time = Date.now()
    if (time - this.#sweptAt < SWEEP_EVERY) return
    this.#sweptAt = time
    const { store } = this.#options
    for await (const id of store.olderThan(time - this.#maxAge))
      if (!this.#turns.has(id)) await store.remove(id)
  }
}
