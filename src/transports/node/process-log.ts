/** Where faults are logged that belong to the process, and not to one app: the log of an app that is listening. */
import type { Logger } from '../../core/logger.ts'

const logs = new Set<Logger>()

/**
 * Offers the log of an app.
 *
 * @returns a function that takes the offer back.
 */
export function offerLog(log: Logger): () => void {
  logs.add(log)
  return () => void logs.delete(log)
}

/** One of the offered logs; undefined when no app is listening. */
export function processLog(): Logger | undefined {
  const [log] = logs
  return log
}
