/** Forwarded fields: believed from trusted proxies only, and only as far as their chain reaches. */
import { App, type ListenOptions, UsageError } from 'millrace'
import { WebSocket } from 'ws'
import { afterEach, describe, expect, test } from 'vitest'
import { openSession, requestHttp2 } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Trust = NonNullable<ListenOptions['trustProxy']>

async function serve(trustProxy: Trust | undefined, options: ListenOptions = {}): Promise<number> {
  const app = new App()
  app.get('/', ({ request: { peer, headers } }) => [
    peer.address ?? null,
    peer.port !== undefined && peer.port < 30_000 ? peer.port : null,
    peer.encrypted,
    headers['host'],
  ])
  app.mount('/mounted', (request) => new Response(request.url))
  app.websocket('/ws', {}, async ({ socket, request }) => {
    await socket.send(String(request.peer.address))
  })
  const trust = trustProxy === undefined ? {} : { trustProxy }
  const { port } = await app.listen({ port: 0, signals: false, ...trust, ...options })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

async function ask(
  port: number,
  headers: Readonly<Record<string, string>>,
  path = '/',
): Promise<[number, string]> {
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  const reply = await connection.request('GET', path, { headers: { host: 'inner', ...headers } })
  return [reply.status, String(await reply.bytes())]
}

const seen = async (trust: Trust | undefined, headers: Readonly<Record<string, string>>) => {
  const [status, body] = await ask(await serve(trust), headers)
  expect(status, body).toBe(200)
  return JSON.parse(body) as unknown
}

const PLAIN = ['127.0.0.1', null, false, 'inner']
const FOR = 'x-forwarded-for'
const ALL = { [FOR]: '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com' }

describe('nothing is believed', () => {
  test.each<[string, Trust | undefined]>([
    ['by default', undefined],
    ['of a peer that is not trusted', ['10.0.0.0/8', '192.0.2.1']],
    ['when the other kind of fields is read', { addresses: ['loopback'], fields: 'forwarded' }],
  ])('%s', async (_, trust) => {
    expect(await seen(trust, ALL)).toEqual(PLAIN)
  })

  test('of malformed fields either, which then do no harm', async () => {
    expect(await seen(undefined, { [FOR]: 'nonsense, , ,', 'x-forwarded-proto': '<script>' })).toEqual(PLAIN)
  })
})

describe('a trusted proxy', () => {
  test.each<[string, Trust]>([
    ['by address', ['127.0.0.1']],
    ['by network', ['10.0.0.0/8', '127.0.0.0/8']],
    ['by name', ['loopback']],
    ['by number', 1],
    ['as an object', { hops: 1 }],
  ])('%s decides address, protocol and host', async (_, trust) => {
    expect(await seen(trust, ALL)).toEqual(['203.0.113.7', null, true, 'example.com'])
  })

  test('that says nothing changes nothing; one that says a part changes that', async () => {
    expect(await seen(['loopback'], {})).toEqual(PLAIN)
    expect(await seen(['loopback'], { 'x-forwarded-proto': 'HTTPS' })).toEqual([
      '127.0.0.1',
      null,
      true,
      'inner',
    ])
    expect(await seen(1, { 'x-forwarded-host': 'a.example:8443' })).toEqual([
      '127.0.0.1',
      null,
      false,
      'a.example:8443',
    ])
  })

  test('decides the URL that a mount sees, and the peer of a WebSocket', async () => {
    const port = await serve(['loopback'])
    expect((await ask(port, ALL, '/mounted/x?y'))[1]).toBe('https://example.com/x?y')
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { [FOR]: '203.0.113.7' } })
    cleanups.push(() => socket.terminate())
    expect(await new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))).toBe(
      '203.0.113.7',
    )
  })

  test('over HTTP/2', async () => {
    const session = await openSession(await serve(['loopback'], { http2: true }), false)
    cleanups.push(() => session.destroy())
    const reply = await requestHttp2(session, 'GET', '/', { headers: ALL })
    expect(await reply.json()).toEqual(['203.0.113.7', null, true, 'example.com'])
  })
})

