/** Sends the requests of one call: the first one, and those that follow when it is tried again. */
import { encodeBody, type EncodedBody } from './request-body.ts'
import { encodeQuery, entries, fillPath } from './address.ts'
import { ReplyError } from './reply-error.ts'
import type { CallOptions, ClientRequest, FetchFunction, Hooks, Inputs } from './request.ts'
import { isTransient, pause, retryAfter, retryDelay, type RetryPolicy } from './retry.ts'
import { countBytes, sendByXhr } from './upload.ts'

/** What a client has in common for all its calls. */
export interface Origin {
  readonly url: string
  readonly fetch: FetchFunction | undefined
}

/** Where a stream goes on, and by what it was cut. */
export interface Resumption {
  readonly lastEventId: string | undefined
  readonly error: unknown
  readonly askedMs: number | undefined
  /** How often it has been cut without an item in between, from 1. */
  readonly failures: number
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

  /** Aborts when the caller has gone. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  /** Closes the connection, if there is one. */
  leave(reason?: unknown): void {
    this.#leaving.abort(reason)
  }

  /** The reply to the first request, or, under the policy for retries, to one that follows it. */
  async start(): Promise<Response> {
    const { retry, lastEventId } = this.options
    const policy = retry !== false && REPEATABLE.includes(this.#method) ? retry : undefined
    return this.#reach(lastEventId, policy)
  }

  /** The reply to a request that goes on where a stream was cut. */
  resume({ lastEventId, error, askedMs, failures }: Resumption, policy: RetryPolicy): Promise<Response> {
    return this.#reach(lastEventId, policy, error, failures, askedMs)
  }

  /** Tells the hooks of an error that the caller is going to see. */
  failed(error: unknown): unknown {
    this.done()
    if (this.#request !== undefined && !this.signal.aborted)
      for (const { onError } of this.#hooks) onError?.(error, this.#request)
    return error
  }

  /** Sends until there is a reply that would be the same in a moment. After an error it waits first. */
  async #reach(
    lastEventId: string | undefined,
    policy: RetryPolicy | undefined,
    error?: unknown,
    failures = 0,
    retryMs?: number,
  ): Promise<Response> {
    let [failure, failed, askedMs] = [error, failures, retryMs]
    for (;;) {
      if (failed > 0) await this.#wait(policy, failure, failed, askedMs, lastEventId)
      try {
        return await this.#send(lastEventId)
      } catch (thrown) {
        if (this.signal.aborted) throw this.signal.reason
        if (thrown instanceof ReplyError ? !isTransient(thrown.status) : thrown !== this.#unreached)
          throw thrown
        failure = error ?? thrown
        failed++
        askedMs = (thrown instanceof ReplyError ? retryAfter(thrown.headers) : undefined) ?? retryMs
      }
    }
  }

  async #wait(
    policy: RetryPolicy | undefined,
    error: unknown,
    attempt: number,
    askedMs: number | undefined,
    lastEventId: string | undefined,
  ): Promise<void> {
    const delayMs = policy && retryDelay(policy, attempt, askedMs)
    if (delayMs === undefined || this.#body?.once === true) throw error
    const retrying = { attempt, delayMs, error, ...(lastEventId === undefined ? {} : { lastEventId }) }
    for (const { onRetry } of this.#hooks) onRetry?.(retrying, this.#request!)
    await pause(delayMs, this.signal)
  }

  async #send(lastEventId: string | undefined): Promise<Response> {
    this.signal.throwIfAborted()
    const { body, headers, params, query } = this.options
    this.#body ??= await encodeBody(body, headers)
    const request: ClientRequest = {
      method: this.#method,
      path: this.#path,
      url: this.#origin.url + fillPath(this.#path, params) + encodeQuery(query),
      headers: this.#headers(lastEventId),
      signal: this.signal,
    }
    for (const { before } of this.#hooks) await before?.(request)
    this.#request = request
    const response = await this.#fetch(request, this.#body)
    for (const { after } of this.#hooks) await after?.(response, request)
    if (response.ok || response.status === 304) return response
    const text = await response.text().catch(() => '')
    throw new ReplyError(`${this.#method} ${this.#path}`, response, text)
  }

  #headers(lastEventId: string | undefined): Headers {
    const { accept = ACCEPT, endMark = true, cookies } = this.options
    const headers = new Headers({ accept })
    if (endMark) headers.set('prefer', 'stream-end')
    if (lastEventId !== undefined && lastEventId !== '') headers.set('last-event-id', utf8(lastEventId))
    if (this.#body?.type !== undefined) headers.set('content-type', this.#body.type)
    for (const [name, value] of entries(this.options.headers)) headers.set(name, value)
    const pairs = entries(cookies).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    if (pairs.length > 0) headers.set('cookie', pairs.join('; '))
    return headers
  }

  async #fetch({ url, method, headers, signal }: ClientRequest, encoded: EncodedBody): Promise<Response> {
    const { init, onUploadProgress } = this.options
    let { body } = encoded
    try {
      if (onUploadProgress !== undefined && body !== undefined) {
        const isOurs = this.#origin.fetch === undefined && !encoded.once
        if (isOurs && typeof XMLHttpRequest === 'function')
          return await sendByXhr({ url, method, headers, body, signal, init, onUploadProgress })
        body = countBytes(body, headers, onUploadProgress)
      }
      const streamed = body instanceof ReadableStream ? { duplex: 'half' } : {}
      const content = body === undefined ? {} : { body }
      const request = new Request(url, { ...init, ...streamed, ...content, method, headers, signal })
      return await (this.#origin.fetch ?? fetch)(request)
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
