/**
 * Values that were thrown. They may be anything: a revoked proxy throws when its prototype is asked for, a
 * getter when it is read. Code that decides over an error must not fail over it (issue 11), so nothing in here
 * throws.
 */

/** `instanceof`, and false for what cannot be asked. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/** A property, and undefined where it cannot be read. */
export function propertyOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name]
  } catch {
    return undefined
  }
}

/** The value if it is an error, otherwise an error with it as its cause. */
export function toError(thrown: unknown, message: string): Error {
  return isInstance(thrown, Error) ? thrown : new Error(message, { cause: thrown })
}

/** A value in a few words, for logs and messages: `TypeError: x is not a function`. */
export function describe(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    const message = propertyOf(thrown, 'message')
    return typeof message === 'string' ? message : `${typeof thrown} that cannot be read`
  }
}
