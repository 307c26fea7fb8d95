/** Requests that are whole, broken, or not complete yet (RFC 9112): the cases of h1spec, in our words. */
import { App } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { RawConnection } from '../contract/raw-client.ts'
import { wait, within } from '../contract/transport.ts'
import { readText, start } from './scene.ts'

/** How long a server is watched that has to wait for the rest. */
const PATIENCE_MS = 100

function echo(): Promise<() => Promise<RawConnection>> {
  const app = new App()
  for (const path of ['/', '/hello'])
    for (const method of ['GET', 'POST'])
      app.route(method, path, async ({ body }) => Buffer.from(await body.bytes()).toString())
  return start(app)
}

/** `\n` stands for CRLF. */
const lines = (text: string) => text.replaceAll('\n', '\r\n')

test('a request that is not complete is waited for, wherever it stops', async () => {
  const open = await echo()
  const request = lines('GET /hello HTTP/1.1\nHost: localhost\n\n')
  const starts = Array.from({ length: request.length - 1 }, (_, n) => request.slice(0, n + 1))
  const answers = await Promise.all(
    starts.map(async (text) => {
      const { socket } = await open()
      socket.write(text)
      let heard = 'nothing'
      socket.on('close', () => (heard = 'a close'))
      await wait(PATIENCE_MS)
      return [text, socket.readableLength > 0 ? String(socket.read()) : heard]
    }),
  )
  expect(answers).toEqual(starts.map((text) => [text, 'nothing']))
})

test.each([
  ['a GET', 'GET / HTTP/1.1\nHost: a\n\n', ''],
  ['fields in odd forms', 'GET / HTTP/1.1\nhoSt:\ta\nempty:\n\n', ''],
  ['an empty value', 'GET / HTTP/1.1\nHost: a\nX-Empty: \n\n', ''],
  ['an expectation', 'GET / HTTP/1.1\nHost: a\nExpect: 100-continue\n\n', ''],
  ['a length', 'POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello', 'hello'],
  [
    'chunks',
    'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\nc\nHellO world1\n0\n\n',
    'HellO world1',
  ],
])('%s is answered', async (_, request, body) => {
  const connection = await (await echo())()
  connection.send(lines(request))
  const got = await within(connection.reply('GET'), 'a reply')
  expect([got.status, await readText(got)]).toEqual([200, body])
})

describe('is refused', () => {
  const chunked = 'Transfer-Encoding: chunked\n\nc\nHellO world1\n0\n\n'
  test.each([
    ['no version', 'GET / \n\n'],
    ['a version that there is not', 'GET / HTTP/9.9\nHost: a\n\n'],
    ['something in front of the method', 'Extra lineGET / HTTP/1.1\nHost: a\n\n'],
    ['no host', 'GET / HTTP/1.1\nContent-Length: 5\n\n'],
    ['two hosts', 'GET / HTTP/1.1\nHost: a\nHost: b\n\n'],
    ['a name with brackets', 'GET / HTTP/1.1\nHost: a\nX-Invalid[]: test\n\n'],
    ['a control character in a value', 'GET / HTTP/1.1\nHost: a\nX-Control: test\x07\n\n'],
    ['a bare CR at the end of the head', 'GET / HTTP/1.1\nHost: a\n\rSome-Header: Test\n\n'],
    ['a negative length', 'GET / HTTP/1.1\nHost: a\nContent-Length: -1234\n\n'],
    ['a large negative length', 'GET / HTTP/1.1\nHost: a\nContent-Length: -123456789123456789123456789\n\n'],
    ['a length that is no number', 'GET / HTTP/1.1\nHost: a\nContent-Length: abc\n\n'],
    [
      'a length and chunks',
      `POST / HTTP/1.1\nHost: a\ncontent-LengtH: 5\nTransFer-Encoding: chunked${chunked.slice(26)}`,
    ],
  ])('%s', async (_, request) => {
    const connection = await (await echo())()
    connection.send(lines(request))
    const { status } = await within(connection.reply('GET'), 'a refusal')
    expect(status).toBeGreaterThanOrEqual(400)
  })
})
