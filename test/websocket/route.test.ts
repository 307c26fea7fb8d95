/** A WebSocket route is a route: inputs, dependencies, middleware, guards and their statuses. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { App, dependency, HttpError, type Middleware, reply, Router } from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { WebSocket } from 'ws'
import { certificate } from '../contract/certificate.ts'
import { cleanUp, connect, openTcp, refused, serve, type Server, until, upgradeHead, wait } from './scene.ts'

describe('inputs', () => {
  const declare = (app: App) => {
    const options = {
      params: z.object({ room: z.coerce.number() }),
      query: z.object({ since: z.coerce.number().default(7) }),
      headers: z.object({ 'x-tenant': z.string().optional() }),
      cookies: z.object({ session: z.string().optional() }),
    }
    app.websocket('/rooms/:room', options, ({ params, query, headers, cookies, socket }) =>
      socket.send({ params, query, tenant: headers['x-tenant'], session: cookies.session }),
    )
  }

  test('params, query, headers and cookies are validated and handed over', async () => {
    const peer = await connect(await serve(declare), '/rooms/5?since=3', {
      headers: { 'x-tenant': 'acme', cookie: 'session=abc' },
    })
    expect(await peer.json()).toEqual({
      params: { room: 5 },
      query: { since: 3 },
      tenant: 'acme',
      session: 'abc',
    })
  })

  test('what does not pass is a 422 with every issue, before the upgrade', async () => {
    const { status, headers, text } = await refused(await serve(declare), '/rooms/x?since=y')
    expect([status, headers['content-type'], headers.connection]).toEqual([
      422,
      'application/problem+json',
      'close',
    ])
    const { errors } = JSON.parse(text) as { errors: { in: string; path: string[] }[] }
    expect(errors.map((issue) => [issue.in, ...issue.path].join('.'))).toEqual(['params.room', 'query.since'])
  })

  test('malformed targets are a 400', async () => {
    const server = await serve(declare)
    const peer = await openTcp(server)
    peer.write(upgradeHead('/rooms/%zz'))
    expect(String(await peer.read((bytes) => bytes.includes('\r\n\r\n')))).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('refusals', () => {
  test('there is no WebSocket: 404; there is, but none was asked for: 426; a WebSocket is no method', async () => {
    const server = await serve((app) => {
      app.get('/page', () => 'page')
      app.websocket('/ws', {}, () => {})
    })
    expect((await refused(server, '/nowhere')).status).toBe(404)
    expect((await refused(server, '/page')).status).toBe(404)
    const plain = await fetch(`http://127.0.0.1:${server.port}/ws`)
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket'])
    expect(await (await fetch(`http://127.0.0.1:${server.port}/page`)).text()).toBe('page')
  })

  test.each([401, 403, 404, 422, 500])(
    'a guard refuses with a real %i, and the handler never runs',
    async (status) => {
      let ran = false
      const guard = dependency(() => {
        throw new HttpError(status, { headers: { 'x-why': 'guard' } })
      })
      const server = await serve((app) => {
        app.websocket('/', { use: { guard } }, () => (ran = true))
      })
      const refusal = await refused(server, '/')
      expect(refusal).toMatchObject({ status, headers: { 'x-why': 'guard' } })
      expect(JSON.parse(refusal.text)).toMatchObject({ status })
      await wait(20)
      expect(ran).toBe(false)
    },
  )

  test('middleware refuses with any reply, also a long stream, and the connection ends with it', async () => {
    const size = 3 * 1024 * 1024
    const refuse: Middleware = () =>
      reply.stream(
        (async function* () {
          for (let sent = 0; sent < size; sent += 65_536) yield new Uint8Array(65_536)
        })(),
        { status: 402 },
      )
    const server = await serve((app) => app.websocket('/', { middleware: [refuse] }, () => {}))
    const { status, text } = await refused(server, '/')
    expect([status, text.length]).toEqual([402, size])
    // Nobody but the server ends this connection.
    const raw = await openTcp(server)
    raw.write(upgradeHead('/'))
    raw.socket.resume()
    await raw.gone
  })

  test('the error handler of the app decides what is said', async () => {
    const server = await serve((app) => {
      app.onError(() => reply.text('no', { status: 418 }))
      app.websocket('/', { query: z.object({ token: z.string() }) }, () => {})
    })
    expect(await refused(server, '/')).toMatchObject({ status: 418, text: 'no' })
  })

  const noted = (events: string[]) =>
    dependency(async function* () {
      events.push('open')
      try {
        yield 1
      } finally {
        events.push('closed')
      }
    })
  const answer = async (server: Server, head: string) => {
    const raw = await openTcp(server)
    raw.write(head)
    return String(await raw.read((bytes) => bytes.includes('\r\n\r\n')))
  }

  test.each([
    ['no key', upgradeHead('/').replace(/Sec-WebSocket-Key.*\r\n/, '')],
    ['a malformed key', upgradeHead('/').replace('A==', '==')],
    ['another version', upgradeHead('/').replace('Version: 13', 'Version: 8')],
    ['another method', upgradeHead('/').replace('GET', 'POST')],
  ])('a handshake with %s is none: 426, and no dependency is opened', async (_, head) => {
    const events: string[] = []
    const server = await serve((app) =>
      app.websocket('/', { use: { db: noted(events) } }, () => events.push('ran')),
    )
    expect(await answer(server, head)).toMatch(/^HTTP\/1\.1 426 [^]*\r\nsec-websocket-version: 13\r\n/)
    expect([events, server.errors()]).toEqual([[], []])
  })

  test('where only ws notices, the dependencies are released', async () => {
    const events: string[] = []
    const server = await serve((app) =>
      app.websocket('/', { use: { db: noted(events) } }, () => events.push('ran')),
    )
    expect(await answer(server, upgradeHead('/', 'Sec-WebSocket-Protocol: a,,b\r\n'))).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    await until(() => events.includes('closed'), 'the dependency is released')
    expect([events, server.errors()]).toEqual([['open', 'closed'], []])
  })
})

describe('origin', () => {
  const open = () =>
    serve((app) => {
      app.websocket('/own', {}, () => {})
      app.websocket('/listed', { origins: ['https://app.example', 'null'] }, () => {})
      app.websocket('/any', { origins: ['*'] }, () => {})
    })

  test.each([
    ['/own', 'http://evil.example', false],
    ['/own', 'null', false],
    ['/own', 'http://127.0.0.1:1', false],
    ['/own', 'http://127.0.0.1.evil.example', false],
    ['/own', '', false],
    ['/own', 'OWN', true],
    ['/own', undefined, true],
    ['/listed', 'https://app.example', true],
    ['/listed', 'null', true],
    ['/listed', 'http://app.example', false],
    ['/listed', 'OWN', false],
    ['/listed', undefined, true],
    ['/any', 'http://evil.example', true],
  ])('%s from %s: %s', async (path, origin, may) => {
    const server = await open()
    const headers = {
      cookie: 'session=1',
      ...(origin === undefined
        ? {}
        : { origin: origin === 'OWN' ? `http://127.0.0.1:${server.port}` : origin }),
    }
    if (may) await connect(server, path, { headers })
    else expect(await refused(server, path, { headers })).toMatchObject({ status: 403 })
  })

  test('a foreign page makes no dependency act in the name of its visitor', async () => {
    let acted = 0
    const session = dependency(() => ++acted)
    const server = await serve((app) => app.websocket('/', { use: { session } }, () => {}))
    await refused(server, '/', { headers: { origin: 'http://evil.example', cookie: 'session=1' } })
    expect(acted).toBe(0)
    await connect(server, '/')
    expect(acted).toBe(1)
  })
})

describe('subprotocols', () => {
  const open = () =>
    serve((app) => {
      app.websocket('/', { protocols: ['chat.v2', 'chat.v1'] }, ({ socket }) =>
        socket.send(socket.protocol ?? 'none'),
      )
      app.websocket('/none', {}, ({ socket }) => socket.send(socket.protocol ?? 'none'))
    })

  test('the route prefers', async () => {
    const peer = await connect(await open(), '/', { protocols: ['chat.v1', 'other', 'chat.v2'] })
    expect([peer.ws.protocol, await peer.next()]).toEqual(['chat.v2', 'chat.v2'])
  })

  test('what the route does not know is not agreed on', async () => {
    const server = await open()
    for (const path of ['/', '/none']) {
      const raw = await openTcp(server)
      raw.write(upgradeHead(path, 'Sec-WebSocket-Protocol: foreign\r\n'))
      const head = String(await raw.read((bytes) => bytes.includes('none')))
      expect(head).toMatch(/^HTTP\/1\.1 101/)
      expect(head).not.toMatch(/sec-websocket-protocol/i)
    }
  })

  test('none is needed', async () => {
    expect(await (await connect(await open(), '/')).next()).toBe('none')
  })
})

describe('routers and middleware', () => {
  test('prefixes nest, dependencies and middleware of routers apply, in order', async () => {
    const order: string[] = []
    const noting =
      (name: string): Middleware =>
      async (_, next) => {
        order.push(name)
        return next()
      }
    const inner = new Router({
      prefix: '/rooms',
      middleware: [noting('inner')],
      use: { b: dependency(() => 'b') },
    })
    inner.websocket(
      '/:id',
      { use: { c: dependency(() => 'c') }, middleware: [noting('route')] },
      ({ socket, params, ...rest }) =>
        socket.send([params.id, (rest as unknown as { a: string }).a, rest.b, rest.c]),
    )
    const outer = new Router({
      prefix: '/v1',
      middleware: [noting('outer')],
      use: { a: dependency(() => 'a') },
    })
    outer.include(inner)
    const server = await serve((app) => app.include(outer), { middleware: [noting('app')] })
    expect(await (await connect(server, '/v1/rooms/7')).json()).toEqual(['7', 'a', 'b', 'c'])
    expect(order).toEqual(['app', 'outer', 'inner', 'route'])
  })

  test('headers and cookies that they set are on the handshake', async () => {
    const stamp: Middleware = async (_, next) => {
      const made = await next()
      made.headers['x-request-id'] = '42'
      made.headers['connection'] = 'close'
      return made
    }
    const server = await serve((app) => {
      const session = dependency(({ head }) => head.cookie('session', 'abc').append('vary', 'Cookie'))
      app.websocket('/', { middleware: [stamp], use: { session } }, () => {})
    })
    const { headers } = (await connect(server, '/')).handshake
    expect(headers).toMatchObject({ 'x-request-id': '42', vary: 'Cookie', connection: 'Upgrade' })
    expect(headers['set-cookie']).toEqual([expect.stringContaining('session=abc')])
  })

  test('a header that would split the handshake is never sent', async () => {
    const split: Middleware = async (_, next) => {
      const made = await next()
      made.headers['x-bad'] = 'a\r\nSet-Cookie: owned=1'
      return made
    }
    const server = await serve((app) => app.websocket('/', { middleware: [split] }, () => {}))
    const { status, headers } = await refused(server, '/')
    expect([status, headers['set-cookie']]).toEqual([500, undefined])
  })

  test('a middleware that transforms bodies cannot transform a socket', async () => {
    const transforming: Middleware = async (_, next) => (await next()).transform((chunks) => chunks)
    const server = await serve((app) => app.websocket('/', { middleware: [transforming] }, () => {}))
    expect((await refused(server, '/')).status).toBe(500)
  })
})

test('over TLS: the page of the same host may connect', async () => {
  const { key, cert } = certificate()
  const app = new App()
  app.websocket('/', { receives: z.string() }, async ({ socket, request }) => {
    for await (const text of socket)
      await socket.send(`${text} ${request.peer.encrypted} ${'x'.repeat(100_000)}`)
  })
  const { port } = await app.listen({ port: 0, tls: { key, cert } })
  cleanUp(() => app.close({ grace: 500 }))
  const open = (origin: string) => new WebSocket(`wss://127.0.0.1:${port}/`, { ca: cert, origin })
  const own = open(`https://127.0.0.1:${port}`)
  await once(own, 'open')
  own.send('hello')
  expect(String((await once(own, 'message'))[0])).toMatch(/^hello true x{100000}$/)
  own.close()
  const foreign = open('https://evil.example')
  foreign.on('error', () => {})
  const [, response] = (await once(foreign, 'unexpected-response')) as [unknown, IncomingMessage]
  expect(response.statusCode).toBe(403)
  response.resume()
})
