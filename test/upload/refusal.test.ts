/** What is decided before a body is read, and how much of it is read when it is refused in the middle. */
import { connect as connectHttp2, constants } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { App, bytes, dependency, file, form, HttpError, multipart } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { encodeForm, FORM_TYPE } from '../contract/upload-behaviours.ts'
import { recorder, until, wait, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const MIB = 1024 * 1024
/** What the body is read in, at the most, and what Node reads ahead of us. */
const ONE_BUFFER = 64 * 1024 + 64 * 1024

const guard = dependency(({ headers }) => {
  if (headers['authorization'] === undefined) throw new HttpError(401)
})

/** The bodies of requests, for who wants to know how much of them was read. */
const readers: { readonly received: number }[] = []

async function serve(options: { http2?: boolean } = {}): Promise<number> {
  readers.length = 0
  const app = new App({
    log: recorder([]),
    middleware: [
      (context, next) => {
        readers.push(context.body)
        return next()
      },
    ],
  })
  const parts = { title: z.string().max(5).default(''), f: file({ maxBytes: MIB }) }
  const more = { use: { guard } }
  app.post('/stream', { ...more, body: multipart(parts) }, async ({ body }) => {
    for await (const part of body) if (part.kind === 'file') for await (const _ of part);
    return 'ok'
  })
  app.post('/form', { ...more, body: form(parts) }, () => 'ok')
  app.post('/raw', { ...more, body: bytes('application/x-raw'), bodyLimit: MIB }, async ({ body }) => {
    for await (const _ of body);
    return 'ok'
  })
  app.post('/unread', { ...more, body: bytes('application/x-raw'), bodyLimit: MIB }, () => 'ok')
  const { port } = await app.listen({ port: 0, signals: false, ...options })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

/** A connection that keeps what it hears, and sends as fast as it is taken. */
function speak(port: number): {
  socket: Socket
  heard(): string
  send(bytes: string | Uint8Array): Promise<boolean>
} {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (data) => (heard += String(data)))
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  return {
    socket,
    heard: () => heard,
    send: (data) =>
      new Promise((resolve) => {
        if (socket.write(data)) return setImmediate(() => resolve(socket.writable))
        socket.once('drain', () => resolve(true))
        socket.once('close', () => resolve(false))
      }),
  }
}

const AUTHORIZED = 'authorization: x\r\n'
const RAW = 'content-type: application/x-raw\r\n'
const FORM = `content-type: ${FORM_TYPE['content-type']}\r\n`
const head = (path: string, ...fields: string[]) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${fields.join('')}\r\n`
const EXPECT = 'expect: 100-continue\r\n'

describe('Expect: 100-continue', () => {
  test.each([
    ['401: nobody', '/stream', 401, [FORM, 'content-length: 500\r\n']],
    ['401: nobody, chunked', '/stream', 401, [FORM, 'transfer-encoding: chunked\r\n']],
    ['401: nobody, a form', '/form', 401, [FORM, 'content-length: 500\r\n']],
    ['401: nobody, raw', '/raw', 401, [RAW, 'transfer-encoding: chunked\r\n']],
    ['413: too large', '/stream', 413, [AUTHORIZED, FORM, 'content-length: 9000000\r\n']],
    ['413: too large, a form', '/form', 413, [AUTHORIZED, FORM, 'content-length: 9000000\r\n']],
    ['413: too large, raw', '/raw', 413, [AUTHORIZED, RAW, 'content-length: 1048577\r\n']],
    ['415: another type', '/stream', 415, [AUTHORIZED, RAW, 'content-length: 500\r\n']],
    [
      '400: no boundary',
      '/form',
      400,
      [AUTHORIZED, 'content-type: multipart/form-data\r\n', 'content-length: 5\r\n'],
    ],
    ['404: no route', '/nowhere', 404, [AUTHORIZED, RAW, 'content-length: 500\r\n']],
    ['200: not wanted', '/unread', 200, [AUTHORIZED, RAW, 'content-length: 500\r\n']],
  ])('a final answer without a 100: %s', async (_, path, status, fields) => {
    const { socket, heard } = speak(await serve())
    socket.write(head(path, EXPECT, ...fields))
    await until(() => heard().includes('\r\n\r\n'), 'an answer')
    expect(heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(readers[0]?.received ?? 0).toBe(0)
  })

  test.each([
    ['/stream', FORM, encodeForm([['f', 'hello', 'f']])],
    ['/form', FORM, encodeForm([['f', 'hello', 'f']])],
    ['/raw', RAW, Buffer.from('hello')],
  ])('a 100 when the body is wanted, and the answer after it: %s', async (path, type, body) => {
    const { socket, heard } = speak(await serve())
    socket.write(head(path, EXPECT, AUTHORIZED, type, `content-length: ${body.length}\r\n`))
    await until(() => heard() === 'HTTP/1.1 100 Continue\r\n\r\n', '100')
    await wait(20)
    expect(heard()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write(body)
    await until(() => heard().includes('HTTP/1.1 200'), '200')
  })
})

/** A part of a form without end. */
const endlessPart = (name: string) =>
  Buffer.from(`--millrace-test\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n`)

describe('refused in the middle, after no more than the limit and one buffer', () => {
  const cases: [string, string, string, number, number, Uint8Array][] = [
    ['a raw body over its limit', '/raw', RAW, 413, MIB, new Uint8Array()],
    ['a raw body nobody reads', '/unread', RAW, 413, MIB, new Uint8Array()],
    ['a file over its limit', '/stream', FORM, 413, MIB, endlessPart('f')],
    ['a file of a form over its limit', '/form', FORM, 413, MIB, endlessPart('f')],
    ['a file nobody asked for', '/stream', FORM, 422, 0, endlessPart('virus')],
    ['no form', '/stream', FORM, 400, 0, Buffer.from('--millrace-test\r\nhello\r\n\r\n')],
    [
      'a field that does not pass',
      '/stream',
      FORM,
      422,
      0,
      Buffer.concat([
        encodeForm([['title', 'too long']]).subarray(0, -4),
        Buffer.from('\r\n'),
        endlessPart('f'),
      ]),
    ],
  ]

  test.each(cases)('%s, over HTTP/1.1', async (_, path, type, status, limit, start) => {
    const { heard, send, socket } = speak(await serve())
    await send(head(path, AUTHORIZED, type, 'transfer-encoding: chunked\r\n'))
    const chunk = (data: Uint8Array) =>
      Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
    if (start.length > 0) await send(chunk(start))
    const piece = chunk(new Uint8Array(32 * 1024).fill(120))
    // It stops sending when it is answered, as a good client does, or is cut off.
    for (let sent = 0; sent < 64 * MIB && heard() === ''; sent += piece.length)
      if (!(await send(piece))) break
    await until(() => heard().includes('\r\n\r\n'), 'an answer')
    expect(heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*connection: close`, 'i'))
    expect(readers[0]!.received).toBeLessThanOrEqual(limit + ONE_BUFFER)
    const { received } = readers[0]!
    await within(
      new Promise((resolve) => (socket.destroyed ? resolve(0) : socket.once('close', resolve))),
      'closed',
    )
    expect(readers[0]!.received).toBe(received)
  })

  test.each(cases)('%s, over HTTP/2', async (_, path, type, status, limit, start) => {
    const session = connectHttp2(`http://127.0.0.1:${await serve({ http2: true })}`)
    cleanups.push(() => session.destroy())
    const [name, value] = type.trim().split(': ')
    const stream = session.request(
      { ':method': 'POST', ':path': path, authorization: 'x', [name!]: value! },
      { endStream: false },
    )
    stream.on('error', () => {})
    let answered: number | undefined
    stream.on('response', (headers) => (answered = headers[':status']))
    stream.resume()
    if (start.length > 0) stream.write(start)
    const piece = new Uint8Array(32 * 1024).fill(120)
    let sent = 0
    for (; sent < 64 * MIB && answered === undefined; sent += piece.length) {
      if (stream.write(piece)) await wait(0)
      else await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), wait(50)])
    }
    expect(answered).toBe(status)
    // Somebody who goes on sending is told to stop, without harm to the connection.
    await until(() => stream.closed, 'the stream is reset')
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
    expect(readers[0]!.received).toBeLessThanOrEqual(limit + ONE_BUFFER)
    const other = session.request({ ':path': '/nowhere' })
    const status404 = new Promise((resolve) =>
      other.once('response', (headers) => resolve(headers[':status'])),
    )
    expect(await within(status404, 'another stream of the connection')).toBe(404)
  })
})

