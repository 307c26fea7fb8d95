/**
 * One request from its sending to its end. It knows nothing of the page, which is told that something has changed
 * and reads what it shows.
 */
import { putCookies } from './cookie-jar.ts'
import { createDecoder, type Decoder, parse, type Shape, shapeOf } from './decode.ts'
import { MergedText } from './delta.ts'
import { RateMeter } from './rate.ts'
import type { PreparedRequest } from './request.ts'
import { type Item, RowLog } from './row.ts'
import { isRecord } from './schema.ts'
import { hasUpload, sendWithProgress, toFormData } from './upload.ts'

/** `truncated`: the body ended before its end. `failed`: there was no reply. */
export type RunState =
  | 'idle'
  | 'sending'
  | 'streaming'
  | 'paused'
  | 'waiting'
  | 'complete'
  | 'truncated'
  | 'cancelled'
  | 'failed'

/** What is kept of a body, for showing and saving it. */
export const BODY_LIMIT = 32 * 1024 * 1024
/** What an EventSource waits when the server says nothing of it. */
const DEFAULT_RETRY_MS = 3000
/** What reading may take of the page at a time: chunks that are there already come without a turn between them. */
const SLICE_MS = 12
const BUSY: ReadonlySet<RunState> = new Set(['sending', 'streaming', 'paused', 'waiting'])

export class Run {
  readonly request: PreparedRequest
  state: RunState = 'idle'
  status = 0
  headers: readonly (readonly [string, string])[] = []
  mediaType = ''
  shape: Shape = 'body'
  /** Bytes of the body so far, and how many there will be. */
  bytes = 0
  length: number | undefined
  items = 0
  /** Milliseconds since the request was sent. */
  headAt: number | undefined
  /** The first item, or the first byte of a body that is one thing. */
  firstAt: number | undefined
  endAt: number | undefined
  /** Why it did not end well, in words. */
  message = ''
  lastEventId = ''
  upload: { readonly sent: number; readonly total: number; readonly rate: number } | undefined
  log = new RowLog()
  merged = new MergedText()
  rate = new RateMeter()
  connections = 0
  readonly #changed: () => void
  #reconnects = false
  #body: Uint8Array<ArrayBuffer>[] = []
  #kept = 0
  #started = 0
  #abort = new AbortController()
  #resume: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** How it had ended before it began to wait. */
  #ended: RunState = 'complete'
  #retryMs = DEFAULT_RETRY_MS
  #sawError = false
  #held: { readonly item: Item; readonly at: number } | undefined

  constructor(request: PreparedRequest, changed: () => void) {
    this.request = request
    this.#changed = changed
  }

  get busy(): boolean {
    return BUSY.has(this.state)
  }

  /** Whether to come back by itself, as an EventSource does; also after an end that was before. */
  get reconnects(): boolean {
    return this.#reconnects
  }

