import type { QueryRecord } from '../wire/query.ts'
import type { InputIssue } from './error.ts'
import {
  placeIssues,
  checkSent,
  type Schema,
  type SchemaIssue,
  type SchemaResult,
  validationFailed,
} from './schema.ts'

/** The inputs of a request that a route or a dependency has schemas for, the body excepted. */
export interface InputOptions<S = Schema> {
  /** Path parameters, as strings. Coerce in the schema. */
  readonly params?: S
  /** The query: strings, and lists of strings where a key is repeated. Coerce in the schema. */
  readonly query?: S
  /** Headers by lower-case name. */
  readonly headers?: S
  /** Cookies by name. */
  readonly cookies?: S
}

const PLACES = ['params', 'query', 'headers', 'cookies'] as const
type Place = (typeof PLACES)[number]

/** Whether there is anything to validate. */
export function hasInputs(options: InputOptions): boolean {
  return PLACES.some((place) => options[place] !== undefined)
}

/** The validated inputs, in a mutable box until they are handed over. */
export type Inputs = Partial<Record<Place, unknown>>

/**
 * Validates every declared input and collects the issues of all of them, so that a client learns
 * everything that is wrong at once. Synchronous where the validators are.
 */
export function readInputs(
  raw: Readonly<Record<Place, unknown>>,
  options: InputOptions,
  found: InputIssue[],
  inputs: Inputs,
): void | Promise<void> {
  let pending: Promise<void>[] | undefined
  for (const place of PLACES) {
    const schema = options[place]
    if (schema === undefined) continue
    const result = check(schema, raw[place])
    if (result instanceof Promise) {
      ;(pending ??= []).push(result.then((settled) => take(place, settled, found, inputs)))
    } else take(place, result, found, inputs)
  }
  return pending === undefined ? undefined : Promise.all(pending).then(() => {})
}

function take(place: Place, result: SchemaResult<unknown>, found: InputIssue[], inputs: Inputs): void {
  if (result.issues === undefined) inputs[place] = result.value
  else found.push(...placeIssues(place, result.issues))
}

/** Throws the 422 if there is anything to tell. */
export function assertNoIssues(found: readonly InputIssue[]): void {
  if (found.length > 0) throw validationFailed(found)
}

/**
 * Validates a record of strings. A key that was given once arrives as a string, but its schema may
 * want a list: then, and only then, it is offered once more as a list of one.
 */
function check(schema: Schema, raw: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  const result = checkSent(schema, raw)
  if (result instanceof Promise) return result.then((settled) => retryAsLists(schema, raw, settled))
  return result.issues === undefined ? result : retryAsLists(schema, raw, result)
}

function retryAsLists(
  schema: Schema,
  raw: unknown,
  result: SchemaResult<unknown>,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  if (result.issues === undefined) return result
  const record = raw as QueryRecord
  const single = new Set(
    result.issues.map(soleKey).filter((key) => key !== undefined && typeof record[key] === 'string'),
  )
  if (single.size === 0) return result
  const choose = (second: SchemaResult<unknown>) => {
    // A list was what the schema wanted if it no longer complains about the key, or only about what is inside.
    const refused = new Set(second.issues?.map(soleKey))
    const wanted = new Set([...single].filter((key) => !refused.has(key)))
    if (wanted.size === 0) return result
    // The others failed for reasons of their own, which are to be told without a list around them.
    return wanted.size === single.size ? second : checkSent(schema, withLists(record, wanted))
  }
  const second = checkSent(schema, withLists(record, single))
  return second instanceof Promise ? second.then(choose) : choose(second)
}

function withLists(record: QueryRecord, keys: ReadonlySet<string | undefined>): QueryRecord {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [
      key,
      keys.has(key) && typeof value === 'string' ? [value] : value,
    ]),
  )
}

function soleKey(issue: SchemaIssue): string | undefined {
  if (issue.path?.length !== 1) return undefined
  const segment = issue.path[0]!
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'string' ? key : undefined
}
