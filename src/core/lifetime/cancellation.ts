/** Why a request's work was cut short. */
export type CancelReason = 'disconnect' | 'error' | 'timeout' | 'shutdown'

const MESSAGES: Record<CancelReason, string> = {
  disconnect: 'The client went away.',
  error: 'The stream failed.',
  timeout: 'A deadline passed.',
  shutdown: 'The server is shutting down.',
}

export function isCancelReason(value: unknown): value is CancelReason {
  return typeof value === 'string' && Object.hasOwn(MESSAGES, value)
}

/** What the waits of a cancelled request reject with, and what its `signal.reason` is. */
export class StreamCancelled extends Error {
  override readonly name = 'StreamCancelled'
  readonly reason: CancelReason

  constructor(reason: CancelReason, cause?: unknown) {
    super(MESSAGES[reason], cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

/**
 * The one cancel path of a request: client gone, deadline, shutdown and error all come through
 * here, once. An AbortController is made only when somebody reads `signal`, since most requests
 * never need one.
 */
export class Cancellation {
  /** Whether a stream is under way that has yet to show anything: a shutdown need not wait for its first item. */
  awaitsFirstItem = false
  #error: StreamCancelled | undefined
  #controller: AbortController | undefined
  #listeners: Set<(error: StreamCancelled) => void> | undefined
  #onSurvived: (() => void) | undefined

  /** Set once the request is cancelled. */
  get error(): StreamCancelled | undefined {
    return this.#error
  }

  /** The same as an AbortSignal, for `fetch`, `pg`, `fs` and everything else that takes one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#error !== undefined) this.#controller.abort(this.#error)
    }
    return this.#controller.signal
  }

  /**
   * From now on a client that leaves, or is sent away by a shutdown, cancels nothing: the route asked to
   * finish its work. Instead `onSurvived` is told.
   */
  survive(onSurvived: () => void): void {
    this.#onSurvived = onSurvived
  }

  /** There is no more time: work that was to be finished is cancelled after all. */
  giveUp(): void {
    this.#onSurvived = undefined
    this.cancel('shutdown')
  }

  /** Cancels. Only the first call counts. */
  cancel(reason: CancelReason, cause?: unknown): void {
    if (this.#error !== undefined) return
    if (this.#onSurvived !== undefined && (reason === 'disconnect' || reason === 'shutdown'))
      return this.#onSurvived()
    const error = new StreamCancelled(reason, cause)
    this.#error = error
    this.#controller?.abort(error)
    const listeners = this.#listeners
    this.#listeners = undefined
    if (listeners !== undefined) for (const listener of listeners) listener(error)
  }

  /**
   * Calls `listener` when the request is cancelled, at once if it already is.
   *
   * @returns a function that takes the listener back.
   */
  subscribe(listener: (error: StreamCancelled) => void): () => void {
    if (this.#error !== undefined) {
      listener(this.#error)
      return () => {}
    }
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
}
