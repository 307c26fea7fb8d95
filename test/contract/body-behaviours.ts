/** Request bodies: how they are declared, read and limited. */
import { type App, bytes, HttpError, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectProblem, wait, within } from './transport.ts'

const encoder = new TextEncoder()

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of texts) {
    await wait(1)
    yield encoder.encode(piece)
  }
}

/** A body of `count` pieces of 1 KiB, without a length. */
async function* kilobytes(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    await wait(0)
    yield new Uint8Array(1024).fill(120)
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const LIMIT = 8 * 1024

/** Handlers that treat an oversized body in every careless way. */
function carelessApp(app: App): App {
  app.post('/never', { bodyLimit: LIMIT }, () => 'ok')
  app.post('/async', { bodyLimit: LIMIT }, async () => {
    await wait(5)
    return { ok: true }
  })
  app.post('/one', { bodyLimit: LIMIT }, async ({ body }) => {
    for await (const chunk of body) return `got ${chunk.byteLength > 0}`
    return 'nothing'
  })
  app.post('/swallow', { bodyLimit: LIMIT }, async ({ body }) => {
    try {
      await body.bytes()
    } catch {
      // careless
    }
    return 'ok'
  })
  app.post('/json', { bodyLimit: LIMIT, body: z.object({}) }, () => 'ok')
  app.post('/text', { bodyLimit: LIMIT, body: text }, () => 'ok')
  app.post('/bytes', { bodyLimit: LIMIT, body: bytes() }, async ({ body }) =>
    String((await body.bytes()).length),
  )
  app.post('/stream', { bodyLimit: LIMIT, streams: text }, async function* () {
    yield 'ok'
  })
  return app
}

const CARELESS = ['/never', '/async', '/one', '/swallow', '/bytes', '/stream']

export const bodyBehaviours: Behaviour[] = [
  behaviour('text, bytes and the raw reader give the body as declared', async ({ create, open }) => {
    const app = create()
    app.post('/text', { body: text }, ({ body }) => ({ text: body }))
    app.post('/bytes', { body: bytes('image/png') }, async ({ body }) => ({
      size: (await body.bytes()).length,
    }))
    app.post('/raw', async ({ body }) => {
      const sizes: number[] = []
      for await (const chunk of body) sizes.push(chunk.byteLength)
      return { total: sizes.reduce((a, b) => a + b, 0), type: body.mediaType, length: body.length ?? null }
    })
    const link = await open(app)
    const asText = await link.request('POST', '/text', {
      headers: { 'content-type': 'text/plain; charset=UTF-8' },
      body: 'größe',
    })
    expect(await asText.json()).toEqual({ text: 'größe' })
    const png = { headers: { 'content-type': 'image/png' }, body: new Uint8Array(300) }
    expect(await (await link.request('POST', '/bytes', png)).json()).toEqual({ size: 300 })
    const raw = { headers: { 'content-type': 'text/x; a=b' }, body: 'hello' }
    expect(await (await link.request('POST', '/raw', raw)).json()).toEqual({
      total: 5,
      type: 'text/x',
      length: 5,
    })
    const streamed = await link.request('POST', '/raw', { body: pieces('abc', 'defg') })
    expect(await streamed.json()).toMatchObject({ total: 7, length: null })
  }),

  behaviour('a chunked JSON body is collected', async ({ create, open }) => {
    const app = create()
    app.post('/', { body: z.object({ a: z.array(z.number()) }) }, ({ body }) => body.a)
    const link = await open(app)
    const got = await link.request('POST', '/', { headers: JSON_TYPE, body: pieces('{"a"', ':[1,', '2]}') })
    expect(await got.json()).toEqual([1, 2])
  }),

  behaviour('a generator may echo the body while it arrives', async ({ create, open }) => {
    const app = create()
    app.post('/', { streams: bytes() }, async function* ({ body }) {
      for await (const chunk of body) yield chunk
    })
    const link = await open(app)
    const got = await link.request('POST', '/', { body: pieces('one ', 'two ', 'three') })
    expect(await got.text()).toBe('one two three')
  }),

  behaviour('bytes() and text() may be called again, the iterable only once', async ({ create, open }) => {
    const app = create()
    app.post('/again', async ({ body }) => [
      await body.text(),
      await body.text(),
      (await body.bytes()).length,
    ])
    app.post('/twice', async ({ body }) => {
      await body.bytes()
      for await (const _ of body);
      return 'never'
    })
    const link = await open(app)
    expect(await (await link.request('POST', '/again', { body: 'abc' })).json()).toEqual(['abc', 'abc', 3])
    await expectProblem(await link.request('POST', '/twice', { body: 'abc' }), 500)
  }),

  behaviour('QUERY and every other method may have a body', async ({ create, open }) => {
    const app = create()
    const body = z.object({ q: z.string() })
    app.query('/find', { body }, (c) => c.body)
    app.put('/find', { body }, (c) => c.body)
    app.patch('/find', { body }, (c) => c.body)
    app.delete('/find', { body }, (c) => c.body)
    app.route('PURGE', '/find', { body }, (c) => c.body)
    const link = await open(app)
    for (const method of ['QUERY', 'PUT', 'PATCH', 'DELETE', 'PURGE']) {
      const got = await link.request(method, '/find', { headers: JSON_TYPE, body: '{"q":"x"}' })
      expect([method, got.status, await got.text()]).toEqual([method, 200, '{"q":"x"}'])
    }
  }),

  behaviour('malformed JSON, forms and text are a 400', async ({ create, open }) => {
    const app = create()
    app.post('/', { body: z.any() }, () => 'never')
    app.post('/json', { body: z.json() }, () => 'never')
    app.post('/text', { body: text }, () => 'never')
    const link = await open(app)
    const json = async (body: string | Uint8Array) =>
      expectProblem(await link.request('POST', '/', { headers: JSON_TYPE, body }), 400, 'MALFORMED_BODY')
    for (const bad of ['{', '{"a":}', "{'a':1}", 'nul', '[1,]', '{} {}', '\u0000']) await json(bad)
    await json(new Uint8Array([0x22, 0xff, 0xfe, 0x22]))
    await expectProblem(await link.request('POST', '/json', { headers: JSON_TYPE }), 400, 'MALFORMED_BODY')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const bad of ['a=%', 'a=%zz', '%ff=1'])
      await expectProblem(await link.request('POST', '/', { headers: form, body: bad }), 400)
    const many = new Array(5000).fill('a=1').join('&')
    await expectProblem(await link.request('POST', '/', { headers: form, body: many }), 400)
    const latin = { headers: { 'content-type': 'text/plain' }, body: new Uint8Array([0xe4]) }
    await expectProblem(await link.request('POST', '/text', latin), 400, 'MALFORMED_BODY')
  }),

  behaviour(
    'no content is undefined to a schema that takes it, however it is sent',
    async ({ create, open }) => {
      const app = create()
      const Note = z.object({ note: z.string() })
      app.post('/optional', { body: Note.optional(), returns: z.any() }, ({ body }) => ({
        note: body?.note ?? null,
      }))
      app.post('/default', { body: Note.default({ note: 'none' }) }, ({ body }) => body)
      app.post('/required', { body: Note }, () => 'never')
      const link = await open(app)
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const nothing = [
        {},
        { body: '' },
        { body: pieces() },
        { headers: JSON_TYPE },
        { headers: form, body: '' },
      ]
      for (const request of [...nothing, { headers: JSON_TYPE, body: pieces() }]) {
        const got = await link.request('POST', '/optional', request)
        expect([got.status, await got.text()]).toEqual([200, '{"note":null}'])
        expect(await (await link.request('POST', '/default', request)).json()).toEqual({ note: 'none' })
      }
      const sent = { headers: JSON_TYPE, body: '{"note":"a"}' }
      for (const path of ['/optional', '/default'])
        expect(await (await link.request('POST', path, sent)).json()).toEqual({ note: 'a' })
      // What has content still says what it is, and a body that is needed is asked for.
      await expectProblem(await link.request('POST', '/optional', { body: encoder.encode('{}') }), 415)
      await expectProblem(await link.request('POST', '/optional', { body: pieces('{"note":', '"a"}') }), 415)
      await expectProblem(await link.request('POST', '/optional', { headers: JSON_TYPE, body: '{' }), 400)
      await expectProblem(await link.request('POST', '/required'), 415)
    },
  ),

  behaviour('a missing or wrong media type is a 415', async ({ create, open }) => {
    const app = create()
    app.post('/json', { body: z.any() }, () => 'ok')
    app.post('/text', { body: text }, () => 'ok')
    app.post('/png', { body: bytes('image/png') }, () => 'ok')
    const link = await open(app)
    const status = async (path: string, contentType: string | undefined) => {
      const headers = contentType === undefined ? {} : { 'content-type': contentType }
      return (await link.request('POST', path, { headers, body: encoder.encode('{}') })).status
    }
    expect(await status('/json', undefined)).toBe(415)
    expect(await status('/json', 'text/plain')).toBe(415)
    expect(await status('/json', 'application/jsonp')).toBe(415)
    expect(await status('/json', 'multipart/form-data; boundary=x')).toBe(415)
    expect(await status('/json', 'application/json; charset=latin1')).toBe(415)
    expect(await status('/json', 'Application/JSON ; charset=utf-8')).toBe(200)
    expect(await status('/json', 'application/ld+json')).toBe(200)
    expect(await status('/text', 'application/json')).toBe(415)
    expect(await status('/png', 'image/jpeg')).toBe(415)
  }),

  behaviour(
    'a form that a page of another origin sends is refused, JSON is not',
    async ({ create, open }) => {
      const app = create()
      app.get('/host', ({ headers }) => headers['host'] ?? '')
      app.post('/', { body: z.object({ a: z.coerce.string() }) }, ({ body }) => body.a)
      const link = await open(app)
      const host = await (await link.request('GET', '/host')).text()
      const send = async (type: string, body: string, origin?: string) => {
        const headers = { 'content-type': type, ...(origin === undefined ? undefined : { origin }) }
        return (await link.request('POST', '/', { headers, body })).status
      }
      const form = 'application/x-www-form-urlencoded'
      expect(await send(form, 'a=1')).toBe(200)
      for (const own of [`http://${host}`, `https://${host}`, `HTTP://${host.toUpperCase()}`])
        expect([own, await send(form, 'a=1', own)]).toEqual([own, 200])
      for (const foreign of [
        'http://evil.example',
        `http://${host}.evil.example`,
        'null',
        `http://a.${host}`,
      ])
        expect([foreign, await send(form, 'a=1', foreign)]).toEqual([foreign, 403])
      expect(await send('application/json', '{"a":"1"}', 'http://evil.example')).toBe(200)
    },
  ),

  behaviour('a body over the limit by its length is a 413', async ({ create, open }) => {
    const app = carelessApp(create())
    const link = await open(app)
    for (const path of [...CARELESS, '/json', '/text']) {
      const headers = { 'content-type': path === '/text' ? 'text/plain' : 'application/json' }
      const got = await link.request('POST', path, { headers, body: new Uint8Array(LIMIT + 1) })
      expect([path, got.status]).toEqual([path, 413])
      await expectProblem(got, 413, 'BODY_TOO_LARGE')
    }
  }),

  behaviour('a chunked body over the limit is a 413, whatever the handler does', async ({ create, open }) => {
    const app = carelessApp(create())
    const link = await open(app)
    for (const path of CARELESS) {
      const got = await within(link.request('POST', path, { body: kilobytes(40) }), `a reply from ${path}`)
      expect([path, got.status]).toEqual([path, 413])
    }
    const json = await link.request('POST', '/json', { headers: JSON_TYPE, body: kilobytes(40) })
    await expectProblem(json, 413, 'BODY_TOO_LARGE')
  }),

  behaviour(
    'a chunked body within the limit is welcome, whatever the handler does',
    async ({ create, open }) => {
      const app = carelessApp(create())
      const link = await open(app)
      for (const path of CARELESS) {
        const got = await within(link.request('POST', path, { body: kilobytes(8) }), `a reply from ${path}`)
        expect([path, got.status]).toEqual([path, 200])
        // What is whole waits for its reader, when the app is closed, as long as the grace is.
        await got.text()
      }
    },
  ),

  behaviour('a stream may answer before it reads what is still being sent', async ({ create, open }) => {
    const app = create()
    const echo = async function* (body: AsyncIterable<Uint8Array>) {
      yield 'begin '
      await wait(20)
      for await (const bytes of body) yield `${Buffer.from(bytes).toString()} `
    }
    app.post('/declared', { body: bytes(), streams: text }, ({ body }) => echo(body))
    app.post('/raw', { streams: text }, async function* ({ body }) {
      yield* echo(body)
    })
    const link = await open(app)
    for (const path of ['/declared', '/raw']) {
      const headers = { 'content-type': 'application/octet-stream' }
      const whole = await link.request('POST', path, { headers, body: Buffer.from('whole') })
      expect(await within(whole.text(), path)).toBe('begin whole ')
      let released = () => {}
      const held = new Promise<void>((resolve) => (released = resolve))
      async function* pieces() {
        yield Buffer.from('one')
        // The rest is sent when the first item has come.
        await held
        yield Buffer.from('two')
      }
      const got = await within(link.request('POST', path, { headers, body: pieces() }), `the head of ${path}`)
      expect(await within(got.next(), `the first item of ${path}`)).toBe('begin ')
      released()
      const text = await within(got.text(), `the rest of ${path}`)
      expect([path, text.replaceAll(' ', '')]).toEqual([path, 'onetwo'])
    }
  }),

  behaviour("the app's limit holds where a route has none", async ({ create, open }) => {
    const app = create({ bodyLimit: 10 })
    app.post('/', async ({ body }) => body.text())
    app.post('/more', { bodyLimit: 20 }, async ({ body }) => body.text())
    const link = await open(app)
    expect((await link.request('POST', '/', { body: '0123456789' })).status).toBe(200)
    expect((await link.request('POST', '/', { body: '01234567890' })).status).toBe(413)
    expect((await link.request('POST', '/more', { body: '01234567890' })).status).toBe(200)
  }),

  behaviour('a guard refuses before the body is read', async ({ create, open }) => {
    let asked = 0
    async function* body() {
      for (let i = 0; i < 200; i++) {
        asked = i
        yield new Uint8Array(1024)
        await wait(0)
      }
    }
    const app = create({
      middleware: [
        (c, next) => {
          if (c.headers['authorization'] === undefined) throw new HttpError(401)
          return next()
        },
      ],
    })
    app.post('/', { body: z.any() }, () => 'never')
    const got = await (await open(app)).request('POST', '/', { headers: JSON_TYPE, body: body() })
    expect(got.status).toBe(401)
    expect(asked).toBeLessThan(199)
  }),
]
