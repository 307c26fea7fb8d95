import { addRoute, createRouter, findAllRoutes, findRoute } from 'rou3'
import { parsePattern, type Target } from '../wire/path.ts'
import { BareRecord } from '../wire/query.ts'
import { HttpError, UsageError } from './error.ts'

/** Something registered under a method and a pattern. */
export interface Registered<T> {
  /** Upper case; `*` for every method. */
  readonly method: string
  readonly path: string
  readonly declaredAt: string
  /** Whether it stands back where another one has the same method and matches the same paths. */
  readonly yields?: boolean
  /** Whether it answers only where there happens to be a file. */
  readonly files?: boolean
  readonly target: T
}

/** What a path leads to. Parameters are still encoded. */
export interface Match<T> {
  readonly target: T
  readonly params?: Readonly<Record<string, string>>
  /** The parameter that holds several segments. */
  readonly wildcard?: string | undefined
}

interface Node<T> {
  readonly names: ReadonlyMap<string, string>
  readonly wildcard: string | undefined
  readonly methods: Map<string, Registered<T>>
}

/** The route table: built once, when the app starts. Matching is rou3's; methods and clashes are ours. */
export class RouteTable<T> {
  readonly #router = createRouter<Node<T>>()
  readonly #nodes = new Map<string, Node<T>>()
  /** The patterns without parameters, by their path: most requests need no search, and nothing is made for them. */
  readonly #fixed = new Map<string, Target & { readonly data: Node<T> }>()

  /**
   * @param yielding What stands back, like those of `registered` that yield.
   * @throws {UsageError} naming both places when two routes have the same method and match the same paths.
   */
  constructor(registered: readonly Registered<T>[], yielding: readonly Registered<T>[] = []) {
    for (const each of registered) if (each.yields !== true) this.#add(each)
    for (const each of registered) if (each.yields === true) this.#add(each, true)
    for (const each of yielding) this.#add(each, true)
  }

  #add(registered: Registered<T>, yields = false): void {
    const pattern = readPattern(registered)
    // Names count: two shapes that differ in names only need a node each to capture under their own.
    const key = `${pattern.shape} ${[...pattern.names.values()].join()}`
    let node = this.#nodes.get(key)
    for (const other of this.#sameShape(pattern.shape)) {
      const clash = other.methods.get(registered.method)
      if (clash !== undefined && yields) return
      if (clash !== undefined) throw duplicate(registered, clash)
    }
    if (node === undefined) {
      node = { names: pattern.names, wildcard: pattern.wildcard, methods: new Map() }
      this.#nodes.set(key, node)
      addRoute(this.#router, '', pattern.route, node)
      if (pattern.names.size === 0) {
        const { route: path } = pattern
        this.#fixed.set(path, { path, query: '', data: node })
      }
    }
    node.methods.set(registered.method, registered)
  }

  *#sameShape(shape: string): Iterable<Node<T>> {
    for (const [key, node] of this.#nodes) if (key.startsWith(`${shape} `)) yield node
  }

  /** The target that is a pattern by itself. Such a path is canonical. */
  fixed(target: string): Target | undefined {
    return this.#fixed.get(target)
  }

  /**
   * Finds what answers a method on a canonical path. HEAD falls back on GET.
   *
   * @throws {HttpError} 404 when no pattern matches, 405 with `Allow` when none has the method.
   */
  find(method: string, path: string): Match<T> {
    const first = this.#fixed.get(path) ?? findRoute(this.#router, '', path)
    if (first === undefined) throw new HttpError('NOT_FOUND', { detail: 'Nothing is served at this path.' })
    return take(first, method) ?? this.#search(method, path)
  }

  /** Whether a route answers exactly this method on a path. */
  has(method: string, path: string): boolean {
    return findAllRoutes(this.#router, '', path).some(
      ({ data }) => data.methods.has(method) || data.methods.has('*'),
    )
  }

