/** Params, query, headers and cookies as parameters. */
import type { RouteExamples } from '../core/documentation.ts'
import type { Uses } from '../core/dependency/dependency.ts'
import type { InputOptions } from '../core/input.ts'
import type { Schema } from '../core/schema.ts'
import type { JsonSchema } from './json-schema.ts'
import { capital, type PathTemplate } from './name.ts'
import { eachDependency } from './requirement.ts'
import { defined, type Json } from './dialect.ts'
import type { Writing } from './writing.ts'

/** What it takes to write parameters. */
type Inputs = Pick<Writing, 'dialect' | 'schemas' | 'report'>

const PLACES = [
  ['params', 'path'],
  ['query', 'query'],
  ['headers', 'header'],
  ['cookies', 'cookie'],
] as const

/** Headers that OpenAPI has other words for, and that it therefore ignores as parameters. */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization'])

/** Whose parameters they are. */
export interface ParameterOwner {
  readonly inputs: InputOptions
  /** Dependencies may have inputs of their own. */
  readonly uses: Uses
  readonly path: PathTemplate
  /** What a parameter of the path is called in the document, if not as in the route. */
  readonly renamed?: ReadonlyMap<string, string>
  readonly examples?: RouteExamples | undefined
  readonly place: string
  readonly name: string
}

/** The parameters of a route and of what it uses; the route's own description of one wins. */
export function parameters(writing: Inputs, owner: ParameterOwner): Json[] {
  const found = new Map<string, Json>()
  const sources = [...[...eachDependency(owner.uses)].map(({ options }) => options), owner.inputs]
  for (const source of sources) {
    for (const [input, place] of PLACES) {
      const schema = source[input]
      if (schema === undefined) continue
      const examples = source === owner.inputs ? owner.examples?.[input] : undefined
      for (const parameter of read(writing, schema, owner, { input, place, examples }))
        found.set(`${place} ${String(parameter['name'])}`, parameter)
    }
  }
  for (const parameter of undeclared(owner, found)) found.set(`path ${String(parameter['name'])}`, parameter)
  return [...found.values()].sort((a, b) => order(a) - order(b))
}

/** The path first, as it is read; the rest as declared. */
function order(parameter: Json): number {
  return PLACES.findIndex(([, place]) => place === parameter['in'])
}

interface Input {
  readonly input: (typeof PLACES)[number][0]
  readonly place: (typeof PLACES)[number][1]
  readonly examples: Readonly<Record<string, unknown>> | undefined
}

function read(writing: Inputs, schema: Schema, owner: ParameterOwner, input: Input): Json[] {
  const place = `${owner.place}, ${input.input}`
  const members = writing.schemas.members(schema, 'input', place, `${owner.name}${capital(input.input)}`)
  if (members === undefined) return notAnObject(writing, schema, owner, input)
  return [...members.properties].flatMap(([key, property]): Json[] => {
    const name = input.place === 'path' ? pathName(owner, key) : key
    if (name === undefined) {
      writing.report(
        place,
        `"${key}" is not in the path. Write ":${key}" there, or leave it out of the schema.`,
      )
      return []
    }
    if (input.place === 'header' && IGNORED_HEADERS.has(key.toLowerCase())) return []
    const use = {
      place: input.place,
      required: input.place === 'path' || members.required.has(key),
      example: input.examples?.[key],
      wildcard: input.place === 'path' && name === owner.path.wildcard,
    }
    return [toParameter(name, property, use)]
  })
}

/** A query that is a choice or anything else as a whole: 3.2 can say that, of the query only. */
function notAnObject(writing: Inputs, schema: Schema, owner: ParameterOwner, input: Input): Json[] {
  if (input.place !== 'query') {
    writing.report(`${owner.place}, ${input.input}`, 'the schema is not one of an object with named members.')
    return []
  }
  if (writing.dialect === '3.1') return []
  const node = writing.schemas.use(schema, 'input', `${owner.place}, query`, `${owner.name}Query`)
  return [
    { name: 'query', in: 'querystring', content: { 'application/x-www-form-urlencoded': { schema: node } } },
  ]
}

function pathName({ path, renamed }: ParameterOwner, key: string): string | undefined {
  const name = key === '*' ? path.wildcard : key
  if (name === undefined || !path.names.includes(name)) return undefined
  return renamed?.get(name) ?? name
}

/** What the path has and no schema describes. */
function undeclared(owner: ParameterOwner, found: ReadonlyMap<string, Json>): Json[] {
  return owner.path.names.flatMap((name): Json[] => {
    const final = owner.renamed?.get(name) ?? name
    if (found.has(`path ${final}`)) return []
    const example = owner.examples?.params?.[name]
    const wildcard = name === owner.path.wildcard
    return [toParameter(final, { type: 'string' }, { place: 'path', required: true, example, wildcard })]
  })
}

function toParameter(
  name: string,
  schema: JsonSchema,
  use: { place: string; required: boolean; example: unknown; wildcard: boolean },
): Json {
  const { description, deprecated } = schema
  delete schema['description']
  delete schema['deprecated']
  return defined({
    name,
    in: use.place,
    required: use.required || undefined,
    description: description ?? (use.wildcard ? 'The rest of the path; it may have slashes.' : undefined),
    deprecated: deprecated === true || undefined,
    schema,
    example: use.example,
  })
}
