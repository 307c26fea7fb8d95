/** HTTP/1.1 as a bare socket sees it: what a client library would hide. */
import { App, jsonl, reply, text } from 'millrace'
import { describe, expect, test } from 'vitest'
import { RawConnection } from '../contract/raw-client.ts'
import { until, wait, within } from '../contract/transport.ts'
import { read, scene } from '../format/scene.ts'

describe('HEAD', () => {
  test('writes no body, also where GET has a chunked one, and keeps the connection', async () => {
    const { app, open } = scene()
    app.get('/stream', { streams: text }, function* () {
      yield 'x'
    })
    app.get('/value', () => ({ a: 1 }))
    app.get('/raw', () => reply.stream(['abc'], { length: 3 }))
    const connection = await open()
    for (const path of ['/stream', '/value', '/raw', '/nowhere']) {
      const got = await connection.request('HEAD', path)
      expect(await read(got), path).toEqual({ text: '', cut: false })
    }
    // Had a body followed, this would not parse.
    expect((await read(await connection.request('GET', '/value'))).text).toBe('{"a":1}')
  })
})

describe('a reply before the request is complete', () => {
  test('the rest of the body is ignored, and the connection stays usable', async () => {
    const { app, open } = scene({ bodyLimit: 1 << 24 })
    app.post('/', () => 'early')
    const connection = await open()
    connection.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n')
    connection.send('x'.repeat(1000))
    const got = await within(connection.reply('POST'), 'the early reply')
    expect((await read(got)).text).toBe('early')
    connection.send('x'.repeat(299_000))
    expect((await read(await within(connection.request('POST', '/'), 'the next'))).text).toBe('early')
  })
})

describe('a client that leaves early', () => {
  test('is noticed by the handler; reading its body then rejects as a disconnect', async () => {
    const { app, open, endings } = scene()
    const seen: string[] = []
    app.post('/', async ({ body, signal, sleep }) => {
      seen.push('begins')
      await sleep(60_000).catch(() => {})
      seen.push((signal.reason as { reason: string }).reason)
      await body.text().catch((error: { reason?: string }) => seen.push(`read: ${error.reason}`))
    })
    const connection = await open()
    connection.send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc')
    await until(() => seen.length === 1, 'the handler begins')
    connection.destroy()
    await until(() => seen.length === 3, 'the handler is told')
    expect(seen).toEqual(['begins', 'disconnect', 'read: disconnect'])
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]!.outcome).toBe('disconnect')
  })
})

describe('Expect: 100-continue', () => {
  const start = () => {
    const made = scene({ bodyLimit: 1000 })
    made.app.post('/read', async ({ body, sleep }) => {
      await sleep(150)
      return `got ${await body.text()}`
    })
    made.app.post('/unread', () => 'unread')
    made.app.post('/items', { body: jsonl() }, async ({ body }) => {
      let count = 0
      for await (const _ of body) count++
      return count
    })
    return made
  }
  const ask = (path: string, more: string) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n${more}\r\n`

  test('the body is asked for when it is read, not before', async () => {
    const connection = await start().open()
    const startedAt = performance.now()
    connection.send(ask('/read', 'content-length: 3\r\n'))
    expect(await within(connection.line(), 'the 100')).toBe('HTTP/1.1 100 Continue')
    expect(performance.now() - startedAt).toBeGreaterThan(140)
    expect(await connection.line()).toBe('')
    connection.send('abc')
    expect((await read(await connection.reply('POST'))).text).toBe('got abc')
  })

  test('nor when nobody reads it, or it is refused', async () => {
    const { open } = start()
    for (const [path, more, status] of [
      ['/unread', 'content-length: 3\r\n', 200],
      ['/read', 'content-length: 5000\r\n', 413],
      ['/items', 'content-type: text/plain\r\ncontent-length: 3\r\n', 415],
      ['/nowhere', 'content-length: 3\r\n', 404],
    ] as const) {
      const connection = await open()
      connection.send(ask(path, more))
      expect(await within(connection.line(), path), path).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    }
  })

  test('an item stream is asked for once', async () => {
    const connection = await start().open()
    connection.send(ask('/items', 'content-type: application/jsonl\r\ntransfer-encoding: chunked\r\n'))
    expect(await within(connection.line(), 'the 100')).toBe('HTTP/1.1 100 Continue')
    expect(await connection.line()).toBe('')
    connection.send('4\r\n1\n2\n\r\n0\r\n\r\n')
    expect((await read(await connection.reply('POST'))).text).toBe('2')
  })
})

describe('requests that are none', () => {
  const raw = async (bytes: string) => {
    const { app, open } = scene()
    app.get('/', () => 'x')
    const connection = await open()
    connection.send(Buffer.from(bytes, 'latin1'))
    return within(connection.reply('GET'), 'a reply')
  }

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n', 400],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n', 400],
    ['two lengths', 'GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a version that is none', 'GET / HTTP/9.9\r\nhost: x\r\n\r\n', 400],
    ['huge headers', `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ])('%s', async (_, bytes, status) => {
    const got = await raw(bytes)
    expect([got.status, got.headers['connection']]).toEqual([status, 'close'])
  })
})

test('HTTP/1.0 closes after the reply', async () => {
  const { app, open } = scene()
  app.get('/', () => ({ a: 1 }))
  const connection = await open()
  const got = await connection.request('GET', '/', { version: '1.0' })
  expect([got.headers['connection'], (await read(got)).text]).toEqual(['close', '{"a":1}'])
  expect(await within(connection.some(1), 'the close')).toBe(undefined)
})

test('the keep-alive timer starts behind the last pipelined reply', async () => {
  const app = new App({ log: { debug() {}, info() {}, warn() {}, error() {} } })
  app.get('/slow/:ms', async ({ params }) => {
    await wait(Number(params.ms))
    return params.ms
  })
  const { port } = await app.listen({ port: 0, signals: false })
  const connection = await RawConnection.open(port)
  try {
    for (const ms of [300, 10, 200]) await connection.write('GET', `/slow/${ms}`)
    for (const ms of ['300', '10', '200']) expect((await read(await connection.reply('GET'))).text).toBe(ms)
    expect(connection.socket.readableEnded).toBe(false)
    expect((await read(await connection.request('GET', '/slow/1'))).text).toBe('1')
  } finally {
    connection.destroy()
    await app.close({ grace: 0 })
  }
})
