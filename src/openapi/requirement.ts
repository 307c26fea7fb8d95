/** What an operation asks of its caller, out of the security dependencies that it uses. */
import type { Dependency, Uses } from '../core/dependency/dependency.ts'
import {
  isSecurity,
  type Security,
  type SecurityRequirement,
  type SecurityScheme,
} from '../core/dependency/guard.ts'
import { canonical } from './json-schema.ts'
import type { Dialect, Json } from './dialect.ts'

/** The schemes of a document, by name. */
export class SchemeRegistry {
  readonly #schemes = new Map<string, { readonly scheme: SecurityScheme; readonly place: string }>()
  readonly #report: (place: string, problem: string) => void

  constructor(report: (place: string, problem: string) => void) {
    this.#report = report
  }

  /** The name of a scheme; two schemes of one name are a problem. */
  name(scheme: SecurityScheme, place: string): string {
    if (!/^[\w.-]+$/.test(scheme.name))
      this.#report(
        place,
        `a security scheme is called "${scheme.name}". Use letters, digits, ".", "_" and "-" only.`,
      )
    const present = this.#schemes.get(scheme.name)
    if (present === undefined) this.#schemes.set(scheme.name, { scheme, place })
    else if (canonical(present.scheme.definition) !== canonical(scheme.definition)) {
      this.#report(
        place,
        `two different security schemes are called "${scheme.name}", the other one in ${present.place}. Give one a name: { name: '...' }.`,
      )
    }
    return scheme.name
  }

  definitions(dialect: Dialect): Record<string, Json> {
    return Object.fromEntries(
      [...this.#schemes].map(([name, { scheme }]) => {
        const definition = structuredClone(scheme.definition) as Json
        if (dialect === '3.1') delete (definition['flows'] as Json | undefined)?.['deviceAuthorization']
        return [name, definition]
      }),
    )
  }
}

/** Every dependency that `uses` leads to, each once, in the order in which they are made. */
export function eachDependency(uses: Uses, seen = new Set<Dependency<unknown>>()): Set<Dependency<unknown>> {
  for (const dependency of Object.values(uses)) {
    if (seen.has(dependency)) continue
    eachDependency(dependency.options.use ?? {}, seen)
    seen.add(dependency)
  }
  return seen
}

/** The security dependencies that `uses` leads to; what they are made of themselves is not listed again. */
function eachSecurity(uses: Uses, found = new Set<Security<unknown>>()): Set<Security<unknown>> {
  for (const dependency of Object.values(uses)) {
    if (isSecurity(dependency)) found.add(dependency)
    else eachSecurity(dependency.options.use ?? {}, found)
  }
  return found
}

/** The alternatives, each of them a set of schemes with scopes. Without security there are none. */
export function requirements(
  uses: Uses,
  name: (scheme: SecurityScheme) => string,
): Record<string, readonly string[]>[] {
  let alternatives: Record<string, readonly string[]>[] = [{}]
  for (const { security } of eachSecurity(uses)) {
    const ways: (SecurityRequirement | undefined)[] = [...security.alternatives]
    if (security.optional) ways.push(undefined)
    alternatives = alternatives.flatMap((sofar) => ways.map((way) => add(sofar, way, name)))
  }
  const distinct = new Map(alternatives.map((each) => [canonical(each), each]))
  // What passes without any credentials is named last: it is the way for those who have none.
  const all = [...distinct.values()].sort((a, b) => Number(isOpen(a)) - Number(isOpen(b)))
  return all.length === 1 && isOpen(all[0]!) ? [] : all
}

function isOpen(requirement: object): boolean {
  return Object.keys(requirement).length === 0
}

function add(
  sofar: Record<string, readonly string[]>,
  way: SecurityRequirement | undefined,
  name: (scheme: SecurityScheme) => string,
): Record<string, readonly string[]> {
  if (way === undefined) return sofar
  const key = name(way.scheme)
  return { ...sofar, [key]: [...new Set([...(sofar[key] ?? []), ...way.scopes])] }
}
