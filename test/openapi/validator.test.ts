/** What validators differ in, and documents must not: what may be left out, what refers to itself, what has no form. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import { anyOf, apiKey, App, bearer, type OpenApiDocument, type Schema } from 'millrace'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { lint, refusals } from './judge.ts'

interface Operation {
  readonly requestBody: {
    readonly required: boolean
    readonly content: Record<string, { readonly schema: { readonly properties: unknown } }>
  }
  readonly responses: Record<string, { readonly content?: unknown }>
}

async function judged(app: App): Promise<OpenApiDocument> {
  const document = await app.openapi()
  expect(await lint(document)).toEqual([])
  expect(await refusals(document)).toBeUndefined()
  return document
}

const post = (app: App, init: RequestInit = {}) =>
  app.fetch(new Request('http://x/', { method: 'POST', ...init }))
const headers = { 'content-type': 'application/json' }

const Zod = z.object({ a: z.string() })
const Valibot = v.object({ a: v.string() })
const Ark = type({ a: 'string' })

/** By what they make of nothing. */
const OPTIONAL: [string, Schema<unknown, unknown>, unknown][] = [
  ['zod, optional', Zod.optional(), undefined],
  ['zod, a default', Zod.default({ a: 'zod' }), { a: 'zod' }],
  ['zod, a choice with undefined', z.union([Zod, z.undefined()]), undefined],
  ['valibot, optional', toStandardJsonSchema(v.optional(Valibot)), undefined],
  ['valibot, a default', toStandardJsonSchema(v.optional(Valibot, { a: 'valibot' })), { a: 'valibot' }],
  ['valibot, undefinedable', toStandardJsonSchema(v.undefinedable(Valibot)), undefined],
  ['valibot, a choice with undefined', toStandardJsonSchema(v.union([Valibot, v.undefined()])), undefined],
  ['arktype, a choice with undefined', Ark.or('undefined') as never, undefined],
]

const REQUIRED: [string, Schema<unknown, unknown>][] = [
  ['zod', Zod],
  ['zod, nullable', Zod.nullable()],
  ['valibot', toStandardJsonSchema(Valibot)],
  ['arktype', Ark as never],
]

describe('a body that may be left out', () => {
  it.each(OPTIONAL)('%s: the document says so, and nothing is undefined', async (_name, body, nothing) => {
    const app = new App()
    const seen: unknown[] = []
    app.post('/', { body }, (c) => void seen.push(c.body))
    const { components, paths } = await judged(app)
    const { requestBody } = paths['/']!['post'] as unknown as Operation
    expect(requestBody.required).toBe(false)
    expect(Object.keys(requestBody.content)).toEqual([
      'application/json',
      'application/x-www-form-urlencoded',
    ])
    expect(components!.schemas!['PostRootBody']).toMatchObject({ properties: { a: { type: 'string' } } })
    expect((await post(app)).status).toBe(204)
    expect((await post(app, { body: '{"a":"sent"}', headers })).status).toBe(204)
    expect(seen).toEqual([nothing, { a: 'sent' }])
    expect((await post(app, { body: '{"a":1}', headers })).status).toBe(422)
  })

  it.each(REQUIRED)('%s: not without being asked', async (_name, body) => {
    const app = new App()
    app.post('/', { body }, () => 'never')
    const { requestBody } = (await judged(app)).paths['/']!['post'] as unknown as Operation
    expect(requestBody.required).toBe(true)
    expect((await post(app)).status).toBe(415)
  })

  it('is not taken for granted of a schema that fails over nothing, or makes one wait', async () => {
    const app = new App()
    const thrown = z
      .any()
      .transform((value) => (value as string).length)
      .pipe(z.number())
    const late = z.any().refine(async () => true)
    app.post('/thrown', { body: thrown }, ({ body }) => body)
    app.post('/late', { body: late }, ({ body }) => typeof body)
    for (const path of ['/thrown', '/late'])
      expect((await app.fetch(new Request(`http://x${path}`, { method: 'POST' }))).status).toBe(415)
    const sent = { method: 'POST', headers, body: '"abc"' }
    expect(await (await app.fetch(new Request('http://x/thrown', sent))).json()).toBe(3)
    expect(await (await app.fetch(new Request('http://x/late', sent))).text()).toBe('string')
  })
})

it('a schema with a name keeps it where it may be left out, or be null', async () => {
  const app = new App()
  app.post('/optional', { body: Zod.optional(), returns: z.array(Zod) }, () => [])
  app.post(
    '/null',
    { body: Zod.nullable(), returns: Zod.default({ a: 'x' }) },
    ({ body }) => body ?? undefined,
  )
  const document = await app.openapi({ exports: { Zod } })
  expect(await lint(document)).toEqual([])
  const $ref = '#/components/schemas/Zod'
  const at = (path: string) => document.paths[path]!['post'] as unknown as Operation
  expect(at('/optional').requestBody.content['application/json']!.schema).toEqual({ $ref })
  expect(at('/null').requestBody.content['application/json']!.schema).toEqual({
    anyOf: [{ $ref }, { type: 'null' }],
  })
  expect(at('/null').responses['200']!.content).toEqual({
    'application/json': { schema: { $ref, default: { a: 'x' } } },
  })
  expect(Object.keys(document.components!.schemas!)).toEqual(['Zod', 'Problem'])
})

