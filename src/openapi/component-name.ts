/** What the schemas of a document are called as its components, and which of them become some. */
import type { SchemaSide } from '../core/documentation.ts'
import type { Schema } from '../core/schema.ts'
import {
  canonical,
  type Converted,
  eachReference,
  isMadeUp,
  type JsonSchema,
  referenceName,
} from './json-schema.ts'
import { pascal } from './name.ts'

export interface NamingOptions {
  /** Schemas by their names, where the app has told any. */
  readonly names: ReadonlyMap<unknown, string>
  /** Told of everything that cannot be written, with its place. */
  readonly report: (place: string, problem: string) => void
}

/** One side of one schema, and what is to become of it. */
export interface Conversion extends Converted {
  readonly schema: Schema
  readonly side: SchemaSide
  /** What it is called if it needs a name and has none. */
  readonly fallback: string
  uses: number
}

/** A schema that is going to be a component. */
interface Entry {
  readonly name: string
  readonly node: JsonSchema
  readonly conversion: Conversion
}

/** The names of one document, given when all uses of all schemas are known. */
export class ComponentNames {
  readonly #conversions: ReadonlyMap<Schema, Partial<Record<SchemaSide, Conversion>>>
  readonly #named: ReadonlyMap<string, Schema>
  readonly #options: NamingOptions
  readonly #entries: ReadonlyMap<Conversion, ReadonlyMap<string, Entry>>
  /** By side and name of an entry. */
  readonly #names: ReadonlyMap<string, string>

  constructor(
    conversions: ReadonlyMap<Schema, Partial<Record<SchemaSide, Conversion>>>,
    named: ReadonlyMap<string, Schema>,
    options: NamingOptions,
  ) {
    this.#conversions = conversions
    this.#named = named
    this.#options = options
    this.#entries = this.#findEntries()
    this.#names = this.#nameSides(this.#entries)
  }

  /** The name of a definition of a conversion (`''` for its root), if it becomes a component. */
  of(conversion: Conversion, local: string): string | undefined {
    const entry = this.#entries.get(conversion)?.get(local)
    return entry === undefined ? undefined : this.#names.get(keyOf(conversion.side, entry.name))
  }

  /** What becomes a component, under its final name; one that two conversions have comes twice. */
  *all(): Iterable<Entry> {
    for (const perConversion of this.#entries.values())
      for (const { name, node, conversion } of perConversion.values())
        yield { name: this.#names.get(keyOf(conversion.side, name))!, node, conversion }
  }

  /** What becomes a component, by conversion and by its name in there (`''` for the root). */
  #findEntries(): Map<Conversion, Map<string, Entry>> {
    const entries = new Map<Conversion, Map<string, Entry>>()
    const taken = new Map<string, Schema | undefined>()
    for (const conversion of this.#each()) {
      const named = Object.keys(conversion.definitions).filter((name) => !isMadeUp(name))
      for (const name of named) taken.set(toComponentName(name), this.#named.get(name))
    }
    for (const conversion of this.#each()) {
      const own = new Map<string, Entry>()
      const add = (local: string, name: string, node: JsonSchema) =>
        own.set(local, { name, node, conversion })
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

  *#each(): Iterable<Conversion> {
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
        const { name } = entry
        const { side } = entry.conversion
        const key = keyOf(side, name)
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
        if (sides[side] !== undefined && sides[side] !== text) this.#clash(entry, places.get(key)!)
        sides[side] ??= text
        if (!places.has(key)) places.set(key, entry)
      }
    }
    const apart = differing(texts, references)
    const names = new Map<string, string>()
    for (const [name, sides] of texts) {
      for (const side of Object.keys(sides)) {
        const suffix = apart.has(name) && Object.keys(sides).length > 1 ? pascal(side) : ''
        names.set(keyOf(side, name), name + suffix)
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

/** Input and output of one name may become two components. */
function keyOf(side: string, name: string): string {
  return `${side} ${name}`
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
export function isWorthAName(root: JsonSchema): boolean {
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
