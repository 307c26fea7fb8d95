/** Connections of HTTP/1.1 that wait for their next request: how long they may, and what they are told. */
import { App, type ListenOptions, text } from 'millrace'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { within } from '../contract/transport.ts'

async function serve(options: ListenOptions, use: (connection: RawConnection) => Promise<void>) {
  const app = new App({ log: { debug() {}, info() {}, warn() {}, error() {} } })
  app.get('/', () => 'here')
  app.get('/slow', { streams: text }, async function* () {
    yield 'a'
    await wait(700)
    yield 'b'
  })
  const { port } = await app.listen({ port: 0, signals: false, ...options })
  const connection = await RawConnection.open(port)
  try {
    await use(connection)
  } finally {
    connection.destroy()
    await app.close({ grace: 0 })
  }
}

/** Reads a reply to its end. */
async function get(connection: RawConnection, path: string) {
  const reply = await connection.request('GET', path)
  let body = ''
  for (let bytes = await reply.bytes(); bytes !== undefined; bytes = await reply.bytes())
    body += String(bytes)
  return { headers: reply.headers, body }
}

test('a connection that rests is closed, one that is used is not', () =>
  serve({ keepAlive: 400 }, async (connection) => {
    for (let i = 0; i < 5; i++) {
      expect((await get(connection, '/')).body).toBe('here')
      await wait(150)
    }
    expect(await within(connection.some(1), 'the close')).toBe(undefined)
    expect(connection.wasReset).toBe(false)
  }))

test('a reply under way that is silent for longer is no rest', () =>
  serve({ keepAlive: 200 }, async (connection) => {
    expect((await get(connection, '/slow')).body).toBe('ab')
    expect((await get(connection, '/')).body).toBe('here')
  }))

test('0 is for as long as the client likes', () =>
  serve({ keepAlive: 0 }, async (connection) => {
    expect((await get(connection, '/')).headers['keep-alive']).toBe(undefined)
    await wait(1000)
    expect((await get(connection, '/')).body).toBe('here')
  }))

test('the client is told how long, unless the connection closes', () =>
  serve({}, async (connection) => {
    const { headers } = await get(connection, '/')
    expect([headers['connection'], headers['keep-alive']]).toEqual(['keep-alive', 'timeout=75'])
    const last = await connection.request('GET', '/', { headers: { connection: 'close' } })
    expect([last.headers['connection'], last.headers['keep-alive']]).toEqual(['close', undefined])
  }))

test('what was never asked for anything is under the limit of the head, not under this one', () =>
  serve({ keepAlive: 200 }, async (connection) => {
    await wait(700)
    expect((await get(connection, '/')).body).toBe('here')
  }))

test.each([-1, Number.NaN, '5s'])('%s is no time', async (keepAlive) => {
  await expect(new App().listen({ port: 0, keepAlive: keepAlive as number })).rejects.toThrow(
    /keepAlive takes milliseconds/,
  )
})