describe('a reply that may be left out', () => {
  it.each(OPTIONAL)('%s: nothing is a 204, and so says the document', async (_name, returns) => {
    const app = new App()
    app.post('/', { returns }, ({ query }) => (query['some'] ? { a: 'x' } : undefined))
    const { responses } = (await judged(app)).paths['/']!['post'] as unknown as Operation
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '204']))
    expect(responses['204']!.content).toBeUndefined()
    const some = await app.fetch(new Request('http://x/?some=1', { method: 'POST' }))
    expect([some.status, await some.text()]).toEqual([200, '{"a":"x"}'])
  })

  it('has the status of the route where it names one, and is an error where it was promised', async () => {
    const app = new App({ log: { debug() {}, info() {}, warn() {}, error() {} } })
    app.post('/made', { returns: Zod.optional(), status: 201 }, () => undefined)
    app.post('/owed', { returns: Zod }, () => undefined as never)
    app.post('/nothing', { returns: Zod.optional() }, () => undefined)
    const document = await judged(app)
    const statuses = (path: string) =>
      Object.keys((document.paths[path]!['post'] as unknown as Operation).responses)
    expect(statuses('/made')).not.toContain('204')
    expect(statuses('/owed')).not.toContain('204')
    const send = async (path: string) => app.fetch(new Request(`http://x${path}`, { method: 'POST' }))
    const nothing = await send('/nothing')
    expect([nothing.status, nothing.headers.get('content-type'), await nothing.text()]).toEqual([
      204,
      null,
      '',
    ])
    expect((await send('/made')).status).toBe(201)
    expect((await send('/owed')).status).toBe(500)
  })
})

describe('what no JSON can hold', () => {
  it('is dropped from the choices', async () => {
    const app = new App()
    const choices = z.object({
      a: z.union([z.string(), z.number(), z.undefined()]),
      b: z.union([z.null(), z.void()]),
    })
    app.post('/', { body: choices }, () => 1)
    const { requestBody } = (await judged(app)).paths['/']!['post'] as unknown as Operation
    expect(requestBody.content['application/json']!.schema.properties).toEqual({
      a: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      b: { type: 'null' },
    })
  })

  it('arktype’s numbers in text have a form; what has none is named with what to do', async () => {
    const app = new App()
    const query = type({ n: 'string.numeric.parse', 'd?': 'string.date.parse' })
    app.get('/', { query }, ({ query }) => query.n + 1)
    expect((await judged(app)).paths['/']!['get']).toMatchObject({
      parameters: [{ name: 'n', in: 'query', required: true, schema: { type: 'string' } }, { name: 'd' }],
    })
    expect(await (await app.fetch(new Request('http://x/?n=41'))).text()).toBe('42')
    const other = new App()
    other.get('/big', { query: type({ n: 'bigint' }) }, () => 1)
    await expect(other.openapi()).rejects.toThrow(
      'GET /big, query: arktype has no JSON Schema for a part of it (bigint); choose another, or give the app `openapi: { jsonSchema',
    )
  })
})

describe('a hook that throws', () => {
  it('is a problem among others, with its route', async () => {
    const app = new App({
      openapi: {
        jsonSchema: (schema) => {
          if (schema === Zod) throw new Error('No idea.')
          return undefined
        },
      },
    })
    app.post('/known', { body: z.object({ b: z.bigint() }) }, () => 1)
    app.post('/unknown', { body: Zod }, () => 1)
    const error = await app.start().then(
      () => new Error('started'),
      (thrown: Error) => thrown,
    )
    expect(error.name).toBe('UsageError')
    expect(error.message).toContain('has 2 problems')
    expect(error.message).toContain('POST /unknown, body: openapi.jsonSchema failed: No idea.')
    expect(error.message).toContain('POST /known, body: "b": zod')
  })
})

describe('a lazy schema of valibot', () => {
  interface Tree {
    name: string
    kids: Tree[]
  }
  const tree: v.GenericSchema<Tree> = v.object({ name: v.string(), kids: v.array(v.lazy(() => tree)) })

  it('is one component, under the name of the whole', async () => {
    const app = new App()
    const Node = toStandardJsonSchema(tree)
    app.post('/', { body: Node, returns: Node }, ({ body }) => body)
    const { components } = await judged(app)
    expect(Object.keys(components!.schemas!)).toEqual(['PostRootBody', 'Problem'])
    expect(components!.schemas!['PostRootBody']).toMatchObject({
      properties: { kids: { items: { $ref: '#/components/schemas/PostRootBody' } } },
    })
  })

  it('is one inside of another, too', async () => {
    const app = new App()
    app.post(
      '/',
      { body: toStandardJsonSchema(v.object({ root: tree, spare: v.lazy(() => tree) })) },
      () => 1,
    )
    const { components } = await judged(app)
    expect(Object.keys(components!.schemas!)).toEqual(['PostRootBodyPart1', 'Problem'])
  })
})

describe('security of WebSockets in AsyncAPI, where one of a list is enough', () => {
  const token = bearer(() => 1)
  const key = apiKey({ in: 'header', key: 'x-key' }, () => 1)
  const securityOf = async (use: {}) => {
    const app = new App()
    app.websocket('/ws', { use }, () => {})
    const document = await app.asyncapi()
    expect(await lint(document)).toEqual([])
    const [operation] = Object.values(document.operations) as Record<string, unknown>[]
    return [operation!['security'], operation!['x-security']]
  }
  const [BEARER, KEY] = ['bearer', 'headerKey'].map((name) => ({
    $ref: `#/components/securitySchemes/${name}`,
  }))

  it('names every alternative, and says beside it what a list cannot', async () => {
    expect(await securityOf({})).toEqual([undefined, undefined])
    expect(await securityOf({ any: anyOf(token, key) })).toEqual([[BEARER, KEY], undefined])
    expect(await securityOf({ token, key })).toEqual([[BEARER, KEY], [{ bearer: [], headerKey: [] }]])
    expect(await securityOf({ token: token.optional() })).toEqual([[BEARER], [{ bearer: [] }, {}]])
  })
})
