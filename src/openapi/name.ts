/** Names in documents: of operations, of schemas, of path templates. */
import { declarationOf } from '../core/endpoint.ts'
import type { Exports } from '../core/documentation.ts'
import type { AnyRoute } from '../core/route.ts'
import { isSchema } from '../core/schema.ts'

/** What a module exports, by value: its routes and schemas. */
export function exportNames(exports: Exports): Map<unknown, string> {
  const names = new Map<unknown, string>()
  for (const [name, value] of Object.entries(exports)) {
    if (name === 'default' || name.startsWith('module.')) continue
    const named = (typeof value === 'object' && value !== null) || isSchema(value)
    if (named && !names.has(value)) names.set(value, name)
  }
  return names
}

/** The operation ids of routes: unique, and the same as long as the routes are. */
export function operationIds(
  routes: readonly AnyRoute[],
  exported: ReadonlyMap<unknown, string>,
): { readonly ids: ReadonlyMap<AnyRoute, string>; readonly twice: readonly string[] } {
  const ids = new Map<AnyRoute, string>()
  const taken = new Set<string>()
  const twice: string[] = []
  for (const route of routes) {
    const given = route.options.operationId
    if (given === undefined) continue
    if (taken.has(given)) twice.push(given)
    taken.add(given)
    ids.set(route, given)
  }
  for (const route of routes) {
    if (ids.has(route)) continue
    const wanted = exported.get(declarationOf(route)) ?? idOfPath(route)
    let id = wanted
    for (let count = 2; taken.has(id); count++) id = `${wanted}${count}`
    taken.add(id)
    ids.set(route, id)
  }
  return { ids, twice }
}

/** `getUsersByIdPosts` of `GET /users/:id/posts`. */
function idOfPath({ method, path }: AnyRoute): string {
  const words = path.split('/').flatMap((segment) => {
    if (segment === '') return []
    if (/^[:*]/.test(segment)) return ['by', ...wordsOf(segment.slice(1) || 'rest')]
    return wordsOf(segment)
  })
  return [method.toLowerCase().replaceAll('-', ''), ...(words.length === 0 ? ['root'] : words)]
    .map((word, index) => (index === 0 ? word : capital(word)))
    .join('')
}

/** `Get users by id` of `getUsersById`. */
export function sentence(id: string): string {
  const words = wordsOf(id).join(' ')
  return capital(words)
}

/** `GetUsersById` of any words. */
export function pascal(text: string): string {
  return wordsOf(text).map(capital).join('')
}

function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) =>
      /^[A-Z]+$/.test(word) && word.length > 1 ? word : word.charAt(0).toLowerCase() + word.slice(1),
    )
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** A path as OpenAPI writes it, and its parameters in order. */
export interface PathTemplate {
  readonly template: string
  readonly names: readonly string[]
  /** The parameter that takes the rest of the path. */
  readonly wildcard: string | undefined
}

export function pathTemplate(path: string): PathTemplate {
  const names: string[] = []
  let wildcard: string | undefined
  const segments = path.split('/').map((segment) => {
    if (!/^[:*]/.test(segment)) return segment
    const name = segment === '*' ? 'rest' : segment.slice(1)
    names.push(name)
    if (segment.startsWith('*')) wildcard = name
    return `{${name}}`
  })
  const joined = segments.join('/')
  return { template: joined.length > 1 ? joined.replace(/\/$/, '') : '/', names, wildcard }
}
