/** What single declarations become in the document: each on an app of its own. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import {
  anyOf,
  apiKey,
  App,
  type AppOptions,
  basic,
  bearer,
  dependency,
  jsonl,
  type OpenApiDocument,
  Router,
  sse,
} from 'millrace'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { lint, refusals } from './judge.ts'

type Operation = Record<string, never> & {
  readonly operationId: string
  readonly responses: Record<string, { content?: Record<string, Record<string, unknown>> }>
  readonly parameters?: readonly { name: string; in: string; [member: string]: unknown }[]
}

/** The document of what `declare` declares; judged, unless it has problems. */
async function documentOf(
  declare: (app: App) => void,
  options: AppOptions<{}> = {},
  exports?: Record<string, unknown>,
): Promise<OpenApiDocument> {
  const app = new App(options)
  declare(app)
  const document = await app.openapi(exports === undefined ? {} : { exports })
  expect(await lint(document)).toEqual([])
  expect(await refusals(document)).toBeUndefined()
  return document
}

const problemsOf = async (declare: (app: App) => void, options: AppOptions<{}> = {}): Promise<string> => {
  const app = new App(options)
  declare(app)
  return app.openapi().then(
    () => '',
    (error: Error) => error.message,
  )
}

const operation = (document: OpenApiDocument, path: string, method = 'get') =>
  document.paths[path]![method] as Operation

const Row = z.object({ id: z.string() }).meta({ id: 'Row' })
const ROW = { $ref: '#/components/schemas/Row' }

describe('streams', () => {
  const EVENT = {
    type: 'object',
    required: ['data'],
    properties: {
      data: { type: 'string', contentMediaType: 'application/json', contentSchema: ROW },
      event: { type: 'string' },
      id: { type: 'string' },
      retry: { type: 'integer', minimum: 0 },
    },
  }
  const list = [{ id: 'a' }]

  it.each<[string, (app: App | Router) => unknown]>([
    [
      'of an async generator',
      (app) => app.get('/rows', { streams: [jsonl(Row), sse(Row)] }, async function* () {}),
    ],
    ['of a sync generator', (app) => app.get('/rows', { streams: [jsonl(Row), sse(Row)] }, function* () {})],
    ['of an iterable', (app) => app.get('/rows', { streams: [jsonl(Row), sse(Row)] }, () => list)],
    ['of a promise', (app) => app.get('/rows', { streams: [jsonl(Row), sse(Row)] }, async () => list)],
    [
      'with a status and a dependency',
      (app) =>
        app.get(
          '/rows',
          { status: 200, use: { db: dependency(() => 1) }, streams: [jsonl(Row), sse(Row)] },
          () => list,
        ),
    ],
  ])('%s have the schema of their items, also through nested routers', async (_what, declare) => {
    for (const depth of [0, 1, 3]) {
      const document = await documentOf((app) => {
        let around: App | Router = app
        for (let level = 0; level < depth; level++) {
          const inner = new Router({ prefix: `/r${level}` })
          declareLater.push([around, inner])
          around = inner
        }
        declare(around)
        for (const [outer, inner] of declareLater.splice(0).reverse()) outer.include(inner)
      })
      const prefix = ['', '/r0', '/r0/r1', '/r0/r1/r2'][depth]!
      const { content } = operation(document, `${prefix}/rows`).responses['200']!
      expect(content).toEqual({
        'application/jsonl': { itemSchema: ROW },
        'application/x-ndjson': { itemSchema: ROW },
        'text/event-stream': { itemSchema: EVENT },
      })
    }
  })
  const declareLater: [App | Router, Router][] = []

  it('answer POST and other methods the same way', async () => {
    const document = await documentOf((app) => {
      app.post('/rows', { body: Row, streams: sse(Row), status: 201 }, function* () {})
    })
    const { content } = operation(document, '/rows', 'post').responses['201']!
    expect(content!['text/event-stream']!['itemSchema']).toEqual(EVENT)
  })
})

