/**
 * Functions that Node calls. An exception in a listener or a timer has no caller that could catch it, and
 * Node ends the process. So each of them is wrapped here: what it throws is logged, and its connection, its
 * stream or its response is closed (issue 11). test/transports/callback.test.ts finds registrations
 * that are not.
 */
import type { EventEmitter } from 'node:events'
import { processLog } from './process-log.ts'

interface Destroyable {
  destroy(): unknown
}

type Listener = (...args: never[]) => void

/**
 * Wraps a function for Node to call.
 *
 * @param owner What is destroyed when the function throws: a socket, a stream, a response, a session.
 */
export function callback<F extends Listener>(fn: F, owner?: object): F {
  const wrapped = (...args: Parameters<F>): void => {
    try {
      fn(...args)
    } catch (error) {
      contain(error, owner)
    }
  }
  return wrapped as F
}

/** Listens to every event of this name. */
export function on(emitter: EventEmitter, event: string, listener: Listener): void {
  emitter.on(event, callback(listener, emitter) as () => void)
}

/** Listens to the next event of this name. */
export function once(emitter: EventEmitter, event: string, listener: Listener): void {
  emitter.once(event, callback(listener, emitter) as () => void)
}

/** Logs a fault, and closes what it came from. */
export function contain(error: unknown, owner: object | undefined): void {
  try {
    processLog()?.error({ err: error }, 'A callback failed; its connection was closed. Please report this.')
    if (isDestroyable(owner)) owner.destroy()
  } catch {
    // There is nobody left to tell.
  }
}

function isDestroyable(owner: object | undefined): owner is Destroyable {
  return owner !== undefined && 'destroy' in owner && typeof owner.destroy === 'function'
}
