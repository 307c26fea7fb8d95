/** Requests that are broken, odd or cut into pieces, as they come over a bare socket. */
import { App } from 'millrace'
import { describe, expect, test } from 'vitest'
import { within } from '../contract/transport.ts'
import { readText, start } from './scene.ts'

describe('malformed requests', () => {
  test.each([
    ['no request line', 'nonsense\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a header block of 64 KiB', `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(65_536)}\r\n\r\n`, 431],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ])('%s is refused', async (_, request, status) => {
    const app = new App()
    app.get('/', () => 'never')
    app.post('/', () => 'never')
    const open = await start(app)
    const connection = await open()
    connection.send(request)
    const got = await within(connection.reply('GET'), 'a refusal')
    expect(got.status).toBe(status)
    expect(await readText(await (await open()).request('GET', '/'))).toBe('never')
  })

  test('a request that is split at any byte is the same request', async () => {
    const app = new App()
    app.post('/a/:id', async ({ params, query, body }) => [params.id, query, await body.text()])
    const open = await start(app)
    const request = Buffer.from(
      'POST /a/%C3%BC?b=%20 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nö1\r\n2\r\n23\r\n0\r\n\r\n',
    )
    const connection = await open()
    connection.socket.setNoDelay(true)
    for (let at = 1; at < request.length; at++) {
      connection.send(request.subarray(0, at))
      // Across a turn of the loop, so that the two parts are two reads more often than not.
      await new Promise((resolve) => setImmediate(resolve))
      connection.send(request.subarray(at))
      const got = await within(connection.reply('POST'), `split at ${at}`)
      expect([at, await readText(got)]).toEqual([at, '["ü",{"b":" "},"ö123"]'])
    }
  })

  test('an upgrade that is not spoken is ignored', async () => {
    const app = new App()
    app.get('/', () => 'plain')
    const connection = await (await start(app))()
    const got = await connection.request('GET', '/', {
      headers: {
        connection: 'Upgrade, HTTP2-Settings',
        upgrade: 'h2c',
        'http2-settings': 'AAMAAABkAAQAAP__',
      },
    })
    expect([got.status, await readText(got)]).toEqual([200, 'plain'])
  })

  test('absolute-form and asterisk-form targets', async () => {
    const app = new App()
    app.get('/a', ({ query }) => query)
    const open = await start(app)
    expect(await readText(await (await open()).request('GET', 'http://x.test/a?b=c'))).toBe('{"b":"c"}')
    expect((await (await open()).request('OPTIONS', '*')).status).toBe(204)
    // Asterisk-form is for OPTIONS alone (RFC 9112 section 3.2.4).
    expect((await (await open()).request('GET', '*')).status).toBe(400)
  })
})
