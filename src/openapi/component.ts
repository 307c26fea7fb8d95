/**
 * The schemas of a document: each one once, under a name.
 *
 * A document is written in two rounds, because a schema is a component when it is used twice, and has two
 * forms when it takes something else than it gives; nobody knows that before the last use. In the first
 * round every use gets a node of its own with the references of its validator; in the second one
 * (`finish`) names are given (component-name.ts) and all references are turned to them.
 */
import type { SchemaSide } from '../core/documentation.ts'
import { isSchema, type Schema } from '../core/schema.ts'
import { ComponentNames, type Conversion, isWorthAName, type NamingOptions } from './component-name.ts'
import {
  canonical,
  type Converted,
  type Draft,
  eachNode,
  eachReference,
  isMadeUp,
  type JsonSchema,
  NAME_MARK,
  referenceName,
  toJsonSchema,
} from './json-schema.ts'
import type { TimeSlice } from './time-slice.ts'

export interface RegistryOptions extends NamingOptions {
  readonly draft: Draft
  readonly jsonSchema: ((schema: Schema, side: SchemaSide) => Readonly<JsonSchema> | undefined) | undefined
}

export class SchemaRegistry {
  readonly #options: RegistryOptions
  readonly #conversions = new Map<Schema, Partial<Record<SchemaSide, Conversion>>>()
  readonly #named: ReadonlyMap<string, Schema>
  /** Whose parts are being looked at. */
  readonly #converting = new Set<Conversion>()
  readonly #nodes: { readonly node: JsonSchema; readonly conversion: Conversion; readonly whole: boolean }[] =
    []

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#named = new Map(
      [...options.names].flatMap(([value, name]) => (isSchema(value) ? [[name, value]] : [])),
    )
  }

  /**
   * A use of a schema: a node that `finish` fills.
   *
   * @param place for messages: the route and the option.
   * @param fallback the name, should it need one.
   */
  use(schema: Schema, side: SchemaSide, place: string, fallback: string): JsonSchema {
    const conversion = this.#convert(schema, side, place, fallback)
    conversion.uses++
    const node: JsonSchema = {}
    this.#nodes.push({ node, conversion, whole: true })
    return node
  }

  /** The members of a schema of objects, each as a node that `finish` fills; undefined for other schemas. */
  members(
    schema: Schema,
    side: SchemaSide,
    place: string,
    fallback: string,
  ):
    | { readonly properties: ReadonlyMap<string, JsonSchema>; readonly required: ReadonlySet<string> }
    | undefined {
    const conversion = this.#convert(schema, side, place, fallback)
    const shape = objectShape(conversion.root, conversion)
    if (shape === undefined) return undefined
    const properties = new Map<string, JsonSchema>()
    for (const [name, property] of shape.properties) {
      const node = structuredClone(property)
      this.#nodes.push({ node, conversion, whole: false })
      properties.set(name, node)
    }
    return { properties, required: shape.required }
  }

  #convert(schema: Schema, side: SchemaSide, place: string, fallback: string): Conversion {
    const sides = this.#conversions.get(schema) ?? {}
    this.#conversions.set(schema, sides)
    const present = sides[side]
    if (present !== undefined) return present
    const { draft, names, jsonSchema } = this.#options
    const report = (problem: string) => this.#options.report(place, problem)
    const converted = toJsonSchema(schema, side, { draft, names, jsonSchema, report })
    const conversion: Conversion = { ...converted, schema, side, fallback, uses: 0 }
    sides[side] = conversion
    this.#converting.add(conversion)
    this.#nameParts(conversion, place)
    this.#converting.delete(conversion)
    return conversion
  }

  /** Makes references of the parts that are schemas with a name of their own. */
  #nameParts(conversion: Conversion, place: string): void {
    const { root, definitions } = conversion
    for (const [local, node] of Object.entries(definitions)) {
      const name = isMadeUp(local) ? this.#adopt(node, conversion, place) : undefined
      delete node[NAME_MARK]
      if (name === undefined) continue
      delete definitions[local]
      eachReference([root, definitions], (holder, target) => {
        if (referenceName(target) === local) holder['$ref'] = `#/$defs/${name}`
      })
    }
    eachNode([root, { ...definitions }], (node) => {
      const name = this.#adopt(node, conversion, place)
      delete node[NAME_MARK]
      if (name === undefined) return
      const named = definitions[name]!
      for (const [keyword, value] of Object.entries(named))
        if (!ANNOTATIONS.has(keyword) || canonical(node[keyword]) === canonical(value)) delete node[keyword]
      node['$ref'] = `#/$defs/${name}`
    })
  }

  /** Makes a definition of a schema with a name, of which `node` is marked to be one. */
  #adopt(node: JsonSchema, { definitions, side }: Conversion, place: string): string | undefined {
    const name = node[NAME_MARK]
    if (typeof name !== 'string') return undefined
    const part = this.#convert(this.#named.get(name)!, side, place, name)
    // In a circle of names, one of them stays where it is.
    if (this.#converting.has(part) || !isWorthAName(part.root)) return undefined
    if (Object.keys(part.definitions).some(isMadeUp)) return undefined
    Object.assign(definitions, part.definitions, { [name]: withoutSelf(part.root, name) })
    return name
  }

  /** Gives the names and fills all nodes. */
  async finish(slice: TimeSlice): Promise<Record<string, JsonSchema>> {
    const names = new ComponentNames(this.#conversions, this.#named, this.#options)
    const resolve = (node: JsonSchema, conversion: Conversion) =>
      eachReference(node, (holder, target) => {
        const local = referenceName(target)
        const name = local === undefined ? undefined : names.of(conversion, local)
        if (name !== undefined) holder['$ref'] = `#/components/schemas/${name}`
      })
    const components: Record<string, JsonSchema> = {}
    for (const { name, node, conversion } of names.all()) {
      if (components[name] !== undefined) continue
      if (slice.isOver) await slice.next()
      components[name] = structuredClone(node)
      resolve(components[name], conversion)
    }
    for (const { node, conversion, whole } of this.#nodes) {
      if (slice.isOver) await slice.next()
      const name = whole ? names.of(conversion, '') : undefined
      if (name !== undefined) node['$ref'] = `#/components/schemas/${name}`
      else {
        if (whole) Object.assign(node, structuredClone(conversion.root))
        resolve(node, conversion)
      }
    }
    return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** What may be said of a schema at the place that refers to it. */
const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'deprecated',
  'examples',
  'readOnly',
  'writeOnly',
])

