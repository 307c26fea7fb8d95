/** What the compiler checks of a declaration, checked once more at run time: not everybody runs the compiler. */
import { UsageError } from './error.ts'
import type { Uses } from './dependency/dependency.ts'
import { assertAmount, assertMiddleware, assertOneOf, assertOptions, namesOf } from './option.ts'
import { assertUses } from './dependency/provide.ts'
import type { RouteOptions, WebSocketOptions } from './route.ts'
import { isSchema } from './schema.ts'
import { assertTimeouts, type Timeouts } from './lifetime/timeout.ts'

const INPUTS = ['params', 'query', 'headers', 'cookies'] as const

/** What routes of both kinds take. */
const SHARED = {
  params: true,
  query: true,
  headers: true,
  cookies: true,
  use: true,
  middleware: true,
  summary: true,
  description: true,
  tags: true,
  deprecated: true,
  operationId: true,
  hidden: true,
} as const

const ROUTE_OPTIONS = namesOf<RouteOptions>({
  ...SHARED,
  body: true,
  returns: true,
  streams: true,
  status: true,
  bodyLimit: true,
  compress: true,
  decompress: true,
  timeouts: true,
  onDisconnect: true,
  examples: true,
  replies: true,
  callbacks: true,
  openapi: true,
})

const WEBSOCKET_OPTIONS = namesOf<WebSocketOptions>({
  ...SHARED,
  receives: true,
  sends: true,
  messageLimit: true,
  origins: true,
  protocols: true,
})

type Options = Readonly<Record<string, unknown>>

/**
 * Checks the options of a route.
 *
 * @throws {UsageError} naming the route and the option.
 */
export function assertRouteOptions(options: object, route: string): void {
  const given = options as Options
  assertOptions(given, ROUTE_OPTIONS, route)
  assertUses((given['use'] ?? {}) as Uses, route)
  assertSchemas(given, [...INPUTS, 'returns'], route)
  assertBody(given['body'], route)
  assertAmount(given['bodyLimit'], `${route}: "bodyLimit"`, 'bytes')
  assertTimeouts(given['timeouts'] as Timeouts | undefined, route)
  assertMiddleware(given['middleware'], route)
  assertOwnStatus(given['status'], route)
  assertOneOf(given['onDisconnect'], ['stop', 'finish'], `${route}: "onDisconnect"`)
  if (given['returns'] !== undefined && given['streams'] !== undefined) {
    throw new UsageError(`${route} has "returns" (one value) and "streams" (many). Keep one of them.`)
  }
  for (const format of [given['streams'] ?? []].flat()) assertFormat(format, route)
  for (const status of Object.keys(given['replies'] ?? {})) assertStatusKey(status, route)
}

function assertBody(body: unknown, route: string): void {
  if (body === undefined || isSchema(body)) return
  // Formats and forms; which of them, the plan of the body says.
  if ((typeof body === 'object' || typeof body === 'function') && body !== null && 'mediaTypes' in body)
    return
  throw new UsageError(
    `${route}: "body" takes a schema (zod, valibot, arktype, ...), text, bytes(type), jsonl(schema), form(parts) or multipart(parts).`,
  )
}

function assertOwnStatus(status: unknown, route: string): void {
  if (status === undefined || (Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599))
    return
  throw new UsageError(`${route}: "status" takes a number from 200 to 599, not ${JSON.stringify(status)}.`)
}

function assertStatusKey(status: string, route: string): void {
  if (/^[1-5]\d\d$/.test(status)) return
  throw new UsageError(`${route}: "replies" are declared by status, for example 404; "${status}" is none.`)
}

/** The same for a WebSocket route. */
export function assertWebSocketOptions(options: object, route: string): void {
  const given = options as Options
  assertOptions(given, WEBSOCKET_OPTIONS, route)
  assertUses((given['use'] ?? {}) as Uses, route)
  assertSchemas(given, [...INPUTS, 'receives', 'sends'], route)
  assertAmount(given['messageLimit'], `${route}: "messageLimit"`, 'bytes')
  assertMiddleware(given['middleware'], route)
  if (Object.hasOwn(given['use'] ?? {}, 'socket')) {
    throw new UsageError(`${route} uses a dependency as "socket", which is a name of the context. Rename it.`)
  }
}

function assertSchemas(options: Options, names: readonly string[], route: string): void {
  for (const name of names) {
    if (options[name] !== undefined && !isSchema(options[name])) {
      throw new UsageError(`${route}: "${name}" must be a Standard Schema (zod, valibot, arktype, ...).`)
    }
  }
}

function assertFormat(format: unknown, route: string): void {
  // A function too: `text` can be called for other types.
  if (
    ((typeof format === 'object' && format !== null) || typeof format === 'function') &&
    'encoder' in format
  )
    return
  const hint = typeof format === 'function' ? ' Call it, for example sse(Schema).' : ''
  throw new UsageError(
    `${route}: "streams" takes formats: text, text(type), bytes(type), jsonl(Schema), sse(Schema).${hint}`,
  )
}