describe('backpressure', () => {
  test('a handler that waits holds up its sender, in a part and between parts', async () => {
    const app = new App({ log: recorder([]) })
    let reader: { readonly received: number } | undefined
    let goOn = () => {}
    const pause = () => new Promise<void>((resolve) => (goOn = resolve))
    const places: string[] = []
    app.post('/', { body: multipart({ f: file({ maxBytes: 64 * MIB, many: true }) }) }, async ({ body }) => {
      reader = body
      for await (const part of body) {
        if (part.kind !== 'file') continue
        places.push('between')
        await pause()
        for await (const _ of part) {
          if (part.received < 10 * MIB || places.at(-1) === 'inside') continue
          places.push('inside')
          await pause()
        }
      }
      return 'ok'
    })
    const { port } = await app.listen({ port: 0, signals: false })
    cleanups.push(() => app.close({ grace: 0 }))
    const { socket, heard } = speak(port)
    const body = encodeForm([['f', Buffer.alloc(48 * MIB, 'x'), 'f']])
    socket.write(head('/', FORM, `content-length: ${body.length}\r\n`))
    socket.write(body)
    for (const [place, received] of [
      ['between', 0],
      ['inside', 10 * MIB],
    ] as const) {
      await until(() => places.at(-1) === place, place)
      await wait(200)
      expect(reader!.received - received).toBeLessThan(ONE_BUFFER)
      // What the system's own buffers hold is not ours to say; the rest is still with the sender.
      expect(socket.writableLength).toBeGreaterThan(20 * MIB)
      goOn()
    }
    await until(() => heard().includes('200 OK'), 'the answer', 20_000)
  })
})
