/** What one request does to a reply must not reach another one, and a reply's length is what it says. */
import { createConnection } from 'node:net'
import { type } from 'arktype'
import { App, dependency, HttpError, reply } from 'millrace'
import { connect } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** Everything one raw request on its own connection gets, until the connection is quiet or closed. */
async function raw(app: App, request: string, quietMs = 300): Promise<string> {
  const { port, close } = await app.listen({ port: 0, signals: false })
  const socket = createConnection(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  await new Promise<void>((resolve) => {
    let timer = setTimeout(resolve, 2000)
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      clearTimeout(timer)
      timer = setTimeout(resolve, quietMs)
    })
    socket.once('close', () => resolve())
    socket.write(request)
  })
  socket.destroy()
  await close({ grace: 0 })
  return text
}

describe('a reply that is kept and returned again', () => {
  test('carries no cookie from one client to the next', async () => {
    const app = new App()
    const constant = reply.json({ ok: true })
    let first = true
    app.get('/', ({ head }) => {
      if (first) head.cookie('sid', 'alice')
      first = false
      return constant
    })
    await using connection = connect(app)
    expect((await connection.request('GET', '/')).headers['set-cookie']).toBeDefined()
    expect((await connection.request('GET', '/')).headers['set-cookie']).toBeUndefined()
  })

  test('keeps its body after a HEAD', async () => {
    const app = new App()
    const constant = reply.text('whole')
    app.get('/', () => constant)
    await using connection = connect(app)
    expect(await (await connection.request('HEAD', '/')).text()).toBe('')
    expect(await (await connection.request('GET', '/')).text()).toBe('whole')
  })

  test('also when a middleware returns it', async () => {
    const denied = reply.json({ denied: true }, { status: 403 })
    const app = new App({
      middleware: [
        ({ head, path }, next) => {
          if (path !== '/closed') return next()
          head.set('x-once', 'yes')
          return denied
        },
      ],
    })
    await using connection = connect(app)
    await connection.request('GET', '/closed')
    expect(denied.headers['x-once']).toBeUndefined()
  })
})

describe('a length that was announced by hand', () => {
  for (const [what, text] of [
    ['more', 'hello world'],
    ['less', 'hi'],
  ] as const) {
    test(`is kept: a stream that has ${what} is cut`, async () => {
      const app = new App({ log: quiet })
      app.get('/', () =>
        reply.stream(
          (async function* () {
            yield text
          })(),
          { headers: { 'content-length': '5' } },
        ),
      )
      app.get('/next', () => 'NEXT')
      const got = await raw(
        app,
        'GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /next HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      )
      expect(got).not.toContain('NEXT')
    })
  }

  test('is dropped from a reply that has no body', async () => {
    const app = new App()
    app.get('/', () => new Response(null, { headers: { 'content-length': '5' } }))
    expect(await raw(app, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(
      /content-length: 0/i,
    )
  })
})

describe('names', () => {
  for (const name of ['engine', 'lifetime', 'cancellation', 'timeouts', 'exchange', 'context', 'matched']) {
    test(`a dependency may be called ${name}`, async () => {
      const app = new App({ log: quiet })
      const value = dependency(() => 'mine')
      app.get(
        '/',
        { use: { [name]: value } },
        (context) => (context as unknown as Record<string, string>)[name],
      )
      await using connection = connect(app)
      const got = await connection.request('GET', '/')
      expect([got.status, await got.text()]).toEqual([200, 'mine'])
    })
  }
})

describe('what is sent, and what is refused', () => {
  test('arktype keeps undeclared keys; a reply does not', async () => {
    const app = new App()
    app.get('/', { returns: type({ id: 'number' }) }, () => ({ id: 1, password: 'secret' }))
    await using connection = connect(app)
    expect(await (await connection.request('GET', '/')).json()).toEqual({ id: 1 })
  })

  test('a returned error is a thrown one', async () => {
    const app = new App({ log: quiet })
    app.get('/http', () => new HttpError(403))
    app.get('/plain', () => new Error('secret'))
    await using connection = connect(app)
    expect((await connection.request('GET', '/http')).status).toBe(403)
    expect((await connection.request('GET', '/plain')).status).toBe(500)
  })

  test('a malformed query is a 400 though nobody reads it', async () => {
    const app = new App()
    app.get('/', () => 'ok')
    await using connection = connect(app)
    expect((await connection.request('GET', '/?x=%zz')).status).toBe(400)
  })

  test('an oversized body is a 413 for GET too', async () => {
    const app = new App()
    app.get('/', () => 'ok')
    const got = await raw(app, 'GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n')
    expect(got).toMatch(/^HTTP\/1.1 413 /)
  })

  test('a form from another origin is refused, one from the same is not', async () => {
    const app = new App()
    app.post('/', { body: type({ name: 'string' }) }, ({ body }) => body)
    await using connection = connect(app)
    const post = (origin: string) =>
      connection.request('POST', '/', {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin, host: 'here' },
        body: 'name=x',
      })
    expect((await post('http://evil.example')).status).toBe(403)
    expect((await post('http://here')).status).toBe(200)
  })
})

test('a Response that nobody reads is given up by the stall timeout', async () => {
  const app = new App({ timeouts: { stall: 100 } })
  let outcome: string | undefined
  let unwound = false
  app.get('/', async function* ({ after }) {
    after((ending) => (outcome = ending.outcome))
    try {
      for (;;) yield 'x'
    } finally {
      unwound = true
    }
  })
  await app.fetch(new Request('http://x/'))
  for (let i = 0; i < 100 && outcome === undefined; i++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  expect([outcome, unwound]).toEqual(['timeout', true])
})

test('a port that is taken leaves nothing open', async () => {
  const first = await new App().listen({ port: 0, signals: false })
  let closed = false
  const app = new App({
    lifespan: async function* () {
      yield
      closed = true
    },
  })
  await expect(app.listen({ port: first.port, signals: false })).rejects.toThrow(/EADDRINUSE/)
  expect(closed).toBe(true)
  await first.close()
})
