import { HttpError, type InputIssue } from './error.ts'
import { isThenable } from './lifetime/thenable.ts'
import { describe, isInstance } from './thrown.ts'

/**
 * Any validator that speaks Standard Schema 1 (https://standardschema.dev): zod, valibot, arktype
 * and others. The interface is copied from the specification, as it asks to be.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/**
 * A schema where only its types count, as in the options of a route. Nothing but the mark is checked:
 * to compare the whole of it would double what a route costs the compiler.
 */
export interface AnySchema {
  readonly '~standard': unknown
}

/**
 * What a schema takes.
 *
 * zod 4 notes the type in a second place, which is asked first: through `~standard` the compiler works
 * out input and output when it needs only one of them. Any other validator goes that way.
 */
export type SchemaInput<S> = S extends { readonly _zod: { readonly input: unknown } }
  ? S['_zod']['input']
  : S extends Schema
    ? NonNullable<S['~standard']['types']>['input']
    : unknown

/** What a schema gives. */
export type SchemaOutput<S> = S extends { readonly _zod: { readonly output: unknown } }
  ? S['_zod']['output']
  : S extends Schema
    ? NonNullable<S['~standard']['types']>['output']
    : unknown

/** Whether a value is a Standard Schema. Some validators' schemas are functions (arktype). */
export function isSchema(value: unknown): value is Schema {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && '~standard' in value
}

/** A value that did not pass its schema, on our side of the wire: a bug in the app, not in the request. */
export class SchemaMismatch extends Error {
  override readonly name = 'SchemaMismatch'
  readonly issues: readonly InputIssue[]

  constructor(what: string, issues: readonly InputIssue[]) {
    super(`${what} does not match its schema: ${issues.map(describeIssue).join('; ')}`)
    this.issues = issues
  }
}

/** One issue in one line: `query.limit: expected number`. */
function describeIssue(issue: InputIssue): string {
  return `${[issue.in, ...issue.path].join('.')}: ${issue.detail}`
}

/** Adds the place of the input to a schema's issues. */
export function placeIssues(place: string, issues: readonly SchemaIssue[]): InputIssue[] {
  return issues.map((issue) => ({
    in: place,
    path: (issue.path ?? []).map((segment) => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'number' ? key : String(key)
    }),
    detail: issue.message,
  }))
}

/** A schema of arktype, by shape: it keeps what it does not name unless it is told to delete it. */
interface KeepsUndeclared {
  onDeepUndeclaredKey(behavior: 'delete'): Schema
}

/** The schema for what is sent: whatever it does not name is left out, also by validators that keep it by default. */
export function strippingSchema(schema: Schema): Schema {
  if (schema['~standard'].vendor !== 'arktype' || !('onDeepUndeclaredKey' in schema)) return schema
  return (schema as unknown as KeepsUndeclared).onDeepUndeclaredKey('delete')
}

/**
 * Runs a schema. What it gives later, in whatever kind of promise, comes as a promise: taken for a
 * result it would pass, since it has no issues.
 */
export function runSchema<T>(
  schema: Schema<unknown, T>,
  value: unknown,
): SchemaResult<T> | Promise<SchemaResult<T>> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise || !isThenable(result) ? result : Promise.resolve(result)
}

/**
 * Runs a schema over what a client has sent. A value over which it runs out of stack is nested too deeply:
 * that is an issue of the client's, not an error of ours (issue 11).
 */
export function checkSent<T>(
  schema: Schema<unknown, T>,
  value: unknown,
): SchemaResult<T> | Promise<SchemaResult<T>> {
  try {
    const result = runSchema(schema, value)
    return result instanceof Promise ? result.catch(tooDeep) : result
  } catch (error) {
    return tooDeep(error)
  }
}

/** @throws what is not an overflow of the stack. */
function tooDeep(error: unknown): SchemaResult<never> {
  const isOverflow = isInstance(error, RangeError) && /call stack/i.test(describe(error))
  if (isOverflow) return { issues: [{ message: 'It is nested too deeply.' }] }
  throw error
}

/**
 * Whether a schema takes nothing at all: what it describes may be left out. A schema that fails over it, or
 * has to wait for its answer, does not.
 */
export function acceptsUndefined(schema: Schema): boolean {
  try {
    const result = runSchema(schema, undefined)
    if (!(result instanceof Promise)) return result.issues === undefined
    result.catch(() => {})
  } catch {
    // It was not made for it.
  }
  return false
}

/**
 * Validates without an `await` where the validator is synchronous: that is the common case and the
 * fast path.
 *
 * @throws whatever `fail` makes of the issues (or rejects with it).
 */
export function validate<T>(
  schema: Schema<unknown, T>,
  value: unknown,
  fail: (issues: readonly SchemaIssue[]) => Error,
): T | Promise<T> {
  const result = runSchema(schema, value)
  return result instanceof Promise ? result.then((settled) => accept(settled, fail)) : accept(result, fail)
}

function accept<T>(result: SchemaResult<T>, fail: (issues: readonly SchemaIssue[]) => Error): T {
  if (result.issues !== undefined) throw fail(result.issues)
  return result.value
}

/** The 422 of inputs that did not pass, with every issue and its place. */
export function validationFailed(
  issues: readonly InputIssue[],
  headers: Readonly<Record<string, string>> = {},
): HttpError {
  const noun = issues.length === 1 ? '1 problem' : `${issues.length} problems`
  return new HttpError('VALIDATION_FAILED', {
    detail: `The request has ${noun}; see "errors".`,
    errors: issues,
    headers,
  })
}
