/**
 * Requests that no server of ours follows, since their transport is called and then pulled from
 * (`app.fetch`, the in-memory link). A shutdown has to reach them all the same.
 */
import type { Cancellation, CancelReason } from './cancellation.ts'
import { type Clock, settlesWithin } from './clock.ts'
import type { Reply } from './reply.ts'

/** How long handlers that were cut at the end of the grace may still unwind, in milliseconds. */
const UNWINDING_MS = 200

/** A body that is pulled. */
interface LiveBody {
  /** Ends it as gently as its format allows. */
  stop(reason: 'shutdown'): void
  cut(reason: CancelReason, error?: unknown): void
}

/** The requests under way, until their bodies have ended. */
export class LiveRequests {
  readonly #requests = new Set<LiveRequest>()
  #closing = 0
  #onEmpty: (() => void)[] = []

  /** Follows a request from its arrival. */
  open(cancellation: Cancellation): LiveRequest {
    const request = new LiveRequest(cancellation, (ended) => this.#forget(ended))
    this.#requests.add(request)
    return request
  }

  /** Whether a shutdown is under way. */
  get closing(): boolean {
    return this.#closing > 0
  }

  /** Tells every stream at once, lets finite replies take `grace` milliseconds, and cuts the rest. */
  async close(grace: number, clock: Clock): Promise<void> {
    this.#closing++
    for (const request of this.#requests) request.dismiss()
    await this.#emptied(grace, clock)
    for (const request of this.#requests) request.cut()
    await this.#emptied(UNWINDING_MS, clock)
    for (const request of this.#requests) request.abandon()
    this.#closing--
  }

  async #emptied(ms: number, clock: Clock): Promise<void> {
    if (this.#requests.size === 0) return
    await settlesWithin(new Promise<void>((resolve) => this.#onEmpty.push(resolve)), ms, clock)
  }

  #forget(request: LiveRequest): void {
    this.#requests.delete(request)
    if (this.#requests.size > 0) return
    for (const tell of this.#onEmpty.splice(0)) tell()
  }
}

export class LiveRequest {
  readonly #cancellation: Cancellation
  readonly #forget: (request: LiveRequest) => void
  #giveUp = () => {}
  #isAbandoned = false
  #body: { readonly body: LiveBody; readonly isEndless: boolean } | undefined

  constructor(cancellation: Cancellation, forget: (request: LiveRequest) => void) {
    this.#cancellation = cancellation
    this.#forget = forget
  }

  /** Waits for the reply; undefined when the app has closed meanwhile and does not wait any more. */
  async reply(pending: Reply | Promise<Reply>): Promise<Reply | undefined> {
    if (!(pending instanceof Promise)) return pending
    return new Promise((resolve) => {
      this.#giveUp = () => resolve(undefined)
      void pending.then((reply) => {
        if (this.#isAbandoned) reply.onEnd?.({ outcome: 'shutdown', bytes: 0, items: 0 })
        else resolve(reply)
      })
    })
  }

  /** Its reply is there, with a body that takes its time. */
  carry(body: LiveBody, isEndless: boolean): void {
    this.#body = { body, isEndless }
    this.#cancellation.subscribe((error) => {
      // A shutdown has told the body by itself, and more gently.
      if (error.reason !== 'shutdown') body.cut(error.reason, error)
    })
  }

  /** Its body has ended. */
  end(): void {
    this.#forget(this)
  }

  /** Tells a stream that the app closes; finite replies may use the grace. */
  dismiss(): void {
    if (this.#body === undefined ? !this.#cancellation.awaitsFirstItem : !this.#body.isEndless) return
    this.#body?.body.stop('shutdown')
    this.#cancellation.cancel('shutdown')
  }

  cut(): void {
    this.#cancellation.cancel('shutdown')
    this.#body?.body.cut('shutdown')
  }

  /** Waits no longer for a handler that does not unwind. */
  abandon(): void {
    this.#isAbandoned = true
    this.#giveUp()
    this.end()
  }
}