describe('paths', () => {
  it('are templates, one for all spellings of a parameter', async () => {
    const document = await documentOf((app) => {
      app.get('/a/:id', { params: z.object({ id: z.coerce.number().int() }) }, () => 1)
      app.put('/a/:key', { params: z.object({ key: z.string().max(9) }) }, () => 1)
      app.get('/a/:id/b/*rest', () => 1)
      app.get('/w/*', () => 1)
      app.get('/slash/', () => 1)
    })
    expect(Object.keys(document.paths)).toEqual(['/a/{id}', '/a/{id}/b/{rest}', '/w/{rest}', '/slash'])
    expect(operation(document, '/a/{id}', 'put').parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 9 } },
    ])
    expect(operation(document, '/w/{rest}').parameters![0]).toMatchObject({ description: expect.any(String) })
  })

  it('and schemas that disagree are a problem', async () => {
    const problems = await problemsOf((app) => {
      app.get('/a/:id', { params: z.object({ name: z.string() }) }, () => 1)
    })
    expect(problems).toContain('GET /a/:id, params: "name" is not in the path. Write ":name" there')
  })
})

describe('parameters', () => {
  it('are read through intersections and references, of the route and of what it uses', async () => {
    const user = dependency({ headers: z.object({ 'x-user': z.string() }) }, () => 1)
    const nested = dependency({ use: { user }, query: z.object({ page: z.string().optional() }) }, () => 1)
    const document = await documentOf((app) => {
      app.get(
        '/',
        {
          use: { nested },
          query: z.intersection(z.object({ a: z.array(z.string()) }), z.object({ page: z.coerce.number() })),
          cookies: type({ 'theme?': "'light' | 'dark'" }),
          headers: toStandardJsonSchema(v.object({ accept: v.string(), 'x-trace': v.optional(v.string()) })),
        },
        () => 1,
      )
    })
    const found = operation(document, '/').parameters!.map((each) => [
      each.in,
      each.name,
      each['required'] === true,
    ])
    expect(found).toEqual([
      ['query', 'page', true],
      ['query', 'a', true],
      ['header', 'x-user', true],
      ['header', 'x-trace', false],
      ['cookie', 'theme', false],
    ])
    expect(operation(document, '/').responses).toHaveProperty('422')
  })

  it('that are no objects are a problem, but for the query, which 3.2 can say', async () => {
    const problems = await problemsOf((app) => {
      app.get('/', { headers: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) }, () => 1)
    })
    expect(problems).toContain('GET /, headers: the schema is not one of an object with named members.')
    const document = await documentOf((app) => {
      app.get('/', { query: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) }, () => 1)
    })
    expect(operation(document, '/').parameters![0]!.in).toBe('querystring')
  })
})

describe('names', () => {
  it('of operations are those of exports, of the option, or of method and path; unique in any case', async () => {
    const app = new App()
    const exported = app.get('/x', () => 1)
    app.get('/y', { operationId: 'chosen' }, () => 1)
    app.get('/a-b', () => 1)
    app.get('/a/b', () => 1)
    app.get('/', () => 1)
    app.delete('/users/:userId/posts/:id', () => 1)
    const router = new Router()
    const twice = router.get('/shared', () => 1)
    const outer = new Router({ prefix: '/outer' })
    outer.include(router)
    app.include(router)
    app.include(outer)
    const { paths } = await app.openapi({ exports: { exported, twice, notARoute: 1, default: app } })
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).map((each) => (each as Operation).operationId),
    )
    expect(ids).toEqual([
      'exported',
      'chosen',
      'getAB',
      'getAB2',
      'getRoot',
      'deleteUsersByUserIdPostsById',
      'twice',
      'twice2',
    ])
  })

  it('that were given twice are a problem', async () => {
    const problems = await problemsOf((app) => {
      app.get('/a', { operationId: 'same' }, () => 1)
      app.get('/b', { operationId: 'same' }, () => 1)
    })
    expect(problems).toContain('operationId "same": two routes have it.')
  })

  it('of two routes that are one to OpenAPI are a problem', async () => {
    const problems = await problemsOf((app) => {
      app.get('/files/:name', () => 1)
      app.post('/files/*path', () => 1)
      app.get('/files/*path', () => 1)
      app.route('PURGE', '/files/*path', () => 1)
      app.route('PURGE', '/files/:name', () => 1)
    })
    expect(problems).toContain(
      'GET /files/*path: to OpenAPI it is the same as GET /files/:name, and is left out. Set "hidden" on one of them.',
    )
    expect(problems).toContain('PURGE /files/:name: to OpenAPI it is the same as PURGE /files/*path')
    expect(problems).toContain('has 2 problems')
  })

  it('of methods that share a path are kept', async () => {
    const document = await documentOf((app) => {
      app.get('/files/:name', () => 1)
      app.post('/files/*path', () => 1)
      app.get('/files/:name/:part', () => 1)
    })
    expect(Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item as object)])).toEqual(
      [
        ['/files/{name}', ['get', 'post']],
        ['/files/{name}/{part}', ['get']],
      ],
    )
  })
})

