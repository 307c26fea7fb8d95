/**
 * JSON Schema out of any validator, by Standard JSON Schema (https://standardschema.dev/json-schema). What
 * validators differ in is evened out here: how they call what has no name, and what they do with dates.
 */
import type { SchemaSide } from '../core/documentation.ts'
import type { Schema } from '../core/schema.ts'

/** A JSON Schema, as data. */
export type JsonSchema = { [keyword: string]: unknown }

/** The dialects that documents are written in: OpenAPI takes the first, AsyncAPI the second. */
export type Draft = 'draft-2020-12' | 'draft-07'

/** A schema as JSON Schema: `root` refers to `definitions` as `#/$defs/<name>`, and to itself as `#`. */
export interface Converted {
  readonly root: JsonSchema
  readonly definitions: Record<string, JsonSchema>
}

interface StandardJsonSchema {
  readonly '~standard': {
    readonly jsonSchema?: Readonly<
      Record<SchemaSide, (options: { target: Draft; libraryOptions: object }) => JsonSchema>
    >
  }
}

/** Where the name of a schema stands that was found inside of another one, until it becomes a reference. */
export const NAME_MARK = 'x-millrace-name'

export interface ConversionOptions {
  readonly draft: Draft
  /** Schemas that have a name: where one of them is inside of another, it is marked with it. */
  readonly names: ReadonlyMap<unknown, string>
  /** The app's own word, which goes before the validator's. */
  readonly jsonSchema: ((schema: Schema, side: SchemaSide) => Readonly<JsonSchema> | undefined) | undefined
  /** Told of everything that has no JSON Schema. */
  readonly report: (problem: string) => void
}

/** Converts one side of a schema. */
export function toJsonSchema(schema: Schema, side: SchemaSide, options: ConversionOptions): Converted {
  const { draft, jsonSchema, report } = options
  try {
    const given = jsonSchema?.(schema, side)
    if (given !== undefined) return split(structuredClone(given) as JsonSchema)
  } catch (error) {
    report(`openapi.jsonSchema failed: ${error instanceof Error ? error.message : String(error)}`)
    return { root: {}, definitions: {} }
  }
  const { vendor } = schema['~standard']
  const convert = (schema as StandardJsonSchema)['~standard'].jsonSchema?.[side]
  if (convert === undefined) {
    report(WITHOUT[vendor] ?? without(vendor))
    return { root: {}, definitions: {} }
  }
  const attempt = (libraryOptions: object) => split(withoutAbsent(convert({ target: draft, libraryOptions })))
  try {
    return attempt(LIBRARY_OPTIONS[vendor]?.(side, options, schema) ?? {})
  } catch (error) {
    report(`${vendor} has no JSON Schema for it: ${(error as Error).message}`)
    return { root: {}, definitions: {} }
  }
}

const HOOK = 'give the app `openapi: { jsonSchema: (schema) => ... }`'

function without(vendor: string): string {
  return `a schema of ${vendor} has no JSON Schema of its own; ${HOOK}`
}

const WITHOUT: Readonly<Record<string, string>> = {
  valibot: `a schema of valibot has no JSON Schema of its own; wrap it in toStandardJsonSchema() of @valibot/to-json-schema, or ${HOOK}`,
}

/** Splits off the definitions, whatever the draft calls them. */
function split(schema: JsonSchema): Converted {
  const { $schema: _, $defs, definitions, ...root } = schema
  return fold({ root, definitions: ($defs ?? definitions ?? {}) as Record<string, JsonSchema> })
}

/** What a validator has written a second time, beside the definition it made of it, becomes a reference. */
function fold({ root, definitions }: Converted): Converted {
  for (const [name, definition] of Object.entries(definitions).filter(([each]) => isMadeUp(each))) {
    const text = canonical(definition)
    const visit = (node: JsonSchema) => {
      if (node === definition || canonical(node) !== text) return
      for (const keyword of Object.keys(node)) delete node[keyword]
      node['$ref'] = `#/$defs/${name}`
    }
    eachNode([root, ...Object.values(definitions)], visit)
  }
  return { root, definitions }
}

/** What JSON never holds: `undefined`, as one choice among others. */
const NEVER = { not: {} }
const ABSENT = new Set(['undefined', 'void'])

/** Drops the choices that JSON cannot make. */
function withoutAbsent(schema: JsonSchema): JsonSchema {
  eachNode(schema, (node) => {
    for (let choices = node['anyOf']; Array.isArray(choices); choices = node['anyOf']) {
      const left = choices.filter((choice) => canonical(choice) !== canonical(NEVER))
      if (left.length === choices.length || left.length === 0) return
      delete node['anyOf']
      Object.assign(node, left.length === 1 ? left[0] : { anyOf: left })
    }
  })
  return schema
}

/** What is sent for a Date, and what `coerce` makes one of. */
const DATE = { type: 'string', format: 'date-time' }

type LibraryOptions = (side: SchemaSide, options: ConversionOptions, root: unknown) => object

