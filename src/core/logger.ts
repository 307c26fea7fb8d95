import { UsageError } from './error.ts'
import { isThenable } from './lifetime/thenable.ts'
import { describe, isInstance, propertyOf } from './thrown.ts'

/** What Millrace logs to. A pino logger fits as it is. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

type Level = keyof Logger

/**
 * The default logger: one JSON line per entry on standard error, warnings and errors only, so that
 * a program's own output stays its own.
 */
export const consoleLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, message) => writeLine('warn', fields, message),
  error: (fields, message) => writeLine('error', fields, message),
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/**
 * A logger that cannot fail: what goes wrong in `log` is told on standard error, and no request suffers.
 *
 * @throws {UsageError} for what is no logger.
 */
export function steadyLogger(log: Logger): Logger {
  const missing = LEVELS.filter((level) => typeof (log as Partial<Logger>)[level] !== 'function')
  if (missing.length > 0)
    throw new UsageError(
      `log takes a logger with debug, info, warn and error (pino fits); ${missing.join(', ')} is missing.`,
    )
  const at = (level: Level) => (fields: object, message: string) => {
    const failed = () => {
      const err = propertyOf(fields, 'err')
      console.error(
        `The logger failed at ${level}: ${message}${err === undefined ? '' : ` (${describe(err)})`}`,
      )
    }
    try {
      const logged = log[level](fields, message) as void | PromiseLike<unknown>
      // An asynchronous logger that rejects must not end the process either.
      if (isThenable(logged)) logged.then(undefined, failed)
    } catch {
      failed()
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function writeLine(level: Level, fields: object, message: string): void {
  const entry = { time: new Date().toISOString(), level, message }
  let line: string
  try {
    line = JSON.stringify({ ...entry, ...fields }, (_key, value: unknown) =>
      isInstance(value, Error) ? describeError(value) : value,
    )
  } catch (error) {
    // Fields that cannot be written (a cycle, a BigInt) must not turn a log line into a crash.
    const err = propertyOf(fields, 'err')
    const told = err === undefined ? undefined : { err: describe(err) }
    line = JSON.stringify({ ...entry, ...told, unwritable: describe(error) })
  }
  console.error(line)
}

function describeError(error: Error): object {
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? undefined : { cause: error.cause }),
  }
}
