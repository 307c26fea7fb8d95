/** Sends the requests of one call: the first one, and those that follow when it is tried again. */
import { encodeBody, type EncodedBody } from './request-body.ts'
import { encodeQuery, entries, fillPath } from './address.ts'
import { ReplyError } from './reply-error.ts'
import type { CallOptions, ClientRequest, FetchFunction, Hooks, Inputs } from './request.ts'
import { isTransient, pause, retryAfter, retryDelay, type RetryPolicy } from './retry.ts'

/** What a client has in common for all its calls. */
export interface Origin {
  readonly url: string
  readonly fetch: FetchFunction | undefined
}

/** Where a stream goes on, and by what it was cut. */
export interface Resumption {
  readonly lastEventId: string | undefined
  readonly error?: unknown
  readonly askedMs?: number | undefined
  /** How often it has been cut without an item in between. */
  readonly failures?: number
}

const ACCEPT = 'text/event-stream, application/jsonl;q=0.9, application/json;q=0.9, */*;q=0.8'

/** Methods that may be sent twice (RFC 9110 section 9.2.2, RFC 10008). */
const REPEATABLE = ['GET', 'HEAD', 'OPTIONS', 'QUERY', 'PUT', 'DELETE']

export class Sender {
  readonly #origin: Origin
  readonly #method: string
  readonly #path: string
  readonly #hooks: readonly Hooks[]
  readonly #leaving = new AbortController()
  readonly options: Inputs & CallOptions
  #request: ClientRequest | undefined
  #body: EncodedBody | undefined
  /** What `fetch` rejected with, to be told from what hooks throw. */
  #unreached: unknown

  constructor(
    origin: Origin,
    method: string,
    path: string,
    options: Inputs & CallOptions,
    hooks: readonly Hooks[],
  ) {
    this.#origin = origin
    this.#method = method
    this.#path = path
    this.#hooks = hooks
    this.options = options
    const { signal } = options
    if (signal?.aborted === true) this.#follow()
    else signal?.addEventListener('abort', this.#follow)
  }

  readonly #follow = () => this.leave(this.options.signal?.reason)

  /** The call is over: a signal that outlives it must not hold it. */
  done(): void {
    this.options.signal?.removeEventListener('abort', this.#follow)
  }

  /** Whether a stream that is cut goes on by itself: what may be sent twice does, the rest where it is said. */
  get resumption(): RetryPolicy | undefined {
    const { resume } = this.options
    return resume || (resume === undefined && REPEATABLE.includes(this.#method) ? {} : undefined)
  }

  /** Aborts when the caller has gone. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  /** Closes the connection, if there is one. */
  leave(reason?: unknown): void {
    this.#leaving.abort(reason)
  }

  /** The reply to the first request, or, under the policy for retries, to one that follows it. */
  start(): Promise<Response> {
    const { retry, lastEventId } = this.options
    return this.#reach({ lastEventId }, (REPEATABLE.includes(this.#method) && retry) || undefined)
  }

  /** The reply to a request that goes on where a stream was cut. */
  resume(from: Resumption, policy: RetryPolicy): Promise<Response> {
    return this.#reach(from, policy)
  }

  /** Tells the hooks of an error, before the caller sees it. */
  async failed(error: unknown): Promise<never> {
    this.done()
    this.#body?.cancel?.()
    if (this.#request !== undefined && !this.signal.aborted) await this.#tell('onError', error, this.#request)
    throw error
  }

  async #tell<K extends keyof Hooks>(hook: K, ...about: Parameters<NonNullable<Hooks[K]>>): Promise<void> {
    for (const hooks of this.#hooks) await (hooks[hook] as (...args: unknown[]) => unknown)?.(...about)
  }

  /** Sends until there is a reply that would be the same in a moment. After an error it waits first. */
  async #reach(from: Resumption, policy: RetryPolicy | undefined): Promise<Response> {
    const { lastEventId } = from
    let { error, askedMs, failures = 0 } = from
    for (;;) {
      if (failures > 0) {
        const delayMs = policy && retryDelay(policy, failures, askedMs)
        if (delayMs === undefined || this.#body?.once === true) throw error
        await this.#tell('onRetry', { attempt: failures, delayMs, error, lastEventId }, this.#request!)
        await pause(delayMs, this.signal)
      }
      try {
        return await this.#send(lastEventId)
      } catch (thrown) {
        this.signal.throwIfAborted()
        const reply = thrown instanceof ReplyError ? thrown : undefined
        if (reply === undefined ? thrown !== this.#unreached : !isTransient(reply.status)) throw thrown
        // A stream that was cut stays the reason.
        error = from.error ?? thrown
        askedMs = (reply && retryAfter(reply.headers)) ?? from.askedMs
        failures++
      }
    }
  }

  async #send(lastEventId: string | undefined): Promise<Response> {
    this.signal.throwIfAborted()
    const { body, headers, params, query } = this.options
    this.#body ??= await encodeBody(body, headers, this.signal)
    const request: ClientRequest = {
      method: this.#method,
      path: this.#path,
      url: this.#origin.url + fillPath(this.#path, params) + encodeQuery(query),
      headers: this.#headers(lastEventId),
      signal: this.signal,
    }
    await this.#tell('before', request)
    this.#request = request
    const response = await this.#fetch(request, this.#body)
    await this.#tell('after', response, request)
    if (response.ok || response.status === 304) return response
    const text = await response.text().catch(() => '')
    throw new ReplyError(`${this.#method} ${this.#path}`, response, text)
  }

  #headers(lastEventId: string | undefined): Headers {
    const { accept = ACCEPT, endMark = true, cookies } = this.options
    const headers = new Headers()
    // One by one, because names that differ in their case alone would be joined.
    for (const [name, value] of entries({
      accept,
      prefer: endMark ? 'stream-end' : undefined,
      'last-event-id': lastEventId && utf8(lastEventId),
      'content-type': this.#body?.type,
      cookie: entries(cookies)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('; '),
    }).concat(entries(this.options.headers)))
      headers.set(name, value)
    return headers
  }

  async #fetch({ url, method, headers, signal }: ClientRequest, encoded: EncodedBody): Promise<Response> {
    const { init, onUploadProgress } = this.options
    const all: RequestInit & { duplex: 'half' } = { ...init, method, headers, signal, duplex: 'half' }
    if (encoded.body !== undefined) all.body = encoded.body
    let send = async () => (this.#origin.fetch ?? fetch)(new Request(url, all))
    if (onUploadProgress !== undefined && encoded.body !== undefined) {
      // Few calls need it, so it is not loaded before.
      const { countBytes, sendByXhr } = await import('./upload.ts')
      const byXhr = this.#origin.fetch === undefined && !encoded.once && 'XMLHttpRequest' in globalThis
      if (byXhr) send = () => sendByXhr(url, all, onUploadProgress)
      else all.body = await countBytes(encoded.body, headers, onUploadProgress)
    }
    try {
      return await send()
    } catch (error) {
      this.#unreached = error
      throw error
    }
  }
}

/** Header values are bytes to `fetch`; ids are UTF-8, as an EventSource sends them. */
function utf8(id: string): string {
  return String.fromCharCode(...new TextEncoder().encode(id))
}
