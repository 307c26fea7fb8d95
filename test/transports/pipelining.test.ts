/** Requests that are sent before the reply to the one in front of them (RFC 9112 section 9.3.2, issue 11). */
import { connect } from 'node:net'
import { App, type ListenOptions, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { CutError, RawConnection } from '../contract/raw-client.ts'
import { type LogEntry, recorder, until, wait, within } from '../contract/transport.ts'
import { readText } from './scene.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${fields}\r\n`
const post = (body: string) =>
  `POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const upgrade = (protocol: string, version = 13) =>
  `connection: upgrade\r\nupgrade: ${protocol}\r\nsec-websocket-version: ${version}\r\n` +
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

/** An app that notes what runs, with a handler that waits until it is let go. */
async function serve(limits: ListenOptions['limits'] = {}) {
  const log: LogEntry[] = []
  const app = new App({ log: recorder(log) })
  const events: string[] = []
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  app.get('/n/:n', ({ params }) => {
    events.push(`begin ${params.n}`)
    return params.n
  })
  app.get('/wait', async ({ signal }) => {
    events.push('wait')
    signal.addEventListener('abort', () => events.push(`told ${String((signal.reason as Error).message)}`))
    await released
    events.push('waited')
    return 'done'
  })
  app.get('/stream', { streams: text }, async function* ({ signal }) {
    signal.addEventListener('abort', () => events.push('stream told'))
    yield 'a'
    await released
    yield 'b'
  })
  app.get('/fails', { streams: text }, async function* () {
    yield 'x'
    await wait(1)
    throw new Error('broken')
  })
  app.get('/large', () => 'x'.repeat(1024 * 1024))
  app.post('/echo', ({ body }) => body.text())
  app.websocket('/ws', {}, async ({ socket }) => {
    events.push('socket')
    for await (const message of socket) await socket.send(message)
  })
  const { port } = await app.listen({ port: 0, signals: false, limits })
  cleanups.push(() => (release(), app.close({ grace: 300 })))
  const open = async () => {
    const connection = await RawConnection.open(port)
    cleanups.push(() => connection.destroy())
    return connection
  }
  return { port, open, events, log, release }
}

async function texts(connection: RawConnection, count: number): Promise<string[]> {
  const all: string[] = []
  for (let i = 0; i < count; i++)
    all.push(await readText(await within(connection.reply('GET'), `reply ${i}`)))
  return all
}

describe('pipelined requests', () => {
  test('begin when the reply in front of them has left, and are answered in order', async () => {
    const { open, events, release } = await serve()
    const connection = await open()
    connection.send(get('/wait') + get('/n/1') + get('/stream') + get('/n/2'))
    await wait(50)
    expect(events).toEqual(['wait'])
    release()
    expect(await texts(connection, 4)).toEqual(['done', '1', 'ab', '2'])
    expect(events).toEqual(['wait', 'waited', 'begin 1', 'begin 2'])
  })

  test('keep small bodies until it is their turn', async () => {
    const { open, release } = await serve()
    const connection = await open()
    const body = 'b'.repeat(16_000)
    connection.send(get('/wait') + post(body) + get('/n/1'))
    await wait(20)
    release()
    expect(await texts(connection, 3)).toEqual(['done', body, '1'])
  })

  test.each([
    ['a large body', post('b'.repeat(200_000))],
    [
      'a body of unknown size',
      'POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ],
  ])('with %s are turned away, so that a disconnect is seen', async (_, second) => {
    const { open, events, release } = await serve()
    const [stays, leaves] = [await open(), await open()]
    for (const connection of [stays, leaves]) connection.send(get('/wait') + second + get('/n/1'))
    await until(() => events.length === 2, 'both begin')
    await wait(50)
    leaves.destroy()
    await until(() => events.length === 3, 'it is told', 500)
    release()
    const got = await within(stays.reply('GET'), 'the reply in front')
    expect([got.headers['connection'], await readText(got)]).toEqual(['close', 'done'])
    await expect(stays.reply('GET')).rejects.toThrow(CutError)
    expect(events).not.toContain('begin 1')
  })

  test('that are turned away behind a stream close their connection when it has ended', async () => {
    const { open, release } = await serve()
    const connection = await open()
    connection.send(get('/stream') + post('b'.repeat(200_000)))
    const stream = await connection.reply('GET')
    await wait(20)
    release()
    expect(await readText(stream)).toBe('ab')
    await expect(within(connection.reply('GET'), 'the end')).rejects.toThrow(CutError)
  })

  test('of a client that has sent all it wants to (half-closed) are answered', async () => {
    const { open } = await serve()
    const connection = await open()
    connection.send(get('/n/1').repeat(20))
    connection.socket.end()
    expect(await texts(connection, 20)).toEqual(Array.from({ length: 20 }, () => '1'))
  })

  test('behind a stream that fails get no answer: its connection is cut', async () => {
    const { open, events } = await serve()
    const connection = await open()
    connection.send(get('/fails') + get('/n/1'))
    await expect(connection.reply('GET').then(readText)).rejects.toThrow(CutError)
    await wait(20)
    expect(events).toEqual([])
  })

  test.each([0, 1, 10, 100])('with %i of them waiting, a disconnect is seen at once', async (count) => {
    const { open, events } = await serve()
    const connection = await open()
    connection.send(get('/wait') + get('/large').repeat(count))
    await until(() => events.length === 1, 'the first begins')
    await wait(50)
    connection.destroy()
    await until(() => events.length === 2, 'it is told', 500)
    expect(events[1]).toBe('told The client went away.')
  })

  test('are as many as the limit; the last reply closes, and the rest begins nowhere', async () => {
    const { open, events, log } = await serve({ pipelined: 3 })
    const connection = await open()
    connection.send(Array.from({ length: 2000 }, (_, i) => get(`/n/${i}`)).join(''))
    const replies = []
    for (let i = 0; i < 4; i++) {
      const got = await within(connection.reply('GET'), 'a reply')
      replies.push([got.headers['connection'], await readText(got)])
    }
    expect(replies).toEqual([
      ['keep-alive', '0'],
      ['keep-alive', '1'],
      ['keep-alive', '2'],
      ['close', '3'],
    ])
    await expect(connection.reply('GET')).rejects.toThrow(CutError)
    expect(events).toHaveLength(4)
    expect(log.map(({ message }) => message)).toEqual([expect.stringContaining('limits.pipelined')])
  })

  test('above the limit behind a stream: it ends as it would, and its client is still watched', async () => {
    const { open, events, release } = await serve()
    const [ends, leaves] = [await open(), await open()]
    for (const connection of [ends, leaves]) connection.send(get('/stream') + get('/n/1').repeat(5000))
    const [stream, left] = [await ends.reply('GET'), await leaves.reply('GET')]
    expect(String(await left.bytes())).toBe('a')
    leaves.destroy()
    await until(() => events.includes('stream told'), 'the stream is told', 500)
    release()
    expect(await readText(stream)).toBe('ab')
    expect(await texts(ends, 128)).toEqual(Array.from({ length: 128 }, () => '1'))
    await expect(ends.reply('GET')).rejects.toThrow(CutError)
  })

  test('of one connection leave room for those of others', async () => {
    const { open } = await serve({ requests: 10 })
    const hostile = await open()
    hostile.send(get('/wait').repeat(10_000))
    await wait(50)
    const honest = await open()
    honest.send(get('/n/1'))
    expect(await texts(honest, 1)).toEqual(['1'])
  })

  test('that come behind the last reply, while the client resets, end nothing', async () => {
    const { port, open } = await serve()
    const leave = () =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write('GET /n/1 HTTP/1.1\r\nhost: x:99999\r\n\r\n')
          const body = 'x'.repeat(18_001)
          socket.write(`OPTIONS /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 18001\r\n\r\n${body}`)
          socket.write('POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\nhello world')
          setTimeout(() => socket.resetAndDestroy(), 40)
        })
        socket
          .on('error', () => {})
          .on('close', resolve)
          .resume()
      })
    // Node's assertion would be an uncaught exception here.
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 32 }, leave))
    expect(await readText(await (await open()).request('GET', '/n/1'))).toBe('1')
  })

  test('of HTTP/1.0 and of clients that close are the last', async () => {
    const { open, events } = await serve()
    for (const first of ['GET /n/1 HTTP/1.0\r\n\r\n', get('/n/1', 'connection: close\r\n')]) {
      const connection = await open()
      connection.send(first + get('/n/2'))
      expect(await texts(connection, 1)).toEqual(['1'])
      await expect(connection.reply('GET')).rejects.toThrow(CutError)
    }
    expect(events).toEqual(['begin 1', 'begin 1'])
  })
})

describe('behind an unanswered request', () => {
  test.each([
    ['an upgrade that is not spoken', get('/n/1', upgrade('h2c')), 200],
    ['a WebSocket of another version', get('/ws', upgrade('websocket', 12)), 426],
    ['a WebSocket', get('/ws', upgrade('websocket')), 426],
    ['a WebSocket that there is not', get('/none', upgrade('websocket')), 404],
    ['an expectation that is not met', get('/n/1', 'expect: the-unexpected\r\n'), 417],
    ['a missing Host', 'GET /n/1 HTTP/1.1\r\n\r\n', 400],
    ['another version', 'GET /n/1 HTTP/2.0\r\nhost: x\r\n\r\n', 505],
  ])('%s is answered in its turn', async (_, second, status) => {
    const { open, events, release } = await serve()
    const connection = await open()
    connection.send(get('/wait') + second)
    await wait(50)
    expect(events).toEqual(['wait'])
    release()
    const first = await within(connection.reply('GET'), 'the first reply')
    expect([first.status, await readText(first)]).toEqual([200, 'done'])
    const got = await within(connection.reply('GET'), 'the second reply')
    expect(got.status).toBe(status)
    await readText(got)
    expect(events).not.toContain('socket')
  })

  test('an upgrade waits for all of them, and a slow reader is served on', async () => {
    const { open } = await serve()
    const connection = await open()
    connection.send(get('/large') + get('/n/1') + get('/large') + get('/n/2', upgrade('h2c')))
    await wait(100)
    const lengths = (await texts(connection, 4)).map(({ length }) => length)
    expect(lengths).toEqual([1024 * 1024, 1, 1024 * 1024, 1])
  })

  test('a full server refuses an upgrade in its turn', async () => {
    const { open, release } = await serve({ requests: 1 })
    const connection = await open()
    connection.send(get('/wait') + get('/ws', upgrade('websocket')))
    await wait(50)
    release()
    expect(await texts(connection, 1)).toEqual(['done'])
    expect([426, 503]).toContain((await within(connection.reply('GET'), 'the refusal')).status)
  })

  test('the client of an upgrade that waits may leave', async () => {
    const { open, events } = await serve()
    const connection = await open()
    connection.send(get('/wait') + get('/n/1', upgrade('h2c')))
    await until(() => events.length === 1, 'the first begins')
    connection.destroy()
    await until(() => events.length === 2, 'it is told', 500)
  })

  test('bytes that do not parse close the connection, and are no answer to it', async () => {
    const { open, events } = await serve()
    const connection = await open()
    connection.send(`${get('/wait')}garbage\r\n\r\n`)
    await expect(within(connection.reply('GET'), 'the end')).rejects.toThrow(/ended|reset|closed/i)
    await until(() => events.length === 2, 'it is told', 500)
  })
})
