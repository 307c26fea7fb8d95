import { type ErrorCode, HttpError } from '../error.ts'
import { isCancelReason, StreamCancelled } from './cancellation.ts'
import { assertAmount, assertOptions } from '../option.ts'
import type { Outcome } from '../reply/reply.ts'
import { isInstance, propertyOf } from '../thrown.ts'

/** How long each phase of a request may take, in milliseconds; 0 turns a limit off. */
export interface Timeouts {
  /** From the first byte of a connection's request to the end of its headers. Per app only. Default 60 000. */
  readonly headers?: number
  /** From the first read of the body to its end, and as long again for every MiB that arrives: 408. Default 300 000. */
  readonly body?: number
  /** From the request, or the last bytes of its body, to the handler's result or first item: 503. Default 60 000. */
  readonly first?: number
  /** Between two items of a stream: it ends with an error item and a cut. Default 0, since many streams are rightly quiet. */
  readonly idle?: number
  /** How long a reader may take nothing while there is something for it: cut. Default 30 000. */
  readonly stall?: number
  /** From the request to the end of its reply: 503, or a cut once the head has left. Default 0. */
  readonly total?: number
}

/** The defaults of every phase. */
export const DEFAULT_TIMEOUTS: Required<Timeouts> = {
  headers: 60_000,
  body: 300_000,
  first: 60_000,
  idle: 0,
  stall: 30_000,
  total: 0,
}

/** @throws {UsageError} for a phase that there is not, and for a time that is none. */
export function assertTimeouts(timeouts: Timeouts | undefined, what: string): void {
  if (timeouts === undefined) return
  assertOptions(timeouts, Object.keys(DEFAULT_TIMEOUTS), `timeouts of ${what}`)
  for (const [phase, ms] of Object.entries(timeouts))
    assertAmount(ms, `timeouts.${phase} of ${what}`, 'milliseconds')
}

type Phase = 'body' | 'first' | 'idle' | 'stall' | 'total'

const CODES: Record<Phase, ErrorCode> = {
  body: 'BODY_TIMEOUT',
  first: 'FIRST_ITEM_TIMEOUT',
  idle: 'IDLE_TIMEOUT',
  stall: 'STALL_TIMEOUT',
  total: 'TOTAL_TIMEOUT',
}

const TIMEOUT_CODES = new Set<string>(Object.values(CODES))

/** The error of a phase that took too long. */
export function phaseTimeout(phase: Phase, ms: number): HttpError {
  return new HttpError(CODES[phase], { detail: `The limit is ${ms} ms.` })
}

/** What kind of end an error stands for. */
export function outcomeOf(error: unknown): Exclude<Outcome, 'complete'> {
  if (isInstance(error, HttpError) && TIMEOUT_CODES.has(String(propertyOf(error, 'code')))) return 'timeout'
  if (!isInstance(error, StreamCancelled)) return 'error'
  const reason = propertyOf(error, 'reason')
  return isCancelReason(reason) ? reason : 'error'
}
