/** A connection over real sockets: HTTP by the runtime's own `fetch`. */
import { toWebStream } from '../core/reply/web-stream.ts'
import type { Send } from './memory.ts'
import type { TestEnding, TestReply, Wire } from './reply.ts'

/** @param origin for example `http://127.0.0.1:8000`. */
export function httpSender(origin: string): Send {
  return async (method, target, { headers = {}, body }, signal) => {
    // The signal of fetch is our own, so that a reply can leave by itself.
    const leaving = new AbortController()
    const leave = () => leaving.abort(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers: { ...headers },
      redirect: 'manual',
      signal: leaving.signal,
    }
    if (body !== undefined) {
      init.body =
        typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : toWebStream(body)
      init.duplex = 'half'
    }
    return new HttpWire(await fetch(origin + target, init), leaving)
  }
}

class HttpWire implements Wire {
  readonly status: number
  readonly headers: TestReply['headers']
  readonly ended: Promise<TestEnding>
  readonly #leaving: AbortController
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #settle: (ending: TestEnding) => void = () => {}
  #bytes = 0

  constructor(response: Response, leaving: AbortController) {
    this.status = response.status
    const cookies = response.headers.getSetCookie()
    this.headers = {
      ...Object.fromEntries(response.headers),
      ...(cookies.length > 0 ? { 'set-cookie': cookies } : undefined),
    }
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#leaving = leaving
    leaving.signal.addEventListener('abort', () => this.#end('disconnect'))
    this.#reader = response.body?.getReader()
    if (this.#reader === undefined) this.#end('complete')
  }

  #end(outcome: TestEnding['outcome'], error?: unknown): void {
    this.#settle({ outcome, bytes: this.#bytes, ...(error === undefined ? undefined : { error }) })
  }

  async next(): Promise<Uint8Array | undefined> {
    try {
      const result = await this.#reader?.read()
      this.#bytes += result?.value?.byteLength ?? 0
      if (result === undefined || result.done) this.#end('complete')
      return result?.value
    } catch (error) {
      this.#end('error', error)
      throw error
    }
  }

  leave(): void {
    this.#leaving.abort(new Error('The test left.'))
  }

  break(): void {
    this.leave()
  }
}
