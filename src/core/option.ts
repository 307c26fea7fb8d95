/** Options, as the compiler checks them, and as they are checked once more at run time: not everybody runs the compiler. */
import { UsageError } from './error.ts'

/**
 * The options as they were given, or, where they cannot be right, with what is wrong in the place of the
 * option: a generic parameter would let it pass. `Known` are the options that there are.
 */
export type KnownOptions<O, Known> = keyof O extends keyof Known
  ? keyof Known extends keyof O
    ? O // All of them: the options came in a variable of that type, or a mistake in them was found already.
    : 'returns' | 'streams' extends keyof O
      ? Omit<Known, 'streams'> & { readonly streams: 'A route has "returns" or "streams", not both' }
      : O & Described<Known>
  : Known & { readonly [K in Exclude<keyof O, keyof Known>]: `"${K & string}" is not an option here` }

/** Adds nothing but the descriptions of the options, for editors to show. */
type Described<Known> = { readonly [K in keyof Known]?: unknown }

/** The names of all options of a kind. The compiler sees to it that none is missing. */
export function namesOf<T>(names: { readonly [K in keyof T]-?: true }): readonly string[] {
  return Object.keys(names)
}

/** @throws {UsageError} for what are no options, and for one that there is not. */
export function assertOptions(options: unknown, names: readonly string[], what: string): void {
  const list = names.join(', ')
  if (typeof options === 'function')
    throw new UsageError(
      `${what} takes an object with options first, and then the function: pass {} for none.`,
    )
  if (typeof options !== 'object' || options === null)
    throw new UsageError(`${what} takes an object with options, not ${String(options)}. There are: ${list}.`)
  for (const name of Object.keys(options))
    if (!names.includes(name))
      throw new UsageError(`${what}: "${name}" is not an option. There are: ${list}.`)
}

/**
 * @param unit in which it is counted: `bytes`, `milliseconds`.
 * @throws {UsageError} for an amount that is no number from 0 up: of "1mb" nothing could be more.
 */
export function assertAmount(value: unknown, what: string, unit: string): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return
  const given = typeof value === 'string' ? JSON.stringify(value) : String(value)
  throw new UsageError(`${what} takes ${unit} from 0 up, as a number, not ${given}.`)
}

/** @throws {UsageError} for what is no list of functions. */
export function assertMiddleware(middleware: unknown, what: string): void {
  if (middleware === undefined) return
  if (Array.isArray(middleware) && middleware.every((each) => typeof each === 'function')) return
  throw new UsageError(`${what}: "middleware" takes a list of functions: [(context, next) => next()].`)
}

/** @throws {UsageError} for a value that is not one of those that there are. */
export function assertOneOf(value: unknown, values: readonly string[], what: string): void {
  if (value === undefined || values.includes(value as string)) return
  throw new UsageError(`${what} is one of ${values.join(', ')}, not ${JSON.stringify(value)}.`)
}
