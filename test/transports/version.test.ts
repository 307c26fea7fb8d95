/** The protocol is that of the connection, and not of the version that a request line claims (issue 11). */
import { connect as connectTls } from 'node:tls'
import { App, type ListenOptions } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../contract/certificate.ts'
import { RawConnection } from '../contract/raw-client.ts'
import { within } from '../contract/transport.ts'
import { readText } from './scene.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Servers that speak HTTP/1 on a connection: plain, and over TLS with and without ALPN. */
const DOORS: Record<string, { options: ListenOptions; open: (port: number) => Promise<RawConnection> }> = {
  plain: { options: {}, open: (port) => RawConnection.open(port) },
  'TLS, http/1.1 by ALPN': { options: { tls: certificate() }, open: (port) => openTls(port, ['http/1.1']) },
  'TLS without ALPN': { options: { tls: certificate() }, open: (port) => openTls(port, undefined) },
}

async function openTls(port: number, protocols: string[] | undefined): Promise<RawConnection> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(protocols === undefined ? undefined : { ALPNProtocols: protocols }),
  })
  return RawConnection.over(socket)
}

async function serve(door: keyof typeof DOORS) {
  const { options, open } = DOORS[door]!
  const app = new App()
  const seen: string[] = []
  app.get('/', ({ request }) => {
    seen.push(request.protocol)
    return 'ok'
  })
  app.post('/', ({ body }) => body.text())
  app.websocket('/ws', {}, async ({ socket }) => {
    seen.push('socket')
    await socket.send('hello')
  })
  const { port } = await app.listen({ port: 0, signals: false, ...options })
  cleanups.push(() => app.close({ grace: 300 }))
  return { seen, open: () => open(port) }
}

const HANDSHAKE =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

describe.each(Object.keys(DOORS))('%s', (door) => {
  test.each([
    ['HTTP/2.0', 'GET / HTTP/2.0\r\nhost: x\r\n\r\n', 505],
    ['HTTP/2.0 at a path that there is not', 'GET /nothing HTTP/2.0\r\n\r\n', 505],
    ['HTTP/2.0 with a body', 'POST / HTTP/2.0\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc', 505],
    [
      'HTTP/2.0 that expects to go on',
      'POST / HTTP/2.0\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n',
      505,
    ],
    ['HTTP/2.0 with another expectation', 'GET / HTTP/2.0\r\nhost: x\r\nexpect: x\r\n\r\n', 505],
    ['HTTP/2.0 with too many fields', `GET / HTTP/2.0\r\nhost: x\r\n${'x: y\r\n'.repeat(200)}\r\n`, 505],
    [
      'HTTP/2.0 and an upgrade to h2c',
      'GET / HTTP/2.0\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
      505,
    ],
    ['HTTP/2.0 and a WebSocket', `GET /ws HTTP/2.0\r\nhost: x\r\n${HANDSHAKE}\r\n`, 505],
    ['HTTP/0.9', 'GET / HTTP/0.9\r\nhost: x\r\n\r\n', 505],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nhost: x\r\n\r\n', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    // RFC 9110 section 7.8: an Upgrade in a request of HTTP/1.0 is ignored.
    ['HTTP/1.0 and a WebSocket', `GET /ws HTTP/1.0\r\nhost: x\r\n${HANDSHAKE}\r\n`, 426],
    ['too many fields', `GET / HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(200)}\r\n`, 431],
    ['too many fields of HTTP/1.0', `GET / HTTP/1.0\r\n${'x: y\r\n'.repeat(200)}\r\n`, 431],
  ])('%s', async (_, request, status) => {
    const { seen, open } = await serve(door)
    const hostile = await open()
    cleanups.push(() => hostile.destroy())
    hostile.send(request)
    const got = await within(hostile.reply('GET'), 'the refusal')
    expect(got.status).toBe(status)
    const honest = await open()
    cleanups.push(() => honest.destroy())
    expect(await readText(await honest.request('GET', '/'))).toBe('ok')
    expect(seen).toEqual(['http/1.1'])
  })
})