  /** The methods that a path answers, for `Allow`. Files count where there is nothing else. */
  allowed(path: string): string[] {
    const nodes = this.#nodesAt(path)
    const methods = methodsOf(nodes, false)
    return methods.length > 0 ? methods : methodsOf(nodes, true)
  }

  /**
   * What a path says to GET where a folder of files answers it and has no such file: 426 and 405 come from
   * routes that match the path as closely as the folder does, and 404 is said where there are only files.
   */
  missingFile(path: string): HttpError {
    const nodes = this.#nodesAt(path)
    const closest = nodes.slice(nodes.findLastIndex(({ methods }) => methods.get('GET')?.files === true))
    if (closest.some(({ methods }) => methods.has(WEBSOCKET))) return upgradeRequired()
    const methods = methodsOf(closest, false)
    if (methods.length > 0) return notAllowed(methods)
    return new HttpError('NOT_FOUND', { detail: 'There is no such file.' })
  }

  /** What matches a path, the most specific pattern last. */
  #nodesAt(path: string): Node<T>[] {
    return findAllRoutes(this.#router, '', path).map(({ data }) => data)
  }

  /** The most specific pattern may lack the method that a wider one has. */
  #search(method: string, path: string): Match<T> {
    const all = findAllRoutes(this.#router, '', path).reverse()
    for (const candidate of all) {
      const match = take(candidate, method)
      if (match !== undefined) return match
    }
    if (all.some(({ data }) => data.methods.has(WEBSOCKET))) throw upgradeRequired()
    if (method === WEBSOCKET)
      throw new HttpError('NOT_FOUND', { detail: 'There is no WebSocket at this path.' })
    throw notAllowed(this.allowed(path))
  }
}

/** The pseudo method under which WebSocket routes are kept. */
export const WEBSOCKET = 'WEBSOCKET'

/** The methods of patterns, with those that come by themselves. */
function methodsOf(nodes: readonly Node<unknown>[], withFiles: boolean): string[] {
  const names = new Set<string>()
  for (const { methods } of nodes) {
    for (const [method, { files = false }] of methods) {
      if (method === '*' || method === WEBSOCKET || (files && !withFiles)) continue
      names.add(method)
      if (method === 'GET') names.add('HEAD')
    }
  }
  if (names.size > 0) names.add('OPTIONS')
  return [...names]
}

function upgradeRequired(): HttpError {
  return new HttpError('UPGRADE_REQUIRED', {
    detail: 'This is a WebSocket: connect to it with the handshake of RFC 6455.',
    headers: { upgrade: 'websocket', 'sec-websocket-version': '13' },
  })
}

function notAllowed(methods: readonly string[]): HttpError {
  const allow = methods.join(', ')
  return new HttpError('METHOD_NOT_ALLOWED', { detail: `This path answers ${allow}.`, headers: { allow } })
}

function take<T>(
  found: { readonly data: Node<T>; readonly params?: Record<string, string> },
  method: string,
): Match<T> | undefined {
  const { names, wildcard, methods } = found.data
  const registered =
    methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined) ?? methods.get('*')
  if (registered === undefined) return undefined
  if (names.size === 0 || found.params === undefined) return registered
  const params = new BareRecord() as Record<string, string>
  for (const [key, name] of names) params[name] = found.params[key] ?? ''
  return { target: registered.target, params, wildcard }
}

function readPattern({ path, method, declaredAt }: Registered<unknown>) {
  try {
    return parsePattern(path)
  } catch (error) {
    throw new UsageError(`${method} ${path} (${declaredAt}): ${(error as Error).message}`, { cause: error })
  }
}

function duplicate(second: Registered<unknown>, first: Registered<unknown>): UsageError {
  return new UsageError(
    `${second.method} ${second.path} is declared twice: at ${first.declaredAt}` +
      `${first.path === second.path ? '' : ` (as ${first.path})`} and at ${second.declaredAt}. Remove one of them.`,
  )
}