/** A part that says nothing: whoever looks for problems is told, and the rest of the schema stays. */
const LIBRARY_OPTIONS: Readonly<Record<string, LibraryOptions>> = {
  zod: (side, { names, report }, root) => ({
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema, path }: ZodNode) {
      const { def } = zodSchema._zod
      if (def.type === 'date') Object.assign(jsonSchema, DATE)
      else if (ABSENT.has(def.type)) Object.assign(jsonSchema, NEVER)
      else if (ZOD_WITHOUT.has(def.type) && Object.keys(jsonSchema).length === 0)
        report(noForm(def.type, path))
      if (zodSchema !== root && names.has(zodSchema)) jsonSchema[NAME_MARK] = names.get(zodSchema)
      // That other members are stripped binds us; a client need not refuse what comes to be added.
      if (side === 'output' && def.type === 'object' && def.catchall === undefined)
        delete jsonSchema['additionalProperties']
      if (jsonSchema['default'] !== undefined && isMadeAnew(def)) delete jsonSchema['default']
      if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum']
      if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum']
    },
  }),
  valibot: (_side, { report }) => ({
    errorMode: 'ignore',
    overrideSchema({ valibotSchema, jsonSchema, errors }: ValibotNode) {
      if (valibotSchema.type === 'date') return { ...jsonSchema, ...DATE }
      if (ABSENT.has(valibotSchema.type)) return NEVER
      for (const error of errors ?? []) report(error)
      return undefined
    },
  }),
  arktype: (_side, { report }) => {
    const unknown = ({ base, code, domain, proto }: ArkNode) => {
      const what = domain ?? proto?.name ?? code
      report(`arktype has no JSON Schema for a part of it (${what}); choose another, or ${HOOK}`)
      return base
    }
    return {
      fallback: {
        date: ({ base }: ArkNode) => ({ ...base, ...DATE }),
        // A rule about values that have the form: no other validator tells of those.
        predicate: ({ base }: ArkNode) => base,
        unit: (node: ArkNode) => (node.unit === undefined ? NEVER : unknown(node)),
        default: unknown,
      },
    }
  },
}

interface ZodNode {
  readonly zodSchema: {
    readonly _zod: {
      readonly def: { readonly type: string; readonly catchall?: unknown; readonly defaultValue?: unknown }
    }
  }
  readonly jsonSchema: JsonSchema
  readonly path: readonly (string | number)[]
}

interface ValibotNode {
  readonly valibotSchema: { readonly type: string }
  readonly jsonSchema: JsonSchema
  readonly errors?: readonly string[]
}

interface ArkNode {
  readonly base: JsonSchema
  readonly code: string
  readonly unit?: unknown
  readonly domain?: string
  readonly proto?: { readonly name: string }
}

/** Whether a default is made for each value, as a date or an id is: the one at hand says nothing. */
function isMadeAnew(def: { readonly defaultValue?: unknown }): boolean {
  return def.defaultValue instanceof Date || canonical(def.defaultValue) !== canonical(def.defaultValue)
}

const ZOD_WITHOUT = new Set(['bigint', 'symbol', 'nan', 'custom', 'function', 'transform', 'map', 'set'])

function noForm(type: string, path: readonly (string | number)[]): string {
  const place = path.filter((each) => each !== 'properties').join('.')
  return `${place === '' ? '' : `"${place}": `}zod's ${type} has no JSON Schema; give it one with .meta({ type: ... })${
    type === 'transform' ? ', or .pipe() it into what comes out' : ''
  }`
}

/** Names that a validator made up itself, which mean nothing and may differ from start to start. */
const MADE_UP = /^(?:__schema\d+|\d+|(?:intersection|union|domain|unit|proto|morph|alias)\d+|\$.*)$/

export function isMadeUp(name: string): boolean {
  return MADE_UP.test(name)
}

/** JSON with its keys in order, by which two schemas that say the same compare equal. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

/** Calls `visit` for every object in a schema, those on the outside first. */
export function eachNode(node: unknown, visit: (node: JsonSchema) => void): void {
  if (node === null || typeof node !== 'object') return
  if (!Array.isArray(node)) visit(node as JsonSchema)
  for (const value of Object.values(node)) eachNode(value, visit)
}

/** Calls `visit` for every reference in a schema, with the object it stands in. */
export function eachReference(node: unknown, visit: (holder: JsonSchema, target: string) => void): void {
  if (node === null || typeof node !== 'object') return
  for (const value of Object.values(node)) eachReference(value, visit)
  if (Array.isArray(node)) return
  const holder = node as JsonSchema
  if (typeof holder['$ref'] === 'string') visit(holder, holder['$ref'])
}

/** What a reference of a converted schema points to: `''` for the root, or the name of a definition. */
export function referenceName(target: string): string | undefined {
  if (target === '#') return ''
  const match = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(target)
  return match === null ? undefined : decoded(match[1]!).replaceAll('~1', '/').replaceAll('~0', '~')
}

/** Not every validator encodes the names in its references. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
