/**
 * The schemas of a document: each one once, under a name.
 *
 * A document is written in two rounds, because a schema is a component when it is used twice, and has two
 * forms when it takes something else than it gives; nobody knows that before the last use. In the first
 * round every use gets a node of its own with the references of its validator; in the second one
 * (`finish`) names are given and all references are turned to them.
 */
import type { SchemaSide } from '../core/documentation.ts'
import { isSchema, type Schema } from '../core/schema.ts'
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
import { pascal } from './name.ts'
import type { TimeSlice } from './time-slice.ts'

export interface RegistryOptions {
  readonly draft: Draft
  /** Schemas by their names, where the app has told any. */
  readonly names: ReadonlyMap<unknown, string>
  readonly jsonSchema: ((schema: Schema, side: SchemaSide) => Readonly<JsonSchema> | undefined) | undefined
  /** Told of everything that cannot be written, with its place. */
  readonly report: (place: string, problem: string) => void
}

/** One side of one schema, and what is to become of it. */
interface Conversion extends Converted {
  readonly schema: Schema
  readonly side: SchemaSide
  /** What it is called if it needs a name and has none. */
  readonly fallback: string
  uses: number
}

/** A schema that is going to be a component. */
interface Entry {
  readonly name: string
  readonly side: SchemaSide
  readonly node: JsonSchema
  readonly conversion: Conversion
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
    const entries = this.#entries()
    const names = this.#nameSides(entries)
    const nameOf = (conversion: Conversion, local: string) => {
      const entry = entries.get(conversion)?.get(local)
      return entry === undefined ? undefined : names.get(`${entry.side} ${entry.name}`)
    }
    const resolve = (node: JsonSchema, conversion: Conversion) =>
      eachReference(node, (holder, target) => {
        const local = referenceName(target)
        const name = local === undefined ? undefined : nameOf(conversion, local)
        if (name !== undefined) holder['$ref'] = `#/components/schemas/${name}`
      })
    const components: Record<string, JsonSchema> = {}
    for (const perConversion of entries.values()) {
      for (const { name, side, node, conversion } of perConversion.values()) {
        const final = names.get(`${side} ${name}`)!
        if (components[final] !== undefined) continue
        if (slice.isOver) await slice.next()
        components[final] = structuredClone(node)
        resolve(components[final], conversion)
      }
    }
    for (const { node, conversion, whole } of this.#nodes) {
      if (slice.isOver) await slice.next()
      const name = whole ? nameOf(conversion, '') : undefined
      if (name !== undefined) node['$ref'] = `#/components/schemas/${name}`
      else {
        if (whole) Object.assign(node, structuredClone(conversion.root))
        resolve(node, conversion)
      }
    }
    return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** What becomes a component, by conversion and by its name in there (`''` for the root). */
  #entries(): Map<Conversion, Map<string, Entry>> {
    const entries = new Map<Conversion, Map<string, Entry>>()
    const taken = new Map<string, Schema | undefined>()
    for (const conversion of this.#all()) {
      const named = Object.keys(conversion.definitions).filter((name) => !isMadeUp(name))
      for (const name of named) taken.set(toComponentName(name), this.#named.get(name))
    }
    for (const conversion of this.#all()) {
      const own = new Map<string, Entry>()
      const add = (local: string, name: string, node: JsonSchema) =>
        own.set(local, { name, side: conversion.side, node, conversion })
      const rootName = this.#rootName(conversion, taken)
      if (rootName !== undefined) add('', rootName, conversion.root)
      let parts = 0
      for (const [local, node] of Object.entries(conversion.definitions)) {
        const base = rootName ?? conversion.fallback
        if (!isMadeUp(local)) add(local, toComponentName(local), node)
        else if (conversion.root['$ref'] === `#/$defs/${local}` && rootName === undefined)
          add(local, free(this.#nameOf(conversion), conversion.schema, taken), node)
        else add(local, free(`${base}Part${++parts}`, conversion.schema, taken), node)
      }
      entries.set(conversion, own)
    }
    return entries
  }

  *#all(): Iterable<Conversion> {
    for (const sides of this.#conversions.values()) yield* Object.values(sides)
  }

  /** One name for both sides: as it is exported or titled, or after its first place. */
  #nameOf({ schema, root }: Conversion): string {
    const title = typeof root['title'] === 'string' ? root['title'] : ''
    const [first] = Object.values(this.#conversions.get(schema)!)
    return toComponentName(this.#options.names.get(schema) ?? pascal(title)) || first!.fallback
  }

  /** The name of a root: what has been named, is used again, or refers to itself. */
  #rootName(conversion: Conversion, taken: Map<string, Schema | undefined>): string | undefined {
    const { schema, root } = conversion
    if (!isWorthAName(root)) return undefined
    let recursive = false
    eachReference([root, conversion.definitions], (_holder, target) => (recursive ||= target === '#'))
    const uses = Object.values(this.#conversions.get(schema)!).reduce((sum, each) => sum + each.uses, 0)
    const named = this.#options.names.has(schema) || (typeof root['title'] === 'string' && uses > 0)
    if (uses === 0 && !recursive) return undefined
    if (uses > 1 || named || recursive) return free(this.#nameOf(conversion), schema, taken)
    return undefined
  }

  /**
   * One name where a schema takes what it gives, two where it does not, or where anything it refers to
   * does not.
   */
  #nameSides(entries: ReadonlyMap<Conversion, ReadonlyMap<string, Entry>>): Map<string, string> {
    const texts = new Map<string, Partial<Record<SchemaSide, string>>>()
    const references = new Map<string, Set<string>>()
    const places = new Map<string, Entry>()
    for (const perConversion of entries.values()) {
      for (const entry of perConversion.values()) {
        const { name, side } = entry
        const node = structuredClone(entry.node)
        eachReference(node, (holder, target) => {
          const to = perConversion.get(referenceName(target) ?? ' ')?.name
          if (to === undefined) return
          holder['$ref'] = to
          references.set(name, (references.get(name) ?? new Set()).add(to))
        })
        const text = canonical(node)
        const sides = texts.get(name) ?? {}
        texts.set(name, sides)
        if (sides[side] !== undefined && sides[side] !== text)
          this.#clash(entry, places.get(`${side} ${name}`)!)
        sides[side] ??= text
        if (!places.has(`${side} ${name}`)) places.set(`${side} ${name}`, entry)
      }
    }
    const apart = differing(texts, references)
    const names = new Map<string, string>()
    for (const [name, sides] of texts) {
      for (const side of Object.keys(sides)) {
        const suffix = apart.has(name) && Object.keys(sides).length > 1 ? pascal(side) : ''
        names.set(`${side} ${name}`, name + suffix)
      }
    }
    return names
  }

  #clash(entry: Entry, first: Entry): void {
    this.#options.report(
      entry.conversion.fallback,
      `two different schemas are called "${entry.name}", the other one in ${first.conversion.fallback}. Rename one of them.`,
    )
  }
}

/** The names whose sides differ, in themselves or in what they refer to. */
function differing(
  texts: ReadonlyMap<string, Partial<Record<SchemaSide, string>>>,
  references: ReadonlyMap<string, ReadonlySet<string>>,
): Set<string> {
  const apart = new Set<string>()
  for (const [name, { input, output }] of texts)
    if (input !== undefined && output !== undefined && input !== output) apart.add(name)
  for (let grown = true; grown;) {
    grown = false
    for (const [name, to] of references) {
      if (apart.has(name) || ![...to].some((each) => apart.has(each))) continue
      apart.add(name)
      grown = true
    }
  }
  return apart
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

/** A name that no other schema has. */
function free(wanted: string, schema: Schema, taken: Map<string, Schema | undefined>): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}${count}`
    if (taken.has(name) && taken.get(name) !== schema) continue
    taken.set(name, schema)
    return name
  }
}

/** Objects, lists and choices are; a string is not, and neither is a mere reference. */
function isWorthAName(root: JsonSchema): boolean {
  return [
    'properties',
    'items',
    'prefixItems',
    'anyOf',
    'oneOf',
    'allOf',
    'enum',
    'additionalProperties',
  ].some((keyword) => keyword in root)
}

/** A component's name has letters, digits, dots, hyphens and underscores. */
function toComponentName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_')
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