/** A root as a definition: what refers to itself does so by name. */
function withoutSelf(root: JsonSchema, name: string): JsonSchema {
  const node = structuredClone(root)
  eachReference(node, (holder, target) => {
    if (target === '#') holder['$ref'] = `#/$defs/${name}`
  })
  return node
}

interface Shape {
  readonly properties: Map<string, JsonSchema>
  readonly required: Set<string>
}

/** The members of an object, through references and intersections. */
function objectShape(node: JsonSchema, { root, definitions }: Converted): Shape | undefined {
  const shape: Shape = { properties: new Map(), required: new Set() }
  const pending = [node]
  const seen = new Set<JsonSchema>()
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    // An intersection may be one with itself.
    if (seen.has(each)) continue
    seen.add(each)
    if (typeof each['$ref'] === 'string') {
      const name = referenceName(each['$ref'])
      const target = name === '' ? root : definitions[name ?? '']
      if (target === undefined) return undefined
      pending.push(target)
    }
    for (const part of (each['allOf'] ?? []) as JsonSchema[]) pending.push(part)
    if (each['type'] !== undefined && each['type'] !== 'object') return undefined
    if ('anyOf' in each || 'oneOf' in each) return undefined
    for (const [name, property] of Object.entries((each['properties'] ?? {}) as Record<string, JsonSchema>))
      shape.properties.set(name, property)
    for (const name of (each['required'] ?? []) as string[]) shape.required.add(name)
  }
  return shape
}
