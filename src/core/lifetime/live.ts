/**
 * Requests that no server of ours follows, since their transport is called and then pulled from
 * (`app.fetch`, the in-memory link). A shutdown has to reach them all the same.
 */
import type { Cancellation, CancelReason } from './cancellation.ts'
import { type Clock, settlesWithin } from './clock.ts'
import type { Reply } from '../reply/reply.ts'

/** How long handlers that were cut at the end of the grace may still unwind, in milliseconds. */
const UNWINDING_MS = 200

/** A body that is pulled. */
interface LiveBody {
  /** Whether it has no known length, so that nobody can wait for its end. */
  readonly endless: boolean
  /** Sends its reader away, as gently as its format allows. */
  stop(): void
  cut(reason: CancelReason, error?: unknown): void
}

/**
 * Tells a request that the app closes: a stream at once, and what is finite not at all, since it may use the
 * grace. Without a body yet it is a stream if it waits for its first item.
 */
export function dismiss(
  cancellation: Cancellation,
  body: Pick<LiveBody, 'endless' | 'stop'> | undefined,
): void {
  if (body === undefined ? !cancellation.awaitsFirstItem : !body.endless) return
  body?.stop()
  cancellation.cancel('shutdown')
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
  #body: LiveBody | undefined

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
  carry(body: LiveBody): void {
    this.#body = body
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
    dismiss(this.#cancellation, this.#body)
  }

  cut(): void {
    this.#cancellation.cancel('shutdown')
    this.#body?.cut('shutdown')
  }

  /** Waits no longer for a handler that does not unwind. */
  abandon(): void {
    this.#isAbandoned = true
    this.#giveUp()
    this.end()
  }
}
