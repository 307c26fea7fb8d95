/**
 * Rejections that nobody handles end a Node process, and a client who leaves rejects what its handler waits
 * for: in `const a = task(1), b = task(2); return [await a, await b]`, where both sleep, `b` fails while
 * nobody looks. So what a cancelled request brings about is told, and ends nothing. Everything else ends the
 * process as if we were not there.
 */
import { StreamCancelled } from '../../core/lifetime/cancellation.ts'
import { describe, isInstance, propertyOf } from '../../core/thrown.ts'
import { processLog } from './process-log.ts'

/** By which copies of this listener know each other. */
const OURS = Symbol.for('millrace.unhandled')

/**
 * Sees to it that no cancelled request ends the process, from now on. The listener stays when the app has
 * closed: what was cut at the end may still reject.
 */
export function survivesCancelled(): void {
  if (!process.listeners('unhandledRejection').includes(onUnhandled))
    process.on('unhandledRejection', onUnhandled)
}

const onUnhandled = Object.assign(
  (reason: unknown): void => {
    if (isOfCancelled(reason)) {
      // Which app it was is not known; with one of them it is told.
      processLog()?.warn(
        { err: reason },
        'Work of a request that was cancelled went on without anybody who awaits it. Await it, or give it a catch.',
      )
    } else if (process.listeners('unhandledRejection').every((listener) => OURS in listener)) {
      throw isInstance(reason, Error) ? reason : new Error(`Unhandled rejection: ${describe(reason)}`)
    }
  },
  { [OURS]: true },
)

/** Causes may lead back to where they started. */
const MOST_CAUSES = 16

/** `fetch` rejects with the reason of its signal, timers with an error that has it as its cause. */
function isOfCancelled(reason: unknown): boolean {
  let error = reason
  for (let depth = 0; depth < MOST_CAUSES && isInstance(error, Error); depth++) {
    if (isInstance(error, StreamCancelled)) return true
    error = propertyOf(error, 'cause')
  }
  return false
}
