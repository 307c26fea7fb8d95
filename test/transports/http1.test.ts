/** What only HTTP/1.1 on a socket can show: framing, reuse of connections, pipelining, HTTP/1.0. */
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { App, HttpError, reply, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { CutError, RawConnection } from '../contract/raw-client.ts'
import { type LogEntry, recorder, until, wait, within } from '../contract/transport.ts'
import { readText, start } from './scene.ts'

const log: LogEntry[] = []
afterEach(() => {
  log.length = 0
})

const makeApp = () => new App({ log: recorder(log) })

async function* twoThenFail() {
  yield 'one '
  await wait(2)
  yield 'two'
  throw new Error('broken')
}

describe('framing', () => {
  test('a stream is chunked, one chunk per write, and ends with the last chunk', async () => {
    const app = makeApp()
    app.get('/', { streams: text }, async function* () {
      yield 'a'
      yield 'b'
      yield ''
      await wait(5)
      yield 'c'
    })
    const connection = await (await start(app))()
    const got = await connection.request('GET', '/')
    expect(got.framing).toBe('chunked')
    expect(String(await got.bytes())).toBe('ab')
    expect(String(await got.bytes())).toBe('c')
    expect(await got.bytes()).toBeUndefined()
  })

  test('a stream that fails has no last chunk', async () => {
    const app = makeApp()
    app.get('/', { streams: text }, () => twoThenFail())
    const connection = await (await start(app))()
    const got = await connection.request('GET', '/')
    await expect(readText(got)).rejects.toThrow(CutError)
  })

  test('HTTP/1.0: a whole stream ends by a close, one that failed by a reset', async () => {
    const app = makeApp()
    app.get('/whole', { streams: text }, async function* () {
      yield 'one '
      await wait(2)
      yield 'two'
    })
    app.get('/fails', { streams: text }, async function* () {
      yield 'one '
      // libuv reads data and a reset that arrive together as data and an end.
      await wait(100)
      throw new Error('broken')
    })
    const open = await start(app)
    const whole = await (await open()).request('GET', '/whole', { version: '1.0' })
    expect(whole.framing).toBe('close')
    expect(await readText(whole)).toBe('one two')
    const fails = await (await open()).request('GET', '/fails', { version: '1.0' })
    await expect(readText(fails)).rejects.toThrow(CutError)
  })
})

describe('a whole reply', () => {
  /** Writes of a server's sockets while it answers, as `write` gets them: a vector counts as what it holds. */
  async function writesOf(port: number, path: string): Promise<string[]> {
    const writes: string[] = []
    const watch = (message: unknown) => {
      const { socket } = message as { socket: Socket }
      const { _write, _writev } = socket
      socket._write = function (chunk, encoding, callback) {
        writes.push(String(chunk))
        return _write.call(this, chunk, encoding, callback)
      }
      socket._writev = function (chunks, callback) {
        writes.push(...chunks.map(({ chunk }) => String(chunk)))
        return _writev!.call(this, chunks, callback)
      }
    }
    const sockets = channel('net.server.socket')
    sockets.subscribe(watch)
    try {
      const connection = await RawConnection.open(port)
      await readText(await connection.request('GET', path))
      connection.destroy()
    } finally {
      sockets.unsubscribe(watch)
    }
    return writes
  }

  test('is one write, head and body', async () => {
    const app = makeApp()
    app.get('/json', () => ({ a: 1 }))
    app.get('/text', () => 'text in ASCII')
    app.get('/wide', () => 'grün, 日本, 😀')
    app.get('/empty', () => '')
    const { port } = await app.listen({ port: 0 })
    for (const [path, body] of [
      ['/json', '{"a":1}'],
      ['/text', 'text in ASCII'],
      ['/wide', 'grün, 日本, 😀'],
      ['/empty', ''],
      ['/missing', '}'],
    ] as const) {
      const writes = await writesOf(port, path)
      expect(writes, path).toHaveLength(1)
      expect(writes[0]).toMatch(/^HTTP\/1\.1 /)
      expect(writes[0]!.endsWith(body), path).toBe(true)
    }
    await app.close({ grace: 0 })
  })

  test('control: one that is written in two is seen to be', async () => {
    const server = createServer((_, response) => {
      response.write('te')
      setImmediate(() => response.end('xt'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const writes = await writesOf((server.address() as AddressInfo).port, '/')
    expect(writes.length).toBeGreaterThan(1)
    server.close()
  })
})

describe('reuse of a connection', () => {
  test('replies of every kind leave it usable', async () => {
    const app = makeApp()
    app.get('/text', () => 'text')
    app.get('/none', () => {})
    app.get('/stream', { streams: text }, async function* () {
      yield 'a'
      await wait(1)
      yield 'b'
    })
    app.post('/unread', () => 'unread')
    app.post('/partly', async ({ body }) => {
      for await (const chunk of body) return `first ${chunk.byteLength > 0}`
      return 'none'
    })
    app.post('/partly-stream', { streams: text }, async function* ({ body }) {
      for await (const _ of body) break
      yield 'streamed'
    })
    app.get('/error', () => {
      throw new HttpError(400)
    })
    const connection = await (await start(app))()
    const big = new Uint8Array(300_000)
    const next = async (method: string, path: string, body?: Uint8Array) => {
      const got = await within(connection.request(method, path, { body }), `${method} ${path}`)
      return readText(got)
    }
    for (let round = 0; round < 2; round++) {
      expect(await next('GET', '/text')).toBe('text')
      expect(await next('HEAD', '/stream')).toBe('')
      expect(await next('GET', '/none')).toBe('')
      expect(await next('GET', '/stream')).toBe('ab')
      expect(await next('POST', '/unread', big)).toBe('unread')
      expect(await next('POST', '/partly', big)).toBe('first true')
      expect(await next('POST', '/partly-stream', big)).toBe('streamed')
      expect(await next('GET', '/error')).toContain('BAD_REQUEST')
    }
  })
})

describe('disconnects that a body could hide', () => {
  for (const [name, path] of [
    ['an unread body', '/unread'],
    ['a body that was partly read', '/partly'],
  ] as const) {
    test(`behind ${name}`, async () => {
      const app = makeApp()
      let ended = false
      app.post('/unread', { streams: text }, async function* ({ sleep }) {
        try {
          yield 'x'
          await sleep(60_000)
        } finally {
          ended = true
        }
      })
      app.post('/partly', { streams: text, bodyLimit: 10_000_000 }, async function* ({ sleep, body }) {
        for await (const _ of body) break
        try {
          yield 'x'
          await sleep(60_000)
        } finally {
          ended = true
        }
      })
      const connection = await (await start(app))()
      const got = await connection.request('POST', path, { body: new Uint8Array(900_000) })
      await got.bytes()
      connection.destroy()
      await until(() => ended, 'the generator unwinds', 1500)
    })
  }
})

describe('close', () => {
  test('streams are told and cut, a finite reply is finished', async () => {
    const app = makeApp()
    const reasons: unknown[] = []
    app.get('/stream', { streams: text }, async function* ({ sleep, after }) {
      after(({ outcome }) => reasons.push(outcome))
      yield 'x'
      await sleep(60_000)
    })
    app.get('/finite', async () => {
      await wait(100)
      return reply.text('finite')
    })
    const open = await start(app)
    const stream = await (await open()).request('GET', '/stream')
    await stream.bytes()
    const finite = (await open()).request('GET', '/finite')
    await wait(30)
    const closed = app.close({ grace: 5000 })
    await expect(within(readText(stream), 'the cut')).rejects.toThrow(CutError)
    expect(await readText(await finite)).toBe('finite')
    await within(closed, 'close')
    expect(reasons).toEqual(['shutdown'])
  })
})
