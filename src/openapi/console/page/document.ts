/** The documents as the console needs them: operations in the order in which they are shown. */
import { asList, asText, isRecord, type JsonSchema, type Resolve, resolver } from './schema.ts'
import { readSchemes, type Requirement, type SecurityScheme, socketSecurity } from './security-scheme.ts'

export type Place = 'path' | 'query' | 'header' | 'cookie'

export interface Parameter {
  readonly name: string
  readonly in: Place
  readonly required: boolean
  readonly deprecated: boolean
  readonly description: string | undefined
  readonly schema: JsonSchema
  readonly example: unknown
  /** Whether it takes the rest of a path. No document can say so but in words: ours does, as its description. */
  readonly takesSlashes: boolean
}

/** One way to send a body, or one form of a reply. */
export interface Content {
  readonly mediaType: string
  /** Of the whole body. */
  readonly schema: JsonSchema | undefined
  /** Of each item, where there are many. */
  readonly itemSchema: JsonSchema | undefined
  readonly example: unknown
}

export interface ReplyInfo {
  readonly status: string
  readonly description: string | undefined
  readonly content: readonly Content[]
}

interface Common {
  readonly id: string
  readonly path: string
  readonly summary: string | undefined
  readonly description: string | undefined
  readonly deprecated: boolean
  readonly tag: string | undefined
  readonly parameters: readonly Parameter[]
  readonly security: readonly Requirement[]
  /** For the schemas of this operation. */
  readonly resolve: Resolve
}

export interface HttpOperation extends Common {
  readonly kind: 'http'
  readonly method: string
  readonly bodies: readonly Content[]
  readonly bodyRequired: boolean
  readonly replies: readonly ReplyInfo[]
}

export interface SocketOperation extends Common {
  readonly kind: 'socket'
  readonly method: 'WS'
  /** What the server takes, and what it sends. */
  readonly receives: JsonSchema | undefined
  readonly sends: JsonSchema | undefined
}

export type Operation = HttpOperation | SocketOperation

export interface ApiDocument {
  readonly title: string
  readonly version: string
  readonly description: string | undefined
  readonly operations: readonly Operation[]
  readonly schemes: readonly SecurityScheme[]
}

const METHODS = ['get', 'query', 'post', 'put', 'patch', 'delete', 'options', 'head', 'trace']

/** Reads an OpenAPI document, and an AsyncAPI one for the WebSockets. What is malformed in them is left out. */
export function readDocument(openapi: unknown, asyncapi: unknown): ApiDocument {
  const own = isRecord(openapi) ? openapi : {}
  const info = isRecord(own['info']) ? own['info'] : {}
  const resolve = resolver(own)
  return {
    title: asText(info['title']) ?? 'API',
    version: asText(info['version']) ?? '',
    description: asText(info['description']),
    operations: [...httpOperations(own, resolve), ...socketOperations(asyncapi)],
    schemes: readSchemes([own, asyncapi]),
  }
}

function httpOperations(document: JsonSchema, resolve: Resolve): HttpOperation[] {
  return Object.entries(isRecord(document['paths']) ? document['paths'] : {}).flatMap(([path, value]) => {
    const item = resolve(value)
    const additional = isRecord(item['additionalOperations']) ? item['additionalOperations'] : {}
    const known = METHODS.map((name) => [name, item[name]] as const)
    return [...known, ...Object.entries(additional)]
      .filter(([, operation]) => isRecord(operation))
      .map(([method, operation]) => {
        const shared = asList(item['parameters'])
        return toOperation(method.toUpperCase(), path, operation as JsonSchema, shared, document, resolve)
      })
  })
}

function toOperation(
  method: string,
  path: string,
  own: JsonSchema,
  shared: readonly unknown[],
  document: JsonSchema,
  resolve: Resolve,
): HttpOperation {
  const body = resolve(own['requestBody'])
  return {
    kind: 'http',
    id: asText(own['operationId']) ?? `${method} ${path}`,
    method,
    path,
    ...describe(own),
    parameters: readParameters([...shared, ...asList(own['parameters'])], resolve),
    bodies: readContent(body['content'], resolve),
    bodyRequired: body['required'] === true,
    replies: Object.entries(isRecord(own['responses']) ? own['responses'] : {}).map(([status, value]) => {
      const reply = resolve(value)
      const description = asText(reply['description'])
      return { status, description, content: readContent(reply['content'], resolve) }
    }),
    security: asList(own['security'] ?? document['security']).filter(isRecord) as Requirement[],
    resolve,
  }
}

function describe(own: JsonSchema) {
  return {
    summary: asText(own['summary']),
    description: asText(own['description']),
    deprecated: own['deprecated'] === true,
    tag: tagOf(asList(own['tags'])[0]),
  }
}

