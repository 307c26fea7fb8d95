/** The AsyncAPI document of an app: its WebSockets and channels. */
import type { AsyncApiDocument, AsyncApiOptions, DocumentedChannel, Exports } from '../core/documentation.ts'
import type { WebSocketRoute } from '../core/route.ts'
import { isSchema, type Schema } from '../core/schema.ts'
import { SchemaRegistry } from './component.ts'
import type { DocumentSource, Written } from './document.ts'
import { exportNames, operationIds, pascal, pathTemplate, sentence } from './name.ts'
import { parameters } from './parameter.ts'
import { ProblemList } from './problem.ts'
import { requirements, SchemeRegistry } from './requirement.ts'
import { TimeSlice } from './time-slice.ts'
import { defined, type Json } from './dialect.ts'

/** The document while it is written. */
interface Writing {
  readonly schemas: SchemaRegistry
  readonly schemes: SchemeRegistry
  readonly report: (place: string, problem: string) => void
  readonly document: AsyncApiDocument
  /** Tags with what they mean. */
  readonly tags: ReadonlyMap<string, Json>
}

export async function createAsyncApi(
  source: DocumentSource,
  options: AsyncApiOptions,
): Promise<Written<AsyncApiDocument>> {
  const problems = new ProblemList()
  const { report } = problems
  const names = exportNames(source.exports)
  const { title, version, description } = source
  const document: AsyncApiDocument = {
    asyncapi: '3.1.0',
    info: defined({ title, version, description }) as AsyncApiDocument['info'],
    defaultContentType: 'application/json',
    ...(options.servers === undefined ? undefined : { servers: options.servers }),
    channels: {},
    operations: {},
  }
  const { jsonSchema } = source.options
  const tags = new Map((source.options.tags ?? []).map((tag) => [tag.name, { ...tag }]))
  const schemas = new SchemaRegistry({ draft: 'draft-07', names, jsonSchema, report })
  const writing: Writing = { schemas, schemes: new SchemeRegistry(report), report, document, tags }
  const routes = source.routes.filter(isDocumented)
  const { ids, twice } = operationIds(routes, names)
  for (const id of twice) report(`operationId "${id}"`, 'two routes have it. Give each its own.')
  for (const route of routes) addWebSocket(writing, route, ids.get(route)!)
  for (const channel of documentedChannels(options, source.exports)) addChannel(writing, channel)
  const components = {
    schemas: await schemas.finish(new TimeSlice()),
    securitySchemes: asyncSchemes(writing.schemes.definitions('3.2')),
  }
  const used = Object.entries(components).filter(([, members]) => Object.keys(members).length > 0)
  if (used.length > 0) document.components = Object.fromEntries(used) as AsyncApiDocument['components'] & {}
  return { document, problems: problems.all }
}

function isDocumented(route: DocumentSource['routes'][number]): route is WebSocketRoute {
  return route.method === 'WEBSOCKET' && route.options.hidden !== true
}

/** One channel, and an operation for each direction. */
function addWebSocket(writing: Writing, route: WebSocketRoute, id: string): void {
  const { document, schemes, schemas } = writing
  const { options } = route
  const place = `WebSocket ${route.path}`
  const name = pascal(id)
  const path = pathTemplate(route.path)
  const tags = (options.tags ?? []).map((tag) => writing.tags.get(tag) ?? { name: tag })
  const inputs = parameters(
    { schemas, report: writing.report, dialect: '3.1' },
    { inputs: options, uses: options.use ?? {}, path, place, name },
  )
  const messages: Json = {
    received: message(schemas, options.receives, 'input', `${place}, receives`, `${name}Received`),
    sent: message(schemas, options.sends, 'output', `${place}, sends`, `${name}Sent`),
  }
  document.channels[id] = defined({
    address: path.template,
    title: options.summary ?? sentence(id),
    description: options.description,
    parameters: channelParameters(inputs),
    messages,
    tags: tags.length === 0 ? undefined : tags,
    bindings: { ws: webSocketBinding(inputs) },
  })
  const security = requirements(options.use ?? {}, (scheme) => schemes.name(scheme, place))
  for (const [action, key] of [
    ['receive', 'received'],
    ['send', 'sent'],
  ] as const) {
    document.operations[`${id}${key === 'sent' ? 'Send' : 'Receive'}`] = defined({
      action,
      channel: { $ref: `#/channels/${id}` },
      messages: [{ $ref: `#/channels/${id}/messages/${key}` }],
      ...operationSecurity(security),
      'x-deprecated': options.deprecated === true || undefined,
    })
  }
}

