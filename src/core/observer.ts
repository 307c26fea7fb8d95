import { isThenable } from './lifetime/thenable.ts'
import type { Logger } from './logger.ts'
import type { Ending } from './reply/reply.ts'

/** What an observer is told about a request. */
export interface ObservedRequest {
  readonly method: string
  /** The canonical path. */
  readonly path: string
  /** The pattern of the route that matched, undefined when none did. Safe as a metric label. */
  readonly route: string | undefined
}

/**
 * Watches requests from outside: logs, metrics, traces. Observers never change a reply; what they
 * throw is logged and ignored.
 */
export interface Observer {
  /** The reply is decided and its head is about to be sent. */
  head?(request: ObservedRequest, status: number): void
  /** The body has ended, and how. */
  end?(request: ObservedRequest, ending: Ending, status: number): void
  /** Something was thrown that the client was told nothing about. */
  error?(request: ObservedRequest, error: unknown): void
}

/** Tells an observer something; what it throws is logged and goes no further. */
export function observe(log: Logger, tell: () => unknown): void {
  const failed = (error: unknown) => log.error({ err: error }, 'An observer failed')
  try {
    const told = tell() as void | PromiseLike<unknown>
    if (isThenable(told)) told.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