/** A name in OpenAPI, an object in AsyncAPI. */
const tagOf = (tag: unknown) => asText(isRecord(tag) ? tag['name'] : tag)

/** A later parameter of the same name and place replaces an earlier one: the operation's that of its path. */
function readParameters(values: readonly unknown[], resolve: Resolve): Parameter[] {
  const found = new Map<string, Parameter>()
  for (const value of values) {
    const own = resolve(value)
    const name = asText(own['name'])
    const place = own['in'] as Place
    if (name === undefined || !['path', 'query', 'header', 'cookie'].includes(place)) continue
    const [content] = readContent(own['content'], resolve)
    found.set(`${place} ${name}`, {
      name,
      in: place,
      required: own['required'] === true || place === 'path',
      deprecated: own['deprecated'] === true,
      description: asText(own['description']) ?? asText(resolve(own['schema'])['description']),
      takesSlashes: place === 'path' && /may have slashes/.test(asText(own['description']) ?? ''),
      schema: resolve(own['schema'] ?? content?.schema),
      example: own['example'] ?? firstExample(own['examples'], resolve),
    })
  }
  return [...found.values()]
}

function readContent(content: unknown, resolve: Resolve): Content[] {
  return Object.entries(isRecord(content) ? content : {}).map(([mediaType, value]) => {
    const own = resolve(value)
    return {
      mediaType,
      schema: own['schema'] === undefined ? undefined : resolve(own['schema']),
      itemSchema: own['itemSchema'] === undefined ? undefined : resolve(own['itemSchema']),
      example: own['example'] ?? firstExample(own['examples'], resolve),
    }
  })
}

function firstExample(examples: unknown, resolve: Resolve): unknown {
  if (!isRecord(examples)) return undefined
  const first = resolve(Object.values(examples)[0])
  return first['dataValue'] ?? first['value']
}

function socketOperations(asyncapi: unknown): SocketOperation[] {
  if (!isRecord(asyncapi)) return []
  const resolve = resolver(asyncapi)
  const operations = Object.values(isRecord(asyncapi['operations']) ? asyncapi['operations'] : {}).map(
    resolve,
  )
  return Object.entries(isRecord(asyncapi['channels']) ? asyncapi['channels'] : {}).flatMap(([id, value]) => {
    const channel = resolve(value)
    const address = asText(channel['address'])
    // A channel of the app's own, which is reached through a route and not by itself, has no path.
    if (address === undefined || !address.startsWith('/')) return []
    const of = (action: string) =>
      operations.find((each) => each['action'] === action && resolve(each['channel']) === channel)
    return [toSocket(id, address, channel, { receive: of('receive'), send: of('send') }, resolve)]
  })
}

function toSocket(
  id: string,
  path: string,
  channel: JsonSchema,
  { receive, send }: { receive: JsonSchema | undefined; send: JsonSchema | undefined },
  resolve: Resolve,
): SocketOperation {
  const payload = (operation: JsonSchema | undefined) => {
    const [message] = asList(operation?.['messages'])
    const own = resolve(message)['payload']
    return own === undefined ? undefined : payloadSchema(resolve(own), resolve)
  }
  const ws = resolve(resolve(channel['bindings'])['ws'])
  return {
    kind: 'socket',
    id,
    method: 'WS',
    path,
    ...describe({ ...receive, ...channel }),
    parameters: [
      ...Object.entries(resolve(channel['parameters'])).map(([name, value]) =>
        pathParameter(name, resolve(value)),
      ),
      ...queryParameters(resolve(ws['query']), resolve),
    ],
    security: socketSecurity(receive ?? send),
    receives: payload(receive),
    sends: payload(send),
    resolve,
  }
}

/** A payload may say which language its schema is written in. */
function payloadSchema(payload: JsonSchema, resolve: Resolve): JsonSchema {
  return payload['schemaFormat'] === undefined ? payload : resolve(payload['schema'])
}

function pathParameter(name: string, own: JsonSchema): Parameter {
  const schema = own['schema'] === undefined ? { type: 'string', ...own } : (own['schema'] as JsonSchema)
  const description = asText(own['description'])
  return {
    name,
    takesSlashes: /may have slashes/.test(description ?? ''),
    in: 'path',
    required: true,
    deprecated: false,
    description,
    schema,
    example: asList(own['examples'])[0],
  }
}

function queryParameters(query: JsonSchema, resolve: Resolve): Parameter[] {
  const required = asList(query['required'])
  return Object.entries(resolve(query['properties'])).map(([name, schema]) => ({
    name,
    in: 'query',
    takesSlashes: false,
    required: required.includes(name),
    deprecated: false,
    description: asText(resolve(schema)['description']),
    schema: resolve(schema),
    example: undefined,
  }))
}