/** Text and bytes where nothing is said. */
function message(
  schemas: SchemaRegistry,
  schema: Schema | undefined,
  side: 'input' | 'output',
  place: string,
  name: string,
): Json {
  if (schema === undefined) return { name, title: sentence(name), contentType: 'text/plain' }
  const payload = schemas.use(schema, side, place, name)
  return { name, title: sentence(name), contentType: 'application/json', payload }
}

/** Parameters of an address are strings to AsyncAPI; of a schema it takes enum, default and examples. */
function channelParameters(inputs: readonly Json[]): Json | undefined {
  const found = inputs.filter((each) => each['in'] === 'path')
  if (found.length === 0) return undefined
  return Object.fromEntries(
    found.map(({ name, description, schema }) => {
      const { enum: values, default: preset, examples } = schema as Json
      const isText = (list: unknown): boolean =>
        Array.isArray(list) && list.every((each) => typeof each === 'string')
      return [
        name as string,
        defined({
          description,
          enum: isText(values) ? values : undefined,
          default: typeof preset === 'string' ? preset : undefined,
          examples: isText(examples) ? examples : undefined,
        }),
      ]
    }),
  )
}

/** The handshake: a GET with a query and headers. */
function webSocketBinding(inputs: readonly Json[]): Json {
  const object = (place: string) => {
    const found = inputs.filter((each) => each['in'] === place)
    if (found.length === 0) return undefined
    const required = found.filter((each) => each['required'] === true).map(({ name }) => name)
    return defined({
      type: 'object',
      properties: Object.fromEntries(found.map(({ name, schema }) => [name as string, schema])),
      required: required.length === 0 ? undefined : required,
    })
  }
  return defined({
    method: 'GET',
    query: object('query'),
    headers: object('header'),
    bindingVersion: '0.1.0',
  })
}

/**
 * AsyncAPI has a list of which one is enough. Where that is not all, because some are needed together or none
 * will do as well, the alternatives stand beside it as OpenAPI writes them.
 */
function operationSecurity(security: readonly Record<string, readonly string[]>[]): Json {
  if (security.length === 0) return {}
  const names = new Set(security.flatMap((each) => Object.keys(each)))
  const said = security.every((each) => Object.keys(each).length === 1)
  return {
    security: [...names].map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
    ...(said ? undefined : { 'x-security': security }),
  }
}

/** AsyncAPI has names of its own for keys in HTTP, and for the scopes of a flow. */
function asyncSchemes(definitions: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => {
      if (definition['type'] === 'apiKey') return [name, { ...definition, type: 'httpApiKey' }]
      if (definition['type'] !== 'oauth2') return [name, definition]
      const flows = Object.entries(definition['flows'] as Json).filter(
        ([flow]) => flow !== 'deviceAuthorization',
      )
      const renamed = flows.map(([flow, declared]) => {
        const { scopes, ...rest } = declared as Json
        return [flow, { ...rest, availableScopes: scopes }]
      })
      return [name, { ...definition, flows: Object.fromEntries(renamed) }]
    }),
  )
}

/** Those that were named, and those that are exported. */
function documentedChannels(options: AsyncApiOptions, exports: Exports): Set<DocumentedChannel> {
  return new Set([...(options.channels ?? []), ...Object.values(exports).filter(isChannel)])
}

function isChannel(value: unknown): value is DocumentedChannel {
  if (typeof value !== 'object' || value === null || !('publish' in value) || !('schema' in value))
    return false
  return 'name' in value && typeof value.name === 'string' && isSchema(value.schema)
}

/** A channel has no address of its own: what is published on it reaches clients by the routes that follow it. */
function addChannel({ document, schemas, report }: Writing, channel: DocumentedChannel): void {
  const id = channel.name.replace(/[^A-Za-z0-9_-]+/g, '_')
  if (document.channels[id] !== undefined)
    report(`channel "${channel.name}"`, 'a WebSocket or another channel has that name. Rename it.')
  const name = pascal(channel.name)
  const entry = message(schemas, channel.schema, 'output', `channel ${channel.name}`, `${name}Entry`)
  document.channels[id] = { title: channel.name, messages: { entry } }
  document.operations[`${id}Publish`] = {
    action: 'send',
    channel: { $ref: `#/channels/${id}` },
    messages: [{ $ref: `#/channels/${id}/messages/entry` }],
  }
}