  set reconnects(value: boolean) {
    this.#reconnects = value
    if (value) this.#comeBack()
    else if (this.state === 'waiting') {
      clearTimeout(this.#timer)
      this.state = this.#ended
    }
    this.#changed()
  }

  /** Milliseconds since the request was sent, or how long it took. */
  get elapsed(): number {
    return this.endAt ?? this.#now()
  }

  get isStream(): boolean {
    return this.shape !== 'body'
  }

  /** The body as far as it is kept; undefined when it was more than that. */
  get body(): Blob | undefined {
    return this.#kept === this.bytes ? new Blob(this.#body, { type: this.mediaType }) : undefined
  }

  /** Sends the request. Never rejects: what goes wrong becomes the state. */
  async start(): Promise<void> {
    this.#started = performance.now()
    await this.#connect([])
  }

  /** Sends the request again, from behind the last event that came; the rows stay. */
  async resume(): Promise<void> {
    if (this.busy && this.state !== 'waiting') return
    clearTimeout(this.#timer)
    this.#note(this.lastEventId === '' ? 'Connected again' : `Resumed after id ${this.lastEventId}`)
    await this.#connect(this.lastEventId === '' ? [] : [['last-event-id', this.lastEventId]])
  }

  pause(): void {
    if (this.state === 'streaming') this.#become('paused')
  }

  continue(): void {
    if (this.state !== 'paused') return
    this.#become('streaming')
    this.#resume?.()
  }

  cancel(): void {
    if (!this.busy) return
    clearTimeout(this.#timer)
    this.#finish('cancelled', 'Cancelled here.')
    this.#abort.abort()
    this.#resume?.()
  }

  async #connect(more: readonly (readonly [string, string])[]): Promise<void> {
    this.#abort = new AbortController()
    this.#sawError = false
    this.endAt = undefined
    this.message = ''
    this.connections++
    this.#become('sending')
    const { signal } = this.#abort
    try {
      const response = await this.#send([...this.request.headers, ...more])
      this.#head(response)
      await this.#read(response, signal)
    } catch (error) {
      if (signal.aborted) return
      const began = this.state !== 'sending'
      const reason = (error as Error).message
      this.#finish(
        began ? 'truncated' : 'failed',
        began ? `The body was cut off: ${reason}` : unreachable(reason),
      )
    }
    this.#comeBack()
  }

  async #send(headers: readonly (readonly [string, string])[]): Promise<Response> {
    const { method, url, body, cookies } = this.request
    const { signal } = this.#abort
    const undo = putCookies(cookies)
    try {
      if (hasUpload(body))
        return await sendWithProgress({ ...this.request, headers }, signal, (sent, total) => {
          this.upload = { sent, total, rate: sent / Math.max(0.001, this.#now() / 1000) }
          this.#changed()
        })
      const init: RequestInit = { method, headers: headers.map(([name, value]) => [name, value]), signal }
      // A cached reply would say nothing of the server.
      init.cache = 'no-store'
      if (body?.kind === 'text') init.body = body.text
      if (body?.kind === 'form') init.body = toFormData(body.parts)
      return await fetch(url, init)
    } finally {
      undo()
    }
  }

  #head(response: Response): void {
    const { headers, status } = response
    this.status = status
    this.headers = [...headers].sort(([one], [other]) => one.localeCompare(other))
    this.mediaType = headers.get('content-type') ?? ''
    const length = headers.get('content-length')
    // Of a compressed body the length says nothing of what we get to see.
    this.length = length === null || headers.has('content-encoding') ? undefined : Number(length)
    this.shape = response.body === null ? 'body' : shapeOf(this.mediaType, length !== null)
    this.headAt ??= this.#now()
    this.#become('streaming')
  }

  async #read(response: Response, signal: AbortSignal): Promise<void> {
    const decoder = createDecoder(this.shape, this.lastEventId)
    const reader = response.body?.getReader()
    let sliceEnd = performance.now() + SLICE_MS
    for (;;) {
      const asked = performance.now()
      const next = await reader?.read()
      // Whoever had to wait has left the page its turn. And what is not read yet is lost when the connection breaks.
      if (performance.now() - asked > 2) sliceEnd = performance.now() + SLICE_MS
      // What has come while it was paused is held back, too: no row moves.
      if (this.state === 'paused') await new Promise<void>((resolve) => (this.#resume = resolve))
      if (signal.aborted) return
      if (next === undefined || next.done) break
      this.#take(next.value, decoder)
      if (performance.now() < sliceEnd) continue
      await nextTurn()
      sliceEnd = performance.now() + SLICE_MS
    }
    const rest = decoder?.end()
    for (const item of rest?.items ?? []) this.#row(item)
    this.#settle()
    if (rest?.unfinished === true) this.#finish('truncated', 'The body ended in the middle of an item.')
    else if (this.#sawError) this.#finish('truncated', this.message)
    else this.#finish('complete', '')
  }

  #take(bytes: Uint8Array<ArrayBuffer>, decoder: Decoder | undefined): void {
    const at = this.#now()
    if (decoder === undefined) this.firstAt ??= at
    this.bytes += bytes.byteLength
    if (this.#kept + bytes.byteLength <= BODY_LIMIT && this.#kept + bytes.byteLength === this.bytes) {
      this.#body.push(bytes)
      this.#kept = this.bytes
    }
    const items = decoder?.push(bytes) ?? []
    for (const item of items) this.#row(item)
    this.rate.add(at, items.length, bytes.byteLength)
    if (decoder !== undefined) {
      this.lastEventId = decoder.lastEventId
      this.#retryMs = decoder.retryMs ?? this.#retryMs
    }
    this.#changed()
  }

  /** What looks like an end mark or a failure is an item if another one follows it. */
  #row(item: Item): void {
    const at = this.#now()
    if (item.kind !== 'comment') this.#settle('item')
    if (item.kind === 'end' || item.kind === 'error') this.#held = { item, at }
    else this.#add(item, at)
  }

  #settle(kind = this.#held?.item.kind): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined && kind !== undefined) this.#add({ ...held.item, kind }, held.at)
  }

  #add(item: Item, at: number): void {
    this.log.add(item, at)
    if (item.kind === 'item') this.merged.add(item.data)
    if (item.kind === 'item' || item.kind === 'chunk') {
      this.items++
      this.firstAt ??= at
    }
    if (item.kind !== 'error') return
    const problem = parse(item.data)
    const title = isRecord(problem) ? String(problem['detail'] ?? problem['title'] ?? '') : ''
    this.#sawError = true
    this.message = `The server says why: ${title === '' ? 'an error' : title}`
  }

  #note(text: string): void {
    this.log.add({ kind: 'note', raw: text, data: text, bytes: 0 }, this.#now())
  }

  #finish(state: RunState, message: string): void {
    this.#settle()
    this.endAt = this.#now()
    // What the server itself said of it tells more than that the connection is gone.
    if (!(state === 'truncated' && this.#sawError)) this.message = message
    this.#become(state)
  }

  /** After an end that nobody here wanted; 204 means "do not come back". */
  #comeBack(): void {
    const ended = this.state === 'complete' || this.state === 'truncated' || this.state === 'failed'
    if (!this.reconnects || this.shape !== 'events' || !ended || this.status === 204 || this.status >= 400)
      return
    this.#ended = this.state
    this.#become('waiting')
    this.#timer = setTimeout(() => void this.resume(), Math.min(this.#retryMs, 30_000))
  }

  #become(state: RunState): void {
    this.state = state
    this.#changed()
  }

  #now(): number {
    return performance.now() - this.#started
  }
}

const nextTurn = () => new Promise<void>((resolve) => setTimeout(resolve))

const unreachable = (reason: string) =>
  `No reply: ${reason}. The server may have stopped, or have closed the connection; its log tells more.`
