/** Heads of requests that do not come to their end: while the server runs, and when it closes. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import { App, type AppOptions, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../contract/certificate.ts'
import { openSession, requestHttp2 } from '../contract/http2-link.ts'
import { until, wait, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** The client's preface and an empty SETTINGS frame (RFC 9113 section 3.4). */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
/** HEADERS of stream 1 without END_HEADERS, with `:method: GET` of them: a CONTINUATION should follow. */
const HALF_HEADERS = Buffer.from([0, 0, 1, 1, 0x1, 0, 0, 0, 1, 0x82])

interface Protocol {
  readonly tls: boolean
  readonly http2: boolean
  readonly half: Uint8Array
}

const HALF = Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nx-half:')
const PROTOCOLS: Record<string, Protocol> = {
  'HTTP/1.1': { tls: false, http2: false, half: HALF },
  'HTTP/1.1 over TLS': { tls: true, http2: false, half: HALF },
  'HTTP/2': { tls: false, http2: true, half: Buffer.concat([PREFACE, HALF_HEADERS]) },
  'HTTP/2 over TLS': { tls: true, http2: true, half: Buffer.concat([PREFACE, HALF_HEADERS]) },
}

async function serve({ tls, http2 }: Protocol, options: AppOptions<{}> = {}) {
  const app = new App(options)
  app.get('/', () => 'whole')
  app.get('/stream', { streams: text }, async function* ({ sleep }) {
    yield 'first'
    await sleep(1500)
    yield 'last'
  })
  const { port } = await app.listen({
    port: 0,
    signals: false,
    ...(tls ? { tls: certificate() } : { http2 }),
  })
  cleanups.push(() => app.close({ grace: 0 }))
  return { app, port }
}

/** A connection, past its handshake. */
async function open(port: number, { tls, http2 }: Protocol): Promise<Socket & { seen: string }> {
  const socket = tls
    ? connectTls({
        port,
        host: '127.0.0.1',
        ca: certificate().cert,
        servername: 'localhost',
        ALPNProtocols: [http2 ? 'h2' : 'http/1.1'],
      })
    : connectTcp(port, '127.0.0.1')
  cleanups.push(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, tls ? 'secureConnect' : 'connect')
  const watched = Object.assign(socket, { seen: '' })
  socket.on('data', (bytes) => (watched.seen += String(bytes)))
  return watched
}

const isGone = (socket: Socket) => socket.destroyed || socket.readableEnded

for (const [name, protocol] of Object.entries(PROTOCOLS)) {
  describe(`timeouts.headers over ${name}`, () => {
    test.each([
      ['that sends nothing', new Uint8Array()],
      ['that stops in the middle of a head', protocol.half],
    ])('a connection %s is closed', async (_, bytes) => {
      const { port } = await serve(protocol, { timeouts: { headers: 400 } })
      const socket = await open(port, protocol)
      const startedAt = performance.now()
      socket.write(bytes)
      await until(() => isGone(socket), 'it is closed', 10_000)
      expect(performance.now() - startedAt).toBeGreaterThan(350)
    })

    test('control: it stays when there is no limit', async () => {
      const { port } = await serve(protocol, { timeouts: { headers: 0 } })
      const socket = await open(port, protocol)
      socket.write(protocol.half)
      await wait(1500)
      expect(isGone(socket)).toBe(false)
    })
  })

  describe(`app.close() over ${name}`, () => {
    test.each([
      ['on which nothing was asked', new Uint8Array()],
      ['with half a head', protocol.half],
    ])('a connection %s does not hold it', async (_, bytes) => {
      const { app, port } = await serve(protocol)
      const socket = await open(port, protocol)
      socket.write(bytes)
      await wait(50)
      const startedAt = performance.now()
      await within(app.close({ grace: 20_000 }), 'it is closed', 10_000)
      expect(performance.now() - startedAt).toBeLessThan(5000)
      await until(() => isGone(socket), 'the client is told')
    })
  })
}

test.each([['HTTP/1.1'], ['HTTP/1.1 over TLS']])(
  'over %s a request that is on its way when the server closes is still answered',
  async (name) => {
    const protocol = PROTOCOLS[name]!
    const { app, port } = await serve(protocol)
    const [half, fresh] = [await open(port, protocol), await open(port, protocol)]
    half.write(HALF)
    await wait(30)
    const closed = app.close({ grace: 20_000 })
    await wait(60)
    half.write(' b\r\n\r\n')
    fresh.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await within(closed, 'it is closed', 10_000)
    for (const socket of [half, fresh]) {
      await until(() => isGone(socket), 'the client is told')
      expect(socket.seen).toMatch(/^HTTP\/1.1 200 OK\r\n/)
      expect(socket.seen.toLowerCase()).toContain('connection: close')
      expect(socket.seen).toContain('whole')
    }
  },
)

test('a client in the middle of its TLS handshake does not hold app.close()', async () => {
  const { app, port } = await serve(PROTOCOLS['HTTP/2 over TLS']!)
  const socket = connectTcp(port, '127.0.0.1')
  cleanups.push(() => socket.destroy())
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  // The first bytes of a ClientHello.
  socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
  await wait(50)
  await within(app.close({ grace: 20_000 }), 'it is closed', 10_000)
})

test.each([['HTTP/2'], ['HTTP/2 over TLS']])(
  'over %s a quiet stream keeps its connection; one without requests is told to go',
  async (name) => {
    const protocol = PROTOCOLS[name]!
    const { port } = await serve(protocol, { timeouts: { headers: 400 } })
    const session = await openSession(port, protocol.tls)
    cleanups.push(() => session.destroy())
    const goneAway = once(session, 'goaway')
    expect(await (await requestHttp2(session, 'GET', '/')).text()).toBe('whole')
    const reply = await requestHttp2(session, 'GET', '/stream')
    expect(await reply.text()).toBe('firstlast')
    expect((await within(goneAway, 'it is told to go', 5000))[0]).toBe(0)
    await until(() => session.destroyed, 'it has gone')
  },
)
