/** Bad input and bad declarations: a clear refusal, and nothing else harmed. */
import { type App, HttpError, jsonl, reply, Router, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem } from './transport.ts'

/** The prototypes that pollution would show on. */
function expectCleanPrototypes(): void {
  for (const each of [{}, [], '', () => {}]) {
    expect((each as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.keys(Object.getPrototypeOf(each) as object)).toEqual([])
  }
}

/** What a handler sees of an input: own keys, and whether anything came in by the prototype. */
function describeInput(value: unknown) {
  const record = value as Record<string, unknown>
  return { keys: Object.getOwnPropertyNames(record), polluted: record['polluted'] ?? null }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const BREAKS = { CR: 'a\rb', LF: 'a\nb', CRLF: 'a\r\nSet-Cookie: x=1', NUL: 'a\0b', wide: 'a€b' }

export const hostileBehaviours: Behaviour[] = [
  behaviour('bad percent-encoding is a 400 in path and query', async ({ create, open }) => {
    const app = create()
    app.get('/:id', ({ params, query }) => [params, query])
    app.get('/declared', { query: z.object({}) }, () => 'ok')
    const link = await open(app)
    for (const path of ['/%', '/%zz', '/%c3', '/%ff', '/%c0%af', '/a%2'])
      await expectProblem(await link.request('GET', path), 400, 'MALFORMED_TARGET')
    for (const query of ['a=%', '%zz=1', 'a=%c3', 'a=1&b=%ff']) {
      await expectProblem(await link.request('GET', `/x?${query}`), 400, 'MALFORMED_QUERY')
      await expectProblem(await link.request('GET', `/declared?${query}`), 400, 'MALFORMED_QUERY')
    }
  }),

  behaviour(
    '__proto__ and constructor pollute nothing, wherever they come from',
    async ({ create, open }) => {
      const app = create()
      app.post('/any', { body: z.any() }, ({ body }) => describeInput(body))
      app.post('/strict', { body: z.object({ a: z.string().optional() }) }, ({ body }) => describeInput(body))
      app.get('/query', ({ query }) => describeInput(query))
      app.get('/cookies', ({ cookies }) => describeInput(cookies))
      app.get('/headers', ({ headers }) => ({
        polluted: (headers as Record<string, unknown>)['polluted'] ?? null,
      }))
      app.get('/params/:__proto__/:constructor', ({ params }) => describeInput(params))
      app.get('/list', { query: z.object({ a: z.array(z.string()) }) }, ({ query }) => describeInput(query))
      const link = await open(app)
      const json = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":"b"}'
      const any = await link.request('POST', '/any', { headers: JSON_TYPE, body: json })
      expect(await any.json()).toEqual({ keys: ['__proto__', 'constructor', 'a'], polluted: null })
      const strict = await link.request('POST', '/strict', { headers: JSON_TYPE, body: json })
      expect(await strict.json()).toEqual({ keys: ['a'], polluted: null })
      const fields = '__proto__=x&__proto__=y&__proto__[polluted]=1&constructor=z&a=1&toString=1'
      const keys = ['__proto__', '__proto__[polluted]', 'constructor', 'a', 'toString']
      const form = await link.request('POST', '/any', { headers: FORM, body: fields })
      expect(await form.json()).toEqual({ keys, polluted: null })
      const query = await link.request(
        'GET',
        `/query?${fields.replaceAll('[', '%5B').replaceAll(']', '%5D')}`,
      )
      expect(await query.json()).toEqual({ keys, polluted: null })
      const list = await link.request('GET', '/list?a=1&__proto__=polluted')
      expect(await list.json()).toEqual({ keys: ['a'], polluted: null })
      const cookies = await link.request('GET', '/cookies', {
        headers: { cookie: '__proto__=polluted; constructor=x; a=b' },
      })
      expect(await cookies.json()).toEqual({ keys: ['__proto__', 'constructor', 'a'], polluted: null })
      const headers = await link.request('GET', '/headers', {
        headers: { ['__proto__']: 'polluted', a: 'b' },
      })
      expect(await headers.json()).toEqual({ polluted: null })
      const params = await link.request('GET', '/params/polluted/x')
      expect(await params.json()).toEqual({ keys: ['__proto__', 'constructor'], polluted: null })
      expectCleanPrototypes()
    },
  ),

  behaviour(
    'a header value with a line break, a NUL or more than Latin-1 is a 500, not a split',
    async (scene) => {
      const app = scene.create()
      const ways: Record<string, (value: string) => unknown> = {
        reply: (value) => reply.text('never', { headers: { 'x-a': value } }),
        list: (value) => reply.text('never', { headers: { 'x-a': ['fine', value] } }),
        changed: (value) => {
          const made = reply.text('never')
          made.headers['x-a'] = value
          return made
        },
        redirect: (value) => reply.redirect(value),
        cookie: (value) => reply.text('never', { headers: { 'set-cookie': `a=${value}` } }),
        type: (value) => reply.bytes(new Uint8Array(1), { mediaType: value }),
        stream: (value) => reply.stream(['never'], { mediaType: value }),
      }
      for (const [name, way] of Object.entries(ways))
        app.get(`/${name}/:kind`, ({ params }) => way(BREAKS[params.kind as keyof typeof BREAKS]))
      app.get('/head/:kind', { streams: text }, async function* ({ head, params }) {
        head.set('x-a', BREAKS[params.kind as keyof typeof BREAKS])
        yield 'never'
      })
      app.get('/error/:kind', ({ params }) => {
        throw new HttpError(400, { headers: { 'x-a': BREAKS[params.kind as keyof typeof BREAKS] } })
      })
      const link = await scene.open(app)
      for (const way of [...Object.keys(ways), 'head', 'error']) {
        for (const kind of Object.keys(BREAKS)) {
          const got = await link.request('GET', `/${way}/${kind}`)
          expect([way, kind, got.status]).toEqual([way, kind, 500])
          expect([got.headers['x-a'], got.headers['set-cookie']]).toEqual([undefined, undefined])
          await expectProblem(got, 500, 'INTERNAL')
        }
      }
    },
  ),

  behaviour('header names are checked too', async ({ create, open }) => {
    const app = create()
    app.get('/', ({ head }) => {
      head.set('x a', '1')
      return 'never'
    })
    app.get(
      '/changed',
      { middleware: [async (_, next) => Object.assign(await next(), { headers: { 'a\nb': '1' } })] },
      () => 'x',
    )
    const link = await open(app)
    await expectProblem(await link.request('GET', '/'), 500)
    await expectProblem(await link.request('GET', '/changed'), 500)
  }),

  behaviour('huge numbers of query fields are a 400, and quick', async ({ create, open }) => {
    const app = create()
    app.get('/', ({ query }) => Object.keys(query).length)
    const link = await open(app)
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `${i}=`).join('&')
    expect(await (await link.request('GET', `/?${fields(1000)}`)).text()).toBe('1000')
    const started = performance.now()
    await expectProblem(await link.request('GET', `/?${fields(1800)}`), 400, 'MALFORMED_QUERY')
    await expectProblem(await link.request('GET', `/?${'a&'.repeat(1800)}`), 400)
    expect(performance.now() - started).toBeLessThan(1000)
  }),

  behaviour('JSON deeper than 128 levels is a 400, wherever it is sent', async ({ create, open, log }) => {
    const app = create()
    app.post('/any', { body: z.any() }, () => 'read')
    app.post('/json', { body: z.json() }, () => 'read')
    app.post('/raw', async ({ body }) => {
      await body.json()
      return 'read'
    })
    app.post('/lines', { body: jsonl(z.json()) }, async ({ body }) => {
      for await (const _ of body) void _
      return 'read'
    })
    const link = await open(app)
    const send = (path: string, depth: number) => {
      const type = path === '/lines' ? 'application/jsonl' : 'application/json'
      const body = '['.repeat(depth) + ']'.repeat(depth)
      return link.request('POST', path, { headers: { 'content-type': type }, body })
    }
    for (const path of ['/any', '/json', '/raw', '/lines']) {
      expect([path, await (await send(path, 128)).text()]).toEqual([path, 'read'])
      for (const depth of [129, 3000, 100_000]) {
        const problem = await expectProblem(await send(path, depth), 400, 'MALFORMED_BODY')
        expect(problem['detail']).toContain('128 levels')
      }
    }
    expect(log.filter(({ level }) => level === 'error')).toEqual([])
  }),

  behaviour('a validator that runs out of stack over an input is a 422', async ({ create, open, log }) => {
    const app = create()
    const recurse = (depth: number): number => 1 + recurse(depth + 1)
    const endless = z.string().transform((text) => recurse(text.length))
    const later = z.string().transform(async (text) => recurse(text.length))
    for (const [name, schema] of Object.entries({ endless, later })) {
      app.get(`/${name}`, { query: z.object({ a: schema }) }, () => 'read')
      app.post(`/${name}`, { body: z.object({ a: schema }) }, () => 'read')
    }
    const link = await open(app)
    for (const name of ['endless', 'later']) {
      await expectProblem(await link.request('GET', `/${name}?a=b`), 422, 'VALIDATION_FAILED')
      const sent = await link.request('POST', `/${name}`, { headers: JSON_TYPE, body: '{"a":"b"}' })
      await expectProblem(sent, 422, 'VALIDATION_FAILED')
    }
    expect(log.filter(({ level }) => level === 'error')).toEqual([])
  }),

  behaviour('a reply that is too deep to be written is a 500', async ({ create, open }) => {
    const app = create()
    const DEPTH = 100_000
    app.get('/', () => {
      let value: unknown = 1
      for (let i = 0; i < DEPTH; i++) value = [value]
      return value
    })
    const reply = await (await open(app)).request('GET', '/')
    // Node 24 and newer write any depth.
    if (reply.status === 200) expect(await reply.text()).toHaveLength(2 * DEPTH + 1)
    else await expectProblem(reply, 500, 'INTERNAL')
  }),

  behaviour('an encoded slash never lets a parameter differ from the path a guard saw', async (scene) => {
    const app = scene.create()
    const seen: unknown[] = []
    app.get('/files/*rest', ({ params, path }) => {
      seen.push([path, params.rest])
      return 'read'
    })
    app.get('/file/:name', ({ params }) => {
      seen.push(params.name)
      return 'read'
    })
    const link = await scene.open(app)
    const hostile = [
      '/files/private%2Fsecret',
      '/files/a%2F..%2F..%2Fetc%2Fpasswd',
      '/files/..%2Fetc',
      '/file/..%2F..%2Fetc%2Fpasswd',
      '/file/a%2F..',
      '/file/.%2Fa',
    ]
    for (const path of hostile) {
      const got = await link.request('GET', path)
      expect([path, got.status, seen]).toEqual([path, 400, []])
    }
    expect((await link.request('GET', '/files/a/b%20c')).status).toBe(200)
    expect((await link.request('GET', '/file/AC%2FDC')).status).toBe(200)
  }),

  behaviour('a Host that is none harms no mount', async ({ create, open }) => {
    const app = create()
    app.mount('/m', (request) => new Response(new URL(request.url).pathname))
    const link = await open(app)
    for (const host of ['a b', 'user:pass@x', 'x/y?z', '[', 'x:99999', '', 'a#b', 'a, b', '%61'])
      await expectProblem(await link.request('GET', '/m/p', { headers: { host } }), 400, 'BAD_REQUEST')
    for (const host of ['a.example.', 'my_host:80', '[::1]:8000', 'xn--mnchen-3ya.de', '127.0.0.1'])
      expect(await (await link.request('GET', '/m/p', { headers: { host } })).text()).toBe('/p')
  }),

  behaviour('duplicate routes throw at the start and name both places', async ({ create }) => {
    const clash = async (declare: (app: App) => void) => {
      const app = create()
      declare(app)
      const error = await app.start().then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      )
      return error?.message ?? 'no error'
    }
    const nested = new Router({ prefix: '/a' })
    nested.get('/b', () => 'x')
    const messages = [
      await clash((app) => [app.get('/a', () => 1), app.get('/a', () => 2)]),
      await clash((app) => [app.get('/a/:id', () => 1), app.get('/a/:name', () => 2)]),
      await clash((app) => [app.get('/*', () => 1), app.get('/*rest', () => 2)]),
      await clash((app) => [app.get('/a/b', () => 1), app.include(nested)]),
      await clash((app) => [app.get('/a', () => 1), app.get('/a/', () => 2)]),
      await clash((app) => [app.get('/%61', () => 1), app.get('/a', () => 2)]),
      await clash((app) => [app.mount('/m', () => new Response()), app.mount('/m', () => new Response())]),
    ]
    for (const [i, message] of messages.entries()) {
      const places = message.match(/hostile-behaviours\.ts:\d+:\d+/g) ?? []
      expect([i, message, places.length]).toEqual([i, message, 2])
    }
  }),

  behaviour('what is declared after the start throws', async ({ create, open }) => {
    const router = new Router({ prefix: '/r' })
    const app = create()
    app.include(router)
    await open(app)
    await app.start()
    expect(() => app.get('/late', () => 'x')).toThrow(/after the app had started/)
    expect(() => router.get('/late', () => 'x')).toThrow(/after the app had started/)
    expect(() => app.include(new Router())).toThrow(/after the app had started/)
    expect(() => app.mount('/m', () => new Response())).toThrow(/after the app had started/)
    expect(() => app.onError(() => undefined)).toThrow(/after the app had started/)
    expect(() => (app.routes as unknown[]).push(1)).toThrow()
  }),
]
