import type { Context, ContextName, Inputs } from '../context.ts'
import { UsageError } from '../error.ts'
import type { InputOptions } from '../input.ts'
import type { Logger } from '../logger.ts'
import { assertOneOf, assertOptions, type KnownOptions, namesOf } from '../option.ts'
import type { AnySchema, Schema } from '../schema.ts'

/**
 * How long an instance lives:
 * - `request` (default): until the body has ended, one instance per request;
 * - `handler`: until the handler has finished its own work (a generator: until it has ended);
 * - `app`: from first use to shutdown, one instance in all.
 */
export type DependencyScope = 'request' | 'handler' | 'app'

/** Dependencies by the names under which they appear in the context. */
export type Uses = Readonly<Record<string, Dependency<unknown>>>

/** Makes a dependency that would hide a part of the context an error at its own place. */
export type FreeNames = { readonly [K in ContextName]?: TakenName<K> }

export type TakenName<K extends ContextName> = `"${K}" is a name of the context. Rename it.`

/** The values of what the `use` of some options names. */
export type Used<O> = O extends { readonly use: infer D }
  ? { readonly [K in keyof D]: D[K] extends Dependency<infer T> ? T : never }
  : {}

export interface DependencyOptions<S = Schema> extends InputOptions<S> {
  /** Default `request`. */
  readonly scope?: DependencyScope
  /** Dependencies of this dependency. */
  readonly use?: Uses & FreeNames
}

const SCOPES: readonly DependencyScope[] = ['request', 'handler', 'app']

const DEPENDENCY_OPTIONS = namesOf<DependencyOptions>({
  params: true,
  query: true,
  headers: true,
  cookies: true,
  scope: true,
  use: true,
})

/** Something a handler needs, declared once: made before the handler runs, released when its scope ends. */
export interface Dependency<out T> {
  readonly scope: DependencyScope
  readonly options: DependencyOptions
  /** Makes the value: a function, or a generator that yields it once and cleans up after the yield. */
  readonly create: (context: never) => unknown
  /** Carries the value's type; never present. */
  readonly '~value'?: T
}

/** What a dependency of scope `app` sees: there is no request. */
export interface AppContext {
  readonly log: Logger
}

type DependencyContext<O> = O extends { readonly scope: 'app' }
  ? AppContext & Used<O>
  : Context<string, Inputs<O>> & Used<O>

/** The value that a dependency's function stands for. */
type ValueOf<R> =
  R extends AsyncGenerator<infer T, unknown, unknown>
    ? T
    : R extends Generator<infer T, unknown, unknown>
      ? T
      : Awaited<R>

/**
 * Declares a dependency: a function that returns a value, or a generator that yields it and cleans
 * up afterwards. When the request did not end well, the error (or the reason it was cancelled for)
 * is thrown at the `yield`, so that `try`/`catch`/`finally` there decides between commit and rollback.
 *
 * @example
 * const db = dependency(async function* () {
 *   const client = await pool.connect()
 *   try { yield client } finally { client.release() }
 * })
 */
export function dependency<const O extends DependencyOptions<AnySchema>, R>(
  options: KnownOptions<O, DependencyOptions>,
  create: (context: DependencyContext<O>) => R,
): Dependency<ValueOf<R>>
/**
 * Declares a dependency: a function that returns a value, or a generator that yields it and cleans up
 * afterwards. What ended the request, if it did not end well, is thrown at the `yield`.
 */
export function dependency<R>(create: (context: Context) => R): Dependency<ValueOf<R>>
export function dependency(
  first: DependencyOptions | ((context: never) => unknown),
  second?: (context: never) => unknown,
): Dependency<unknown> {
  const [options, create] = typeof first === 'function' ? [{}, first] : [first, second]
  if (typeof create !== 'function')
    throw new UsageError('dependency(options, fn): the second argument must be a function.')
  assertOptions(options, DEPENDENCY_OPTIONS, 'dependency')
  const scope = options.scope ?? 'request'
  assertOneOf(scope, SCOPES, 'The scope of a dependency')
  const uses: Uses = options.use ?? {}
  for (const [name, used] of Object.entries(uses)) {
    if (scope === 'app' && used.scope !== 'app') {
      throw new UsageError(`A dependency of scope "app" cannot use "${name}" of scope "${used.scope}".`)
    }
  }
  return Object.freeze({ scope, options, create })
}