describe('schemas', () => {
  const schemasOf = (document: OpenApiDocument) => Object.keys(document.components!['schemas']!).sort()

  it('of one name are one component, wherever they stand', async () => {
    const document = await documentOf((app) => {
      app.post('/a', { body: Row, returns: z.array(Row) }, () => [])
      app.get('/b', { returns: z.object({ row: Row.nullable() }) }, () => ({ row: null }))
    })
    expect(schemasOf(document)).toEqual(['Problem', 'Row'])
  })

  it('that are used twice are one component, and primitives are none', async () => {
    const Pair = z.object({ a: z.string() })
    const Name = z.string()
    const document = await documentOf((app) => {
      app.get('/a', { returns: Pair }, () => ({ a: '' }))
      app.get('/b', { returns: Pair }, () => ({ a: '' }))
      app.get('/c', { returns: Name }, () => '')
      app.get('/d', { returns: Name }, () => '')
      app.get('/e', { returns: z.object({ only: z.string() }) }, () => ({ only: '' }))
    })
    expect(schemasOf(document)).toEqual(['GetAReply', 'Problem'])
  })

  it('are called as they are exported or titled', async () => {
    const Exported = z.object({ a: z.string() })
    const document = await documentOf(
      (app) => {
        app.get('/a', { returns: Exported }, () => ({ a: '' }))
        app.get('/b', { returns: z.array(Exported) }, () => [])
        app.get('/c', { returns: z.object({ b: z.string() }).meta({ title: 'two words' }) }, () => ({
          b: '',
        }))
      },
      {},
      { Exported },
    )
    expect(schemasOf(document)).toEqual(['Exported', 'Problem', 'TwoWords'])
  })

  it('with a name are referred to inside of others, with what is said of them there', async () => {
    const Line = z.object({ tea: z.string(), cups: z.number().default(1) })
    const Order = z.object({
      lines: z.array(Line),
      first: Line.optional(),
      spare: Line.default({ tea: 'green', cups: 2 }),
    })
    const A: z.ZodType = z.object({
      name: z.string(),
      get b() {
        return B.optional()
      },
    })
    const B: z.ZodType = z.object({
      label: z.string(),
      get a() {
        return A.optional()
      },
    })
    const document = await documentOf(
      (app) => {
        app.post('/orders', { body: z.array(Order) }, () => 1)
        app.get('/orders', { returns: Order }, () => ({ lines: [] }))
        app.post('/a', { body: A }, () => 1)
        app.post('/b', { body: z.object({ inner: B }) }, () => 1)
      },
      {},
      { Line, Order, A, B },
    )
    expect(schemasOf(document)).toEqual([
      'A',
      'B',
      'LineInput',
      'LineOutput',
      'OrderInput',
      'OrderOutput',
      'Problem',
    ])
    expect(document.components!['schemas']!['OrderInput']).toEqual({
      type: 'object',
      properties: {
        lines: { type: 'array', items: { $ref: '#/components/schemas/LineInput' } },
        first: { $ref: '#/components/schemas/LineInput' },
        spare: { $ref: '#/components/schemas/LineInput', default: { tea: 'green', cups: 2 } },
      },
      required: ['lines'],
    })
    expect(JSON.stringify(document)).not.toContain('x-millrace')
  })

  it('have two sides where they take something else than they give, and so has what refers to them', async () => {
    const Inner = z.object({ n: z.number().default(1) }).meta({ id: 'Inner' })
    const Outer = z.object({ inner: Inner }).meta({ id: 'Outer' })
    const Same = z.object({ s: z.string() }).meta({ id: 'Same' })
    const document = await documentOf((app) => {
      app.post('/a', { body: Outer, returns: Outer }, ({ body }) => body)
      app.post('/b', { body: Same, returns: Same }, ({ body }) => body)
    })
    expect(schemasOf(document)).toEqual([
      'InnerInput',
      'InnerOutput',
      'OuterInput',
      'OuterOutput',
      'Problem',
      'Same',
    ])
    expect(document.components!['schemas']!['OuterInput']).toMatchObject({
      properties: { inner: { $ref: '#/components/schemas/InnerInput' } },
    })
  })

  it('may have names that a reference cannot hold as they are', async () => {
    const Share = z.object({ share: z.number() }).meta({ id: '100%' })
    const { components } = await documentOf((app) => {
      app.post('/', { body: z.object({ of: Share }), returns: Share }, () => ({ share: 1 }))
    })
    expect(Object.keys(components!.schemas!)).toContain('100_')
  })

  it('that are intersections with themselves come to an end', async () => {
    const Loop = z.object({ a: z.string().optional() }).and(z.lazy((): z.ZodType => Loop))
    const document = await documentOf((app) => {
      app.post('/', { body: Loop }, () => 1)
    })
    expect(operation(document, '/', 'post')).toHaveProperty('requestBody')
  })

  it('of one name that differ are a problem, and so is one called Problem', async () => {
    const problems = await problemsOf((app) => {
      app.get('/a', { returns: type.module({ $: 'string', node: { a: 'string' } }).node }, () => ({ a: '' }))
      app.post('/b', { body: byHand({ $ref: '#/$defs/X', $defs: { X: { type: 'string' } } }) }, () => 1)
      app.post('/c', { body: byHand({ $ref: '#/$defs/X', $defs: { X: { type: 'number' } } }) }, () => 1)
      app.get('/d', { returns: z.object({ a: z.string() }).meta({ id: 'Problem' }) }, () => ({ a: '' }))
    })
    expect(problems).toContain('two different schemas are called "X"')
    expect(problems).toContain('a schema is called "Problem"')
    expect(problems).toContain('has 2 problems')
  })

  it('may refer to themselves, in any validator', async () => {
    const Zod = z.object({
      v: z.string(),
      get kids() {
        return z.array(Zod)
      },
    })
    interface Node {
      v: string
      kids: Node[]
    }
    const node: v.GenericSchema<Node> = v.object({ v: v.string(), kids: v.lazy(() => v.array(node)) })
    const Ark = type.module({ node: { v: 'string', kids: 'node[]' } }).node
    const document = await documentOf((app) => {
      app.post('/zod', { body: Zod }, () => 1)
      app.post('/zod-inside', { body: z.object({ root: Zod }) }, () => 1)
      app.post('/valibot', { body: toStandardJsonSchema(node) }, () => 1)
      app.post('/ark', { body: Ark }, () => 1)
    })
    expect(JSON.stringify(document)).not.toMatch(/"\$ref":"#"|\$defs/)
    expect(schemasOf(document)).toContain('PostZodBody')
  })

  it('write dates as text, and no defaults that are made anew', async () => {
    const body = z.object({
      at: z.coerce.date().default(() => new Date()),
      id: z.string().default(() => crypto.randomUUID()),
      kind: z.string().default('tea'),
    })
    const one = await documentOf((app) => void app.post('/', { body }, () => 1))
    const text = JSON.stringify(one)
    expect(text).toContain('"at":{"type":"string","format":"date-time"}')
    expect(text).toContain('"id":{"type":"string"}')
    expect(text).toContain('"kind":{"default":"tea","type":"string"}')
    const ark = await documentOf((app) => void app.post('/', { body: type({ at: 'Date' }) }, () => 1))
    expect(JSON.stringify(ark)).toContain('"at":{"type":"string","format":"date-time"}')
    const vali = toStandardJsonSchema(v.object({ at: v.date() }))
    const valibot = await documentOf((app) => void app.post('/', { body: vali }, () => 1))
    expect(JSON.stringify(valibot)).toContain('"at":{"type":"string","format":"date-time"}')
  })
})

