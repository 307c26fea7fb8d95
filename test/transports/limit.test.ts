/** What a server takes at a time, and what it says to those who come too many. */
import { connect as connectTls } from 'node:tls'
import { connect as connectHttp2 } from 'node:http2'
import { App, type ListenOptions, text } from 'millrace'
import { WebSocket } from 'ws'
import { afterEach, expect, test } from 'vitest'
import { certificate } from '../contract/certificate.ts'
import { openSession, requestHttp2 } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'
import { type LogEntry, recorder, until, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** An app whose replies wait until they are told to end. */
async function serve(limits: NonNullable<ListenOptions['limits']>, options: ListenOptions = {}) {
  const log: LogEntry[] = []
  const app = new App({ log: recorder(log) })
  let running = 0
  let letGo = () => {}
  const released = new Promise<void>((resolve) => (letGo = resolve))
  app.get('/', () => 'ok')
  app.post('/', async ({ body }) => (await body.bytes()).byteLength)
  app.get('/slow', async () => {
    running++
    await released
    return 'done'
  })
  app.get('/stream', { streams: text }, async function* () {
    running++
    yield 'first'
    await released
  })
  app.websocket('/ws', {}, async ({ socket }) => {
    running++
    for await (const _ of socket);
  })
  const { port } = await app.listen({ port: 0, signals: false, limits, ...options })
  cleanups.push(() => (letGo(), app.close({ grace: 1000 })))
  return { port, log, running: () => running, release: letGo }
}

async function open(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  return connection
}

test('more requests than the limit get 503 with Retry-After, and their connection closes', async () => {
  const { port, log, running, release } = await serve({ requests: 3 })
  const first = await open(port)
  first.send('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  const second = await open(port)
  second.send('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n')
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  cleanups.push(() => socket.terminate())
  await until(() => running() === 3, 'three are running')

  for (const [method, body] of [
    ['GET', undefined],
    ['POST', 'x'.repeat(100_000)],
  ] as const) {
    const refused = await open(port)
    const reply = await refused.request(method, '/', { body })
    expect([reply.status, reply.headers['connection'], reply.headers['retry-after']]).toEqual([
      503,
      'close',
      '1',
    ])
    const problem = JSON.parse(String(await reply.bytes())) as Record<string, unknown>
    expect([problem['code'], problem['status']]).toEqual(['UNAVAILABLE', 503])
    await within(
      until(() => refused.socket.destroyed || refused.socket.readableEnded, 'closed'),
      'it closes',
    )
  }
  const late = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  const status = await new Promise((resolve) => {
    late.once('unexpected-response', (_, response) => resolve(response.statusCode))
    late.once('open', () => resolve('open'))
    late.on('error', () => {})
  })
  late.terminate()
  expect(status).toBe(503)

  release()
  await until(() => true, 'a turn')
  await within(
    (async () => {
      for (;;) {
        const next = await (await open(port)).request('GET', '/')
        if (next.status === 200) return
      }
    })(),
    'there is room again',
  )
  const told = log.filter(({ message }) => message.includes('full'))
  expect(told.map(({ level, fields }) => [level, fields['limit']])).toEqual([['warn', 3]])
})

test('without the limit all of them run', async () => {
  const { port, running } = await serve({})
  for (let i = 0; i < 5; i++) (await open(port)).send('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await until(() => running() === 5, 'five are running')
})

test('over HTTP/2 the stream gets 503, and the others live on', async () => {
  const { port, running } = await serve({ requests: 1 }, { http2: true })
  const session = await openSession(port, false)
  cleanups.push(() => session.destroy())
  const stream = await requestHttp2(session, 'GET', '/stream')
  expect(await stream.next()).toBe('first')
  const refused = await requestHttp2(session, 'GET', '/')
  expect([refused.status, running(), session.destroyed]).toEqual([503, 1, false])
})

test('more connections than the limit are closed, and the rest is served', async () => {
  const { port, log } = await serve({ connections: 2 })
  const [first, second] = [await open(port), await open(port)]
  const third = await open(port)
  await within(
    until(() => third.socket.destroyed || third.socket.readableEnded, 'closed'),
    'the third is closed',
  )
  for (const each of [first, second]) expect((await each.request('GET', '/')).status).toBe(200)
  expect(log.map(({ level, fields }) => [level, fields['limit']])).toEqual([['warn', 2]])
})

test('HTTP/2 streams at a time: the setting is told, also by default', async () => {
  for (const [limits, expected] of [
    [{}, 128],
    [{ streams: 7 }, 7],
  ] as const) {
    const { port } = await serve(limits, { http2: true })
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    cleanups.push(() => session.destroy())
    const settings = await new Promise((resolve) => session.once('remoteSettings', resolve))
    expect(settings).toMatchObject({ maxConcurrentStreams: expected })
  }
})

const fields = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: b\r\n`).join('')

test('header fields: as many as the limit are served, one more is a 431', async () => {
  const { port } = await serve({ headers: 20 })
  const fits = await open(port)
  fits.send(`GET / HTTP/1.1\r\nhost: x\r\n${fields(19)}\r\n`)
  expect((await fits.reply('GET')).status).toBe(200)
  for (const count of [20, 500]) {
    const many = await open(port)
    many.send(`GET / HTTP/1.1\r\n${fields(count)}host: x\r\n\r\n`)
    const reply = await many.reply('GET')
    expect([reply.status, reply.headers['connection']]).toEqual([431, 'close'])
    expect(String(await reply.bytes())).toContain('TOO_MANY_HEADERS')
  }
})

test('header fields over TLS: the same, and 128 by default', async () => {
  const { port } = await serve({}, { tls: certificate() })
  for (const [count, status] of [
    [120, 200],
    [130, 431],
  ] as const) {
    const socket = connectTls({ port, host: '127.0.0.1', ca: certificate().cert, servername: 'localhost' })
    cleanups.push(() => socket.destroy())
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${fields(count)}\r\n`)
    const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
    expect(String(head)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  }
})

test('bytes of a head: more are a 431', async () => {
  const { port } = await serve({ headerBytes: 2048 })
  const large = await open(port)
  large.send(`GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(3000)}\r\n\r\n`)
  expect((await large.reply('GET')).status).toBe(431)
  const fits = await open(port)
  fits.send(`GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(1000)}\r\n\r\n`)
  expect((await fits.reply('GET')).status).toBe(200)
})
