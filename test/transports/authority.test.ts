/** The host of a request: one, valid, and the same for everybody who reads it (RFC 9112 section 3.2). */
import { App } from 'millrace'
import { connect } from 'millrace/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { openSession, requestHttp2 } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'
import { within } from '../contract/transport.ts'
import { upgradeHead } from '../websocket/scene.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function createApp() {
  const reached: string[] = []
  const app = new App()
  app.get('/', ({ headers }) => {
    reached.push('/')
    return String(headers['host'])
  })
  app.mount('/m', (request) => new Response(new URL(request.url).host))
  app.websocket('/ws', {}, async ({ socket, headers }) => {
    reached.push('/ws')
    await socket.send(String(headers['host']))
  })
  return { app, reached }
}

async function serve(options: { readonly http2?: true } = {}) {
  const { app, reached } = createApp()
  const { port } = await app.listen({ port: 0, signals: false, ...options })
  cleanups.push(() => app.close({ grace: 0 }))
  /** The status and the body that a bare request gets. */
  const send = async (text: string): Promise<[number, string]> => {
    const connection = await RawConnection.open(port)
    cleanups.push(() => connection.destroy())
    connection.send(text)
    const got = await within(connection.reply('GET'), 'a reply')
    return [got.status, String((await got.bytes()) ?? '')]
  }
  return { port, send, reached }
}

describe('HTTP/1', () => {
  test.each([
    ['two Host fields', 'Host: a.example\r\nHost: b.example\r\n'],
    ['two that are the same', 'Host: a.example\r\nX: y\r\nhOST: a.example\r\n'],
    ['more than a host', 'Host: a b/c@d\r\n'],
    ['a list', 'Host: a.example, b.example\r\n'],
    ['an empty one', 'Host:\r\n'],
    ['none', ''],
  ])('%s is a 400, also of a handshake', async (_, fields) => {
    const { send, reached } = await serve()
    expect((await send(`GET / HTTP/1.1\r\n${fields}\r\n`))[0]).toBe(400)
    expect((await send(upgradeHead('/ws').replace('Host: test\r\n', fields)))[0]).toBe(400)
    expect(reached).toEqual([])
  })

  test('HTTP/1.0 may do without, but not have two', async () => {
    const { send } = await serve()
    expect((await send('GET / HTTP/1.0\r\n\r\n'))[0]).toBe(200)
    expect((await send('GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n'))[0]).toBe(400)
  })

  test.each(['/', '/m/x'])('the authority of an absolute target replaces Host (%s)', async (path) => {
    const { send } = await serve()
    expect(await send(`GET http://a.example:1${path} HTTP/1.1\r\nHost: b.example\r\n\r\n`)).toEqual([
      200,
      'a.example:1',
    ])
    expect((await send(`GET http://u@a.example${path} HTTP/1.1\r\nHost: b.example\r\n\r\n`))[0]).toBe(400)
    expect((await send(`GET http://a.example${path} HTTP/1.1\r\nHost: b c\r\n\r\n`))[0]).toBe(400)
  })

  test('the connection is closed behind a refusal', async () => {
    const { send } = await serve()
    const two = 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'
    expect((await send(two))[0]).toBe(400)
  })
})

describe('HTTP/2', () => {
  const ask = async (headers: Record<string, string>, path = '/') => {
    const { port } = await serve({ http2: true })
    const session = await openSession(port, false)
    cleanups.push(() => session.destroy())
    const got = await within(requestHttp2(session, 'GET', path, { headers }), 'a reply')
    return [got.status, got.status === 200 ? await got.text() : '']
  }

  test.each(['/', '/m/x'])('a host that differs from the :authority is a 400 (%s)', async (path) => {
    expect(await ask({ ':authority': 'a.example', host: 'b.example' }, path)).toEqual([400, ''])
    expect(await ask({ ':authority': 'a.example:1', host: 'a.example' }, path)).toEqual([400, ''])
  })

  test('the same host in another spelling is the :authority', async () => {
    expect(await ask({ ':authority': 'a.example', host: 'A.example:80' })).toEqual([200, 'a.example'])
  })

  test('a host alone is taken, one of them is needed, and it is one', async () => {
    expect(await ask({ host: 'b.example' })).toEqual([200, 'b.example'])
    // Node resets the stream for some of them before it makes a request of it.
    const refused = async (headers: Record<string, string>) => (await ask(headers).catch(() => [400]))[0]
    for (const authority of ['u@a', 'a b', 'a,b', ''])
      expect(await refused({ ':authority': authority })).toBe(400)
  })
})

test('in memory and over fetch the same hosts are refused, and a target names its own', async () => {
  const { app, reached } = createApp()
  const connection = connect(app)
  cleanups.push(() => connection.close())
  const refused = await connection.request('GET', '/', { headers: { host: 'a b' } })
  const fetched = await app.fetch(new Request('http://a.example/', { headers: { host: 'a, b' } }))
  expect([refused.status, fetched.status, reached]).toEqual([400, 400, []])
  const named = await connection.request('GET', 'http://a.example/', { headers: { host: 'b.example' } })
  expect(await named.text()).toBe('a.example')
})
