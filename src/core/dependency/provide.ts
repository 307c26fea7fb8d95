import { CONTEXT_NAMES } from '../context.ts'
import type { Dependency, Uses } from './dependency.ts'
import type { Engine, Release } from '../engine.ts'
import { type InputIssue, UsageError } from '../error.ts'
import { type Exchange, ExchangeView } from '../exchange.ts'
import { isThenable } from '../lifetime/thenable.ts'
import { assertNoIssues, hasInputs, type Inputs, readInputs } from '../input.ts'

type Values = Record<string, unknown>

/** @throws {UsageError} when a dependency would hide a part of the context. */
export function assertUses(uses: Uses, owner: string): void {
  for (const name of Object.keys(uses)) {
    if ((CONTEXT_NAMES as readonly string[]).includes(name)) {
      throw new UsageError(
        `${owner} uses a dependency as "${name}", which is a name of the context. Rename it.`,
      )
    }
    const used: unknown = uses[name]
    if (typeof used !== 'object' || used === null || !('create' in used)) {
      throw new UsageError(`${owner} uses "${name}", which is no dependency. Make it one: dependency(fn).`)
    }
  }
}

/** @throws {UsageError} when a replacement would need what it replaces. */
export function assertNoCycle(
  replaced: Dependency<unknown>,
  replacement: Dependency<unknown>,
  overrides: ReadonlyMap<Dependency<unknown>, Dependency<unknown>>,
): void {
  for (const [name, used] of Object.entries((replacement.options.use ?? {}) as Uses)) {
    if (used === replaced)
      throw new UsageError(
        `override: the replacement needs "${name}", which is what it replaces. Give it one of its own.`,
      )
    assertNoCycle(replaced, overrides.get(used) ?? used, overrides)
  }
}

/**
 * Makes the instances that `uses` names, one after another in the order they are written, so that a
 * guard in front keeps the work behind it from starting. Synchronous as long as they are.
 */
export function provide(exchange: Exchange, uses: Uses, values: Values): void | Promise<void> {
  const names = Object.keys(uses)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = instance(exchange, name, uses[name]!)
    if (value instanceof Promise) return provideRest(exchange, uses, values, names, i, value)
    values[name] = value
  }
}

async function provideRest(
  exchange: Exchange,
  uses: Uses,
  values: Values,
  names: readonly string[],
  at: number,
  first: Promise<unknown>,
): Promise<void> {
  values[names[at]!] = await first
  for (const name of names.slice(at + 1)) values[name] = await instance(exchange, name, uses[name]!)
}

/** The one instance of a dependency in this request (or app), made if need be. */
function instance(exchange: Exchange, name: string, declared: Dependency<unknown>): unknown {
  const { engine } = exchange
  const dependency = engine.overrides.get(declared) ?? declared
  if (dependency.scope === 'app') return sharedInstance(engine, dependency)
  if (exchange.instances.has(dependency)) return exchange.instances.get(dependency)
  const made = make(exchange, name, dependency)
  exchange.instances.set(dependency, made)
  return made
}

function make(exchange: Exchange, name: string, dependency: Dependency<unknown>): unknown {
  const { options, scope } = dependency
  const register = (release: Release) =>
    exchange.lifetime.releaseWith(scope === 'handler' ? 'handler' : 'request', name, release)
  if (options.use === undefined && !hasInputs(options)) return open(dependency, exchange, register)
  return makeWithOwnContext(exchange, dependency, register)
}

async function makeWithOwnContext(
  exchange: Exchange,
  dependency: Dependency<unknown>,
  register: (release: Release) => void,
): Promise<unknown> {
  const own: Values = {}
  await provide(exchange, dependency.options.use ?? {}, own)
  const issues: InputIssue[] = []
  const inputs: Inputs = {}
  await readInputs(exchange, dependency.options, issues, inputs)
  assertNoIssues(issues)
  return open(dependency, new ExchangeView(exchange, { ...own, ...inputs }), register)
}

/** Instances of scope `app` are made once, also when two requests ask at the same time. */
function sharedInstance(engine: Engine, dependency: Dependency<unknown>): Promise<unknown> {
  const present = engine.shared.get(dependency)
  if (present !== undefined) return present
  const made = makeShared(engine, dependency)
  engine.shared.set(dependency, made)
  // A failure is not kept: the next request tries again.
  made.catch(() => engine.shared.delete(dependency))
  return made
}

async function makeShared(engine: Engine, dependency: Dependency<unknown>): Promise<unknown> {
  const context: Values = { log: engine.log }
  const uses: Uses = dependency.options.use ?? {}
  for (const [name, used] of Object.entries(uses)) {
    context[name] = await sharedInstance(engine, engine.overrides.get(used) ?? used)
  }
  return open(dependency, context, (release) => engine.sharedReleases.push(release))
}

/** Runs the function; a generator is run to its yield, and the rest is registered as its release. */
function open(
  dependency: Dependency<unknown>,
  context: object,
  register: (release: Release) => void,
): unknown {
  const made = dependency.create(context as never)
  if (!isGenerator(made)) return isThenable(made) ? Promise.resolve(made) : made
  const first = made.next()
  return first instanceof Promise
    ? first.then((result) => opened(made, result, register))
    : opened(made, first as IteratorResult<unknown>, register)
}

type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>

function isGenerator(value: unknown): value is AnyGenerator {
  return typeof value === 'object' && value !== null && 'next' in value && 'throw' in value
}

function opened(
  generator: AnyGenerator,
  first: IteratorResult<unknown>,
  register: (release: Release) => void,
): unknown {
  if (first.done === true)
    throw new Error('A dependency generator ended without a yield. Yield its value once.')
  register((failure) => closeGenerator(generator, failure))
  return first.value
}

async function closeGenerator(
  generator: AnyGenerator,
  failure: { readonly error: unknown } | undefined,
): Promise<void> {
  let result: IteratorResult<unknown>
  try {
    result = await (failure === undefined ? generator.next() : generator.throw(failure.error))
  } catch (error) {
    // What we threw in usually comes out again; that is not a failure of the cleanup.
    if (failure !== undefined && error === failure.error) return
    throw error
  }
  if (result.done !== true) {
    await generator.return(undefined)
    throw new Error('A dependency generator yielded twice. Yield its value once.')
  }
}