/** A schema of no library, with a JSON Schema. */
function byHand(json: Record<string, unknown>) {
  const jsonSchema = { input: () => structuredClone(json), output: () => structuredClone(json) }
  return {
    '~standard': { version: 1, vendor: 'hand', validate: (value: unknown) => ({ value }), jsonSchema },
  } as const
}

describe('security', () => {
  const token = bearer(() => ({ scopes: ['a', 'b'] }))
  const key = apiKey({ in: 'header', key: 'x-key' }, () => ({ scopes: ['a'] }))
  const securityOf = async (use: Record<string, never>) => {
    const document = await documentOf((app) => void app.get('/', { use: use as {} }, () => 1))
    return operation(document, '/')['security'] as unknown
  }
  const of = (use: object) => securityOf(use as Record<string, never>)

  it('lists ways, each of which is a set of schemes with scopes', async () => {
    expect(await of({})).toBeUndefined()
    expect(await of({ token })).toEqual([{ bearer: [] }])
    expect(await of({ token, key })).toEqual([{ bearer: [], headerKey: [] }])
    expect(await of({ any: anyOf(token, key) })).toEqual([{ bearer: [] }, { headerKey: [] }])
    expect(await of({ token: token.optional() })).toEqual([{ bearer: [] }, {}])
    expect(await of({ token: token.scoped('a').scoped('b') })).toEqual([{ bearer: ['a', 'b'] }])
    expect(await of({ any: anyOf(token, key).scoped('a') })).toEqual([
      { bearer: ['a'] },
      { headerKey: ['a'] },
    ])
    expect(await of({ key, token: token.optional() })).toEqual([
      { headerKey: [], bearer: [] },
      { headerKey: [] },
    ])
  })

  it('is found in dependencies, routers and the app, and merged', async () => {
    const inner = dependency({ use: { token: token.scoped('a') } }, () => 1)
    const app = new App({ use: { key } })
    const router = new Router({ prefix: '/r', use: { inner } })
    router.get('/', { use: { token: token.scoped('b') } }, () => 1)
    app.include(router)
    expect(operation(await app.openapi(), '/r')['security']).toEqual([{ headerKey: [], bearer: ['a', 'b'] }])
  })

  it('schemes whose name is none for a component are a problem', async () => {
    const problems = await problemsOf((app) => {
      app.get('/', { use: { user: bearer({ name: 'my scheme!' }, () => 1) } }, () => 1)
    })
    expect(problems).toContain('GET /: a security scheme is called "my scheme!". Use letters')
  })

  it('schemes of one name that differ are a problem', async () => {
    const problems = await problemsOf((app) => {
      app.get('/a', { use: { a: apiKey({ in: 'header', key: 'x-a' }, () => 1) } }, () => 1)
      app.get('/b', { use: { b: apiKey({ in: 'header', key: 'x-b' }, () => 1) } }, () => 1)
      app.get('/c', { use: { c: basic(() => 1), d: basic(() => 2) } }, () => 1)
    })
    expect(problems).toContain(
      'GET /b: two different security schemes are called "headerKey", the other one in GET /a.',
    )
    expect(problems).toContain('has 1 problem')
  })
})
