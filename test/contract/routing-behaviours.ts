/** Methods, paths, routers and mounts. */
import { App, type HttpError, type Middleware, reply, Router, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem, until } from './transport.ts'

const stamp =
  (name: string): Middleware =>
  async (_, next) => {
    const made = await next()
    const present = made.headers['x-stamps']
    made.headers['x-stamps'] = present === undefined ? name : `${present as string},${name}`
    return made
  }

export const routingBehaviours: Behaviour[] = [
  behaviour('HEAD is answered for every GET, with its head and no body', async ({ create, open }) => {
    const app = create()
    app.get('/text', () => 'hello')
    app.get('/json', () => ({ a: 1 }))
    app.get('/set', ({ head }) => void head.set('x-a', '1'))
    app.get('/known', () => reply.stream(['abcd'], { length: 4 }))
    const link = await open(app)
    for (const path of ['/text', '/json', '/set', '/known']) {
      const get = await link.request('GET', path)
      await get.text()
      const head = await link.request('HEAD', path)
      expect(await head.text()).toBe('')
      expect([path, head.status]).toEqual([path, get.status])
      for (const name of ['content-type', 'content-length', 'x-a'])
        expect([path, name, head.headers[name]]).toEqual([path, name, get.headers[name]])
    }
  }),

  behaviour('HEAD does not run a generator, however it is returned', async ({ create, open }) => {
    let runs = 0
    async function* count() {
      runs++
      yield 'x'
    }
    const app = create()
    app.get('/direct', { streams: text }, async function* () {
      runs++
      yield 'x'
    })
    app.get('/inferred', async function* () {
      runs++
      yield 'x'
    })
    app.get('/returned', { streams: text }, () => count())
    app.get('/returned-inferred', () => count())
    app.get('/made', () => reply.stream(count()))
    app.get('/promised', { streams: text }, async () => count())
    const link = await open(app)
    for (const path of ['/direct', '/inferred', '/returned', '/returned-inferred', '/made', '/promised']) {
      const head = await link.request('HEAD', path)
      expect([path, head.status, await head.text(), runs]).toEqual([path, 200, '', 0])
      expect(head.headers['content-length']).toBeUndefined()
    }
    expect((await link.request('HEAD', '/direct')).headers['content-type']).toBe('text/plain; charset=utf-8')
  }),

  behaviour('HEAD still runs guards and validation', async ({ create, open }) => {
    const app = create()
    app.get('/', { streams: text, query: z.object({ a: z.string() }) }, async function* () {
      yield 'x'
    })
    expect((await (await open(app)).request('HEAD', '/')).status).toBe(422)
  }),

  behaviour('a web stream or Node stream that HEAD does not send is stopped', async ({ create, open }) => {
    let cancelled = false
    const app = create()
    app.get('/', () =>
      reply.stream(
        new ReadableStream<string>({
          cancel() {
            cancelled = true
          },
        }),
      ),
    )
    expect((await (await open(app)).request('HEAD', '/')).status).toBe(200)
    await until(() => cancelled, 'the stream is cancelled')
  }),

  behaviour('OPTIONS is answered for every path, unless a route wants to', async ({ create, open }) => {
    const app = create()
    app.get('/a', () => 'x')
    app.post('/a', () => 'x')
    app.options('/own', () => reply.text('mine'))
    const link = await open(app)
    const got = await link.request('OPTIONS', '/a')
    expect([got.status, got.headers['allow']]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
    expect(await (await link.request('OPTIONS', '/own')).text()).toBe('mine')
    await expectProblem(await link.request('OPTIONS', '/nowhere'), 404)
  }),

  behaviour('an unknown path is 404, a wrong method 405 with Allow', async ({ create, open }) => {
    const app = create()
    app.get('/a', () => 'x')
    app.put('/a', () => 'x')
    app.get('/items/new', () => 'new')
    app.delete('/items/:id', ({ params }) => `deleted ${params.id}`)
    const link = await open(app)
    await expectProblem(await link.request('GET', '/nope'), 404, 'NOT_FOUND')
    await expectProblem(await link.request('GET', '/a/b'), 404)
    const got = await link.request('POST', '/a')
    await expectProblem(got, 405, 'METHOD_NOT_ALLOWED')
    expect(got.headers['allow']).toBe('GET, HEAD, PUT, OPTIONS')
    // The most specific pattern lacks the method, a wider one has it.
    expect(await (await link.request('DELETE', '/items/new')).text()).toBe('deleted new')
    const both = await link.request('POST', '/items/new')
    await expectProblem(both, 405)
    expect(String(both.headers['allow']).split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS'])
  }),

  behaviour('literals win over parameters, parameters over wildcards', async ({ create, open }) => {
    const app = create()
    app.get('/:id', ({ params }) => `param ${params.id}`)
    app.get('/me', () => 'literal')
    app.get('/*rest', ({ params }) => `rest ${params.rest}`)
    app.get('/f/*', ({ params }) => `star ${params['*']}`)
    const link = await open(app)
    const body = async (path: string) => (await link.request('GET', path)).text()
    expect(await body('/me')).toBe('literal')
    expect(await body('/you')).toBe('param you')
    expect(await body('/a/b/c')).toBe('rest a/b/c')
    expect(await body('/f/x/y')).toBe('star x/y')
  }),

  behaviour('one shape may have other parameter names for other methods', async ({ create, open }) => {
    const app = create()
    app.get('/items/:id', ({ params }) => params)
    app.put('/items/:key', ({ params }) => params)
    const link = await open(app)
    expect(await (await link.request('GET', '/items/1')).json()).toEqual({ id: '1' })
    expect(await (await link.request('PUT', '/items/1')).json()).toEqual({ key: '1' })
    expect((await link.request('POST', '/items/1')).headers['allow']).toBe('GET, HEAD, PUT, OPTIONS')
  }),

  behaviour('parameters are decoded exactly once', async ({ create, open }) => {
    const app = create()
    app.get('/p/:a', ({ params, path }) => [params.a, path])
    app.get('/w/*rest', ({ params }) => params.rest)
    const link = await open(app)
    const param = async (path: string) => (await link.request('GET', path)).json()
    expect(await param('/p/a%20b')).toEqual(['a b', '/p/a%20b'])
    expect(await param('/p/%2541')).toEqual(['%41', '/p/%2541'])
    expect(await param('/p/%61%62')).toEqual(['ab', '/p/ab'])
    expect(await param('/p/%E2%82%AC')).toEqual(['€', '/p/%E2%82%AC'])
    expect(await param('/p/a+b')).toEqual(['a+b', '/p/a+b'])
    expect(await param('/p/a%2Fb')).toEqual(['a/b', '/p/a%2Fb'])
    expect(await (await link.request('GET', '/w/a%20b/c')).text()).toBe('a b/c')
  }),

  behaviour('routers add prefix, tags, dependencies and middleware, nested too', async ({ create, open }) => {
    const inner = new Router({ prefix: '/inner', tags: ['b'], middleware: [stamp('inner')] })
    inner.get('/:id', { tags: ['c'], middleware: [stamp('route')] }, ({ params }) => params.id)
    const outer = new Router({ prefix: '/outer', tags: ['a'], middleware: [stamp('outer')] })
    outer.include(inner)
    outer.get('/', () => 'root')
    const app = create({ middleware: [stamp('app')] })
    app.include(outer)
    const link = await open(app)
    const got = await link.request('GET', '/outer/inner/7')
    expect([await got.text(), got.headers['x-stamps']]).toEqual(['7', 'route,inner,outer,app'])
    expect(await (await link.request('GET', '/outer/')).text()).toBe('root')
    expect(app.routes.map(({ path, options }) => [path, options.tags])).toEqual([
      ['/outer/inner/:id', ['a', 'b', 'c']],
      ['/outer/', ['a']],
    ])
  }),

  behaviour("the app's middleware sees what nothing matches, and may answer it", async ({ create, open }) => {
    const seen: unknown[] = []
    const app = create({
      middleware: [
        async (c, next) => {
          try {
            return await next()
          } catch (error) {
            seen.push([c.path, c.route, (error as HttpError).status])
            return reply.text('caught', { status: 404 })
          }
        },
      ],
    })
    app.get('/a', () => 'x')
    const got = await (await open(app)).request('GET', '/zzz')
    expect([got.status, await got.text(), seen]).toEqual([404, 'caught', [['/zzz', undefined, 404]]])
  }),

  behaviour(
    'a mount gets the path without the prefix, the query, the headers and the body',
    async (scene) => {
      const app = scene.create()
      app.mount('/m', async (request) => {
        const url = new URL(request.url)
        const body = request.body === null ? null : await request.text()
        return Response.json([request.method, url.pathname, url.search, request.headers.get('x-a'), body])
      })
      const link = await scene.open(app)
      const get = await link.request('GET', '/m/a/b%20c?q=1', { headers: { 'X-A': '1' } })
      expect(await get.json()).toEqual(['GET', '/a/b%20c', '?q=1', '1', null])
      expect(await (await link.request('GET', '/m')).json()).toEqual(['GET', '/', '', null, null])
      const post = await link.request('POST', '/m/x', { body: 'hello' })
      expect(await post.json()).toEqual(['POST', '/x', '', null, 'hello'])
      await expectProblem(await link.request('GET', '/mm'), 404)
    },
  ),

  behaviour('a mount may have parameters and non-ASCII letters in its path', async ({ create, open }) => {
    const app = create()
    const echo = (request: Request) => new Response(new URL(request.url).pathname)
    app.mount('/café', echo)
    app.mount('/tenants/:tenant', echo)
    const link = await open(app)
    expect(await (await link.request('GET', '/caf%C3%A9/x')).text()).toBe('/x')
    expect(await (await link.request('GET', '/tenants/a-long-name/x/y')).text()).toBe('/x/y')
    expect(await (await link.request('GET', '/tenants/t')).text()).toBe('/')
  }),

  behaviour('another app can be mounted, and its streams stay live', async ({ create, open }) => {
    const inner = new App()
    let go = () => {}
    inner.get('/s', { streams: text }, async function* () {
      yield 'one'
      await new Promise<void>((resolve) => {
        go = resolve
      })
      yield 'two'
    })
    inner.get('/fails', { streams: text }, async function* () {
      yield 'one'
      throw new Error('no')
    })
    const app = create()
    app.mount('/inner', inner)
    const got = await (await open(app)).request('GET', '/inner/s')
    expect(await got.next()).toBe('one')
    go()
    expect(await got.text()).toBe('two')
  }),

  behaviour('a mounted handler that fails is a 500', async ({ create, open }) => {
    const app = create()
    app.mount('/throws', () => {
      throw new Error('no')
    })
    app.mount('/wrong', () => Response.error())
    const link = await open(app)
    await expectProblem(await link.request('GET', '/throws'), 500)
    await expectProblem(await link.request('GET', '/wrong'), 500)
  }),
]
