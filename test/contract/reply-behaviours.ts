/** What handlers return becomes what clients receive. */
import { HttpError, jsonl, type Middleware, reply, sse } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem } from './transport.ts'

const Item = z.object({ id: z.number(), name: z.string() })

export const replyBehaviours: Behaviour[] = [
  behaviour('Vary is added to, also on errors', async ({ create, open }) => {
    const app = create({
      middleware: [
        ({ head }, next) => {
          head.set('vary', 'Origin, Accept')
          return next()
        },
      ],
    })
    app.get('/', { streams: [jsonl(), sse()] }, function* () {
      yield 1
    })
    app.get('/error', () => {
      throw new HttpError(403)
    })
    const link = await open(app)
    for (const [path, vary] of [
      ['/', 'Accept, Origin'],
      ['/error', 'Origin, Accept'],
      ['/missing', 'Origin, Accept'],
    ] as const) {
      const got = await link.request('GET', path)
      expect([path, got.headers['vary']]).toEqual([path, vary])
      await got.text()
    }
  }),

  behaviour('an object is JSON, with its length', async ({ create, open }) => {
    const app = create()
    app.get('/', () => ({ a: 1, b: ['ü'] }))
    const got = await (await open(app)).request('GET', '/')
    expect(got.status).toBe(200)
    expect(got.headers['content-type']).toBe('application/json')
    expect(got.headers['content-length']).toBe('18')
    expect(await got.json()).toEqual({ a: 1, b: ['ü'] })
  }),

  behaviour('null, numbers, booleans and lists are JSON', async ({ create, open }) => {
    const app = create()
    const values = [null, 0, 1.5, true, false, [], [{ a: [1] }]]
    app.get('/:i', ({ params }) => values[Number(params.i)])
    const link = await open(app)
    for (const [i, value] of values.entries()) {
      const got = await link.request('GET', `/${i}`)
      expect(got.headers['content-type']).toBe('application/json')
      expect(await got.json()).toEqual(value)
    }
  }),

  behaviour('a string is text, with its length in bytes', async ({ create, open }) => {
    const app = create()
    app.get('/', () => 'größer\n')
    app.get('/empty', () => '')
    const link = await open(app)
    const got = await link.request('GET', '/')
    expect(got.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(got.headers['content-length']).toBe('9')
    expect(await got.text()).toBe('größer\n')
    const empty = await link.request('GET', '/empty')
    expect([empty.status, empty.headers['content-length'], await empty.text()]).toEqual([200, '0', ''])
  }),

  behaviour('bytes of every kind go by their own length', async ({ create, open }) => {
    const app = create()
    const whole = new TextEncoder().encode('xxhelloxx')
    const kinds: Record<string, unknown> = {
      view: whole.subarray(2, 7),
      buffer: Buffer.from('hello'),
      'array-buffer': whole.slice(2, 7).buffer,
      'data-view': new DataView(whole.buffer, 2, 5),
    }
    app.get('/:kind', ({ params }) => kinds[params.kind])
    const link = await open(app)
    for (const kind of Object.keys(kinds)) {
      const got = await link.request('GET', `/${kind}`)
      expect(got.headers['content-type'], kind).toBe('application/octet-stream')
      expect(got.headers['content-length'], kind).toBe('5')
      expect(await got.text(), kind).toBe('hello')
    }
  }),

  behaviour('nothing is 204 without a length', async ({ create, open }) => {
    const app = create()
    app.get('/', () => {})
    app.get('/async', async () => {})
    app.get('/made', () => reply.empty())
    const link = await open(app)
    for (const path of ['/', '/async', '/made']) {
      const got = await link.request('GET', path)
      expect([got.status, got.headers['content-length'], await got.text()]).toEqual([204, undefined, ''])
    }
  }),

  behaviour('204, 205 and 304 carry no body, whatever was given', async ({ create, open }) => {
    const app = create()
    app.get('/:status', ({ params }) => reply.text('not for you', { status: Number(params.status) }))
    const link = await open(app)
    for (const status of [204, 205, 304]) {
      const got = await link.request('GET', `/${status}`)
      expect([got.status, await got.text()]).toEqual([status, ''])
      expect(got.headers['content-length'] ?? '0', String(status)).toBe('0')
    }
  }),

  behaviour('the status option is the status of a success', async ({ create, open }) => {
    const app = create()
    app.post('/json', { status: 201 }, () => ({ ok: true }))
    app.post('/returns', { status: 202, returns: Item }, () => ({ id: 1, name: 'a' }))
    const link = await open(app)
    expect((await link.request('POST', '/json')).status).toBe(201)
    expect((await link.request('POST', '/returns')).status).toBe(202)
  }),

  behaviour('reply.* sets status, media type and headers', async ({ create, open }) => {
    const app = create()
    const headers = { 'X-Case': 'kept', 'set-cookie': ['a=1', 'b=2'] }
    app.get('/json', () => reply.json({ a: 1 }, { status: 202, headers }))
    app.get('/html', () => reply.html('<p>ü</p>'))
    app.get('/text', () => reply.text('t', { status: 418 }))
    app.get('/bytes', () => reply.bytes(new Uint8Array([104, 105]), { mediaType: 'image/x' }))
    app.get('/type', () => reply.text('a,b', { headers: { 'Content-Type': 'text/csv' } }))
    const link = await open(app)
    const json = await link.request('GET', '/json')
    expect([json.status, json.headers['x-case'], json.headers['set-cookie']]).toEqual([
      202,
      'kept',
      ['a=1', 'b=2'],
    ])
    const html = await link.request('GET', '/html')
    expect([html.headers['content-type'], await html.text()]).toEqual([
      'text/html; charset=utf-8',
      '<p>ü</p>',
    ])
    expect((await link.request('GET', '/text')).status).toBe(418)
    const bytes = await link.request('GET', '/bytes')
    expect([bytes.headers['content-type'], await bytes.text()]).toEqual(['image/x', 'hi'])
    expect((await link.request('GET', '/type')).headers['content-type']).toBe('text/csv')
  }),

  behaviour('how a reply is framed is not for its headers to say', async ({ create, open }) => {
    const app = create()
    // What is copied from the reply of another server is of another connection.
    const headers = {
      'Transfer-Encoding': 'chunked',
      trailer: 'x-sum',
      connection: 'keep-alive',
      'keep-alive': 'timeout=5',
      'proxy-connection': 'keep-alive',
      upgrade: 'h2c',
      te: 'gzip',
      'http2-settings': 'AAMAAABk',
      'x-kept': 'yes',
    }
    const streamed = async function* () {
      yield 'hello'
      await Promise.resolve()
    }
    app.get('/text', () => reply.text('hello', { headers }))
    // Announced without any: Node would refuse the reply.
    app.get('/trailer', () => reply.text('hello', { headers: { trailer: 'x-sum', 'x-kept': 'yes' } }))
    app.get('/bytes', () => reply.bytes(new TextEncoder().encode('hello'), { headers }))
    app.get('/stream', () => reply.stream(streamed(), { headers }))
    app.get('/known', () => reply.stream(streamed(), { headers: { ...headers, 'content-length': '5' } }))
    app.get('/head', ({ head }) => {
      for (const [name, value] of Object.entries(headers)) head.set(name, value)
      return 'hello'
    })
    const middleware: Middleware = async (_, next) => Object.assign(await next(), { headers: lower })
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    app.get('/middleware', { middleware: [middleware] }, () => 'hello')
    app.get('/error', () => {
      throw new HttpError(418, { headers })
    })
    const link = await open(app)
    for (const path of ['/text', '/trailer', '/bytes', '/stream', '/known', '/head', '/middleware', '/error'])
      for (const method of ['GET', 'HEAD']) {
        const got = await link.request(method, path)
        const { 'transfer-encoding': coding, 'content-length': length } = got.headers
        // Ours, if any: that of a stream.
        expect(coding, path).toBe(path === '/stream' && coding !== undefined ? 'chunked' : undefined)
        expect(length === undefined || coding === undefined, path).toBe(true)
        expect(got.headers['x-kept'], path).toBe('yes')
        expect(got.headers['trailer'], path).toBe(undefined)
        const text = await got.text()
        if (path !== '/error') expect(text, `${method} ${path}`).toBe(method === 'HEAD' ? '' : 'hello')
        if (path !== '/stream' && path !== '/error') expect(length, path).toBe('5')
      }
  }),

  behaviour('a redirect names its place and has no body', async ({ create, open }) => {
    const app = create()
    app.get('/from', () => reply.redirect('/to'))
    app.get('/forever', () => reply.redirect('https://example.com/?a=b', 308))
    const link = await open(app)
    const got = await link.request('GET', '/from')
    expect([got.status, got.headers['location'], await got.text()]).toEqual([303, '/to', ''])
    const forever = await link.request('GET', '/forever')
    expect([forever.status, forever.headers['location']]).toEqual([308, 'https://example.com/?a=b'])
  }),

  behaviour('a web Response is taken as it is', async ({ create, open }) => {
    const app = create()
    app.get('/', () => {
      const response = new Response('body', { status: 203, headers: { 'x-a': '1' } })
      response.headers.append('set-cookie', 'a=1')
      response.headers.append('set-cookie', 'b=2')
      return response
    })
    app.get('/null', () => new Response(null, { status: 204 }))
    const link = await open(app)
    const got = await link.request('GET', '/')
    expect([got.status, got.headers['x-a'], got.headers['set-cookie'], await got.text()]).toEqual([
      203,
      '1',
      ['a=1', 'b=2'],
      'body',
    ])
    expect((await link.request('GET', '/null')).status).toBe(204)
  }),

  behaviour('a thenable that is no Promise is awaited like one', async ({ create, open }) => {
    const app = create()
    const query = (value: unknown) => ({
      // oxlint-disable-next-line unicorn/no-thenable -- query builders are thenables
      then: (resolve: (value: unknown) => unknown) => void resolve(value),
    })
    app.get('/plain', () => query({ id: 7 }))
    app.get('/returns', { returns: Item }, () => query({ id: 7, name: 'a' }) as never)
    const link = await open(app)
    expect(await (await link.request('GET', '/plain')).json()).toEqual({ id: 7 })
    expect(await (await link.request('GET', '/returns')).json()).toEqual({ id: 7, name: 'a' })
  }),

  behaviour('returns validates and strips what the schema does not name', async ({ create, open }) => {
    const app = create()
    const row = () => ({ id: 1, name: 'a', password: 'secret' })
    app.get('/sync', { returns: Item }, row)
    app.get('/async', { returns: Item }, async () => row())
    app.get('/list', { returns: z.array(Item) }, () => [row(), row()])
    app.get('/refined', { returns: Item.refine(async () => true) }, row)
    const link = await open(app)
    const item = { id: 1, name: 'a' }
    expect(await (await link.request('GET', '/sync')).json()).toEqual(item)
    expect(await (await link.request('GET', '/async')).json()).toEqual(item)
    expect(await (await link.request('GET', '/list')).json()).toEqual([item, item])
    expect(await (await link.request('GET', '/refined')).json()).toEqual(item)
  }),

  behaviour(
    'a handler that breaks its own schema is a 500: the log has the route, the client nothing',
    async ({ create, open, log }) => {
      const app = create()
      app.get('/items/:id', { returns: Item }, () => ({ id: 'secret-value', name: 7 }) as never)
      const problem = await expectProblem(await (await open(app)).request('GET', '/items/1'), 500, 'INTERNAL')
      expect(Object.keys(problem).sort()).toEqual(['code', 'status', 'title', 'type'])
      const entry = log.find(({ level }) => level === 'error')
      expect(entry?.fields['route']).toBe('/items/:id')
      expect(String(entry?.fields['err'])).toContain('returns.id')
    },
  ),

  behaviour('what cannot be JSON is a 500, not a crash', async ({ create, open, log }) => {
    const app = create()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    app.get('/cycle', () => cycle)
    app.get('/bigint', () => ({ n: 1n }))
    app.get('/symbol', () => Symbol('s'))
    app.get('/function', () => () => {})
    app.get('/to-json', () => ({
      toJSON() {
        throw new Error('no')
      },
    }))
    const link = await open(app)
    for (const path of ['/cycle', '/bigint', '/symbol', '/function', '/to-json'])
      await expectProblem(await link.request('GET', path), 500, 'INTERNAL')
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(5)
  }),

  behaviour('status and headers set on head have the last word', async ({ create, open }) => {
    const app = create()
    app.get('/', ({ head }) => {
      head.status = 201
      head.set('X-A', 'head').append('x-b', '1').append('X-B', '2').cookie('s', 'a b')
      return reply.text('x', { headers: { 'x-a': 'reply' } })
    })
    const got = await (await open(app)).request('GET', '/')
    expect([got.status, got.headers['x-a'], got.headers['x-b']]).toEqual([201, 'head', '1, 2'])
    expect(got.headers['set-cookie']).toEqual(['s=a%20b; Path=/; HttpOnly; SameSite=Lax'])
  }),

  behaviour('headers set on head stay on an error, those of the body do not', async ({ create, open }) => {
    const app = create()
    app.get('/', ({ head }) => {
      head.set('x-request-id', '7').set('etag', '"a"').set('cache-control', 'max-age=9')
      head.status = 201
      throw new Error('no')
    })
    const got = await (await open(app)).request('GET', '/')
    await expectProblem(got, 500)
    expect(got.headers['x-request-id']).toBe('7')
    expect([got.headers['etag'], got.headers['cache-control']]).toEqual([undefined, undefined])
  }),

  behaviour('headers of a reply may be changed until the transport has it', async ({ create, open }) => {
    const app = create({
      middleware: [
        async (_, next) => {
          const made = await next()
          made.headers['x-after'] = 'yes'
          made.status = 299
          return made
        },
      ],
    })
    app.get('/', () => 'x')
    const got = await (await open(app)).request('GET', '/')
    expect([got.status, got.headers['x-after']]).toEqual([299, 'yes'])
  }),
]