describe('the chain', () => {
  const CHAIN = '198.51.100.1, 203.0.113.7, 10.0.0.2, 10.0.0.1'
  test.each<[string, Trust, string, string]>([
    ['ends at the first address that is not trusted', ['loopback', '10.0.0.0/8'], CHAIN, '203.0.113.7'],
    ['ends where trust ends', ['loopback', '10.0.0.1'], CHAIN, '10.0.0.2'],
    ['ends at our peer when only that is trusted', ['loopback'], CHAIN, '10.0.0.1'],
    ['is counted', 1, CHAIN, '10.0.0.1'],
    ['is counted further', 3, CHAIN, '203.0.113.7'],
    ['gives its first when all of it is trusted', 9, CHAIN, '198.51.100.1'],
    ['may have spaces and empty entries', 2, ' 203.0.113.7 ,, 10.0.0.1,', '203.0.113.7'],
    [
      'is not looked at before the client: what stands there is the client’s',
      1,
      'evil<>, 203.0.113.7',
      '203.0.113.7',
    ],
  ])('%s', async (_, trust, value, client) => {
    expect(((await seen(trust, { [FOR]: value })) as unknown[])[0]).toBe(client)
  })

  test.each([
    ['203.0.113.7:4711', '203.0.113.7', 4711],
    ['2001:db8::1', '2001:db8::1', null],
    ['[2001:db8::1]', '2001:db8::1', null],
    ['[2001:db8::1]:4711', '2001:db8::1', 4711],
    ['::ffff:203.0.113.7', '203.0.113.7', null],
    ['unknown', null, null],
    ['_hidden', null, null],
  ])('an entry %s is %s, port %s', async (value, address, port) => {
    expect(((await seen(1, { [FOR]: value })) as unknown[]).slice(0, 2)).toEqual([address, port])
  })

  test('protocol and host are those that the outermost trusted proxy saw', async () => {
    const headers = {
      [FOR]: '198.51.100.1, 203.0.113.7, 10.0.0.1',
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'forged, example.com, inner.example',
    }
    expect(await seen(['loopback', '10.0.0.0/8'], headers)).toEqual([
      '203.0.113.7',
      null,
      true,
      'example.com',
    ])
    expect(await seen(1, headers)).toEqual(['10.0.0.1', null, false, 'inner.example'])
  })
})

describe('a malformed field of a trusted proxy is a 400', () => {
  test.each<[string, Record<string, string>]>([
    ['an address', { [FOR]: '203.0.113.999' }],
    ['a name', { [FOR]: 'example.com' }],
    ['a port', { [FOR]: '203.0.113.7:99999' }],
    ['an open bracket', { [FOR]: '[2001:db8::1' }],
    ['a protocol', { [FOR]: '203.0.113.7', 'x-forwarded-proto': 'gopher' }],
    ['a host', { 'x-forwarded-host': 'a/b@c' }],
  ])('%s', async (_, headers) => {
    const [status, body] = await ask(await serve(['loopback']), headers)
    expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([400, 'BAD_REQUEST'])
    expect(body).not.toContain(Object.values(headers)[0])
  })

  test('on an upgrade too', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${await serve(1)}/ws`, { headers: { [FOR]: 'x y' } })
    const status = await new Promise((resolve) => {
      socket.once('unexpected-response', (_, response) => resolve(response.statusCode))
      socket.once('open', () => resolve('open'))
      socket.on('error', () => {})
    })
    socket.terminate()
    expect(status).toBe(400)
  })
})

describe('Forwarded (RFC 7239)', () => {
  const trust: Trust = { addresses: ['loopback', '10.0.0.0/8'], fields: 'forwarded' }
  test.each([
    ['for=203.0.113.7', ['203.0.113.7', null, false, 'inner']],
    [
      'For="[2001:db8:cafe::17]:4711";Proto=https;Host="example.com:8443"',
      ['2001:db8:cafe::17', 4711, true, 'example.com:8443'],
    ],
    [
      'for=198.51.100.1;host=forged, for=203.0.113.7;proto=https;host=a.example, for=10.0.0.1;proto=http',
      ['203.0.113.7', null, true, 'a.example'],
    ],
    ['for=unknown;proto=https', [null, null, true, 'inner']],
    ['for="_a,b;c"', undefined],
    ['for=_secret;by=203.0.113.60', [null, null, false, 'inner']],
    ['for=203.0.113.7;;', ['203.0.113.7', null, false, 'inner']],
    // A client may leave a quote open, and may not hide the proxies behind it.
    ['for="1, for=203.0.113.7;proto=https', ['203.0.113.7', null, true, 'inner']],
    ['for="\\", for=203.0.113.7', ['203.0.113.7', null, false, 'inner']],
    ['for=198.51.100.1;by="a,\\"b;c", for=203.0.113.7;by="a,b"', ['203.0.113.7', null, false, 'inner']],
    ['for=203.0.113.7;for=203.0.113.8', undefined],
    ['for=[2001:db8::1]', undefined],
    ['for="203.0.113.7', undefined],
    ['for', undefined],
    ['for=203.0.113.7;proto=javascript', undefined],
  ])('%s', async (value, expected) => {
    const [status, body] = await ask(await serve(trust), { forwarded: value, ...ALL })
    if (expected === undefined) expect(status).toBe(400)
    else expect(JSON.parse(body)).toEqual(expected)
  })
})

test.each<[Trust]>([
  [0],
  [1.5],
  [['300.0.0.1']],
  [['10.0.0.0/33']],
  [['10.0.0.0/8/8']],
  [['everybody']],
  [{}],
  [{ hops: 1, addresses: [] }],
])('trustProxy: %j is refused at listen', async (trust) => {
  await expect(serve(trust)).rejects.toThrow(UsageError)
})
