/** Nothing that one reader takes for a body is a request for this one. The process is a real one. */
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { certificate } from '../contract/certificate.ts'
import { within } from '../contract/transport.ts'
import { Child } from '../siege/child.ts'
import { DESYNCS, type Desync, WHOLE_REQUESTS } from './desync-corpus.ts'
import { SMUGGLED } from './desync-spelling.ts'

/** How long a connection that is kept alive is listened to after its last byte. */
const QUIET_MS = 30

const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n'
const HONEST = 'GET /honest HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

/** Sends bytes, and gives all that comes back, and whether the connection was closed. */
function exchange(socket: Socket, bytes: string): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = ''
    const done = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text, closed })
    }
    let timer = setTimeout(done, 1500, false)
    socket.on('data', (data) => {
      text += String(data)
      if (text === INTERIM) return
      clearTimeout(timer)
      timer = setTimeout(done, QUIET_MS, false)
    })
    socket.on('error', () => {})
    socket.on('close', () => done(true))
    socket.write(Buffer.from(bytes, 'latin1'))
  })
}

let server: Child | undefined
beforeEach(async () => {
  // What ends it is told by the test that did.
  if (server?.isAlive === true) return
  const settings = JSON.stringify({ tls: certificate() })
  server = await Child.start(join(import.meta.dirname, 'desync-server.mjs'), settings)
})
afterAll(() => server?.stop())

const open = {
  plain: () => connect(server!.ports.http1, '127.0.0.1'),
  TLS: () => connectTls({ port: server!.ports.tls, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false }),
}

async function expectFate({ fate, bytes }: Desync, connectTo: () => Socket): Promise<void> {
  const got = await exchange(connectTo(), bytes)
  const smuggled = await server!.ask<number>('smuggled')
  expect([smuggled, got.text]).toEqual([fate === 'second' ? 1 : 0, expect.anything()])
  const status = Number(/^HTTP\/1\.1 (?:100 Continue\r\n\r\nHTTP\/1\.1 )?(\d{3})/.exec(got.text)?.[1] ?? NaN)
  const wasRefused = got.closed && !(status < 400)
  const wasRead = got.text.endsWith(`read ${SMUGGLED.length}`)
  if (fate === 'refused') expect([wasRefused, got.text]).toEqual([true, expect.anything()])
  if (fate === 'body') expect([wasRead, got.text]).toEqual([true, expect.anything()])
}

describe.each([
  ['plain', DESYNCS],
  // The same parser; the protocol is found in another way.
  ['TLS', WHOLE_REQUESTS],
] as const)('%s', (door, desyncs) => {
  test.each(desyncs.map((each) => ({ ...each, title: JSON.stringify(each.name) })))(
    '$title: $fate',
    async (desync) => {
      await expectFate(desync, open[door])
      expect(server!.isAlive, server!.errors).toBe(true)
      const honest = await exchange(open[door](), HONEST)
      expect(honest.text).toMatch(/^HTTP\/1\.1 200 [^]*honest$/)
    },
  )
})

test('control: a lenient server is caught', async () => {
  let smuggled = 0
  const lenient = createServer((socket) => {
    let rest = ''
    socket.on('error', () => {})
    socket.on('data', (data) => {
      rest += data.toString('latin1')
      for (let taken = takeLeniently(rest); taken !== undefined; taken = takeLeniently(rest)) {
        if (taken.head.startsWith('GET /smuggled')) smuggled++
        rest = taken.rest
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      }
    })
  })
  await within(new Promise<void>((resolve) => lenient.listen(0, '127.0.0.1', resolve)), 'it listens')
  const { port } = lenient.address() as { port: number }
  let caught = 0
  for (const { fate, bytes } of DESYNCS) {
    if (fate === 'second') continue
    smuggled = 0
    await exchange(connect(port, '127.0.0.1'), bytes)
    if (smuggled > 0) caught++
  }
  lenient.close()
  expect(caught).toBeGreaterThan(50)
}, 60_000)

/** One request as a careless reader sees it: any line end, any coding with `chunked` in it, any digits. */
function takeLeniently(text: string): { head: string; rest: string } | undefined {
  const end = /\r?\n\r?\n/.exec(text)
  if (end === null) return undefined
  const head = text.slice(0, end.index)
  const rest = text.slice(end.index + end[0].length)
  if (/transfer-encoding\s*:\s*.*chunked/i.test(head)) {
    const last = /(^|\n)0\r?\n\r?\n/.exec(rest)
    return last === null ? undefined : { head, rest: rest.slice(last.index + last[0].length) }
  }
  const length = Number(/^content-length: ?(\d+)/im.exec(head)?.[1] ?? 0)
  return { head, rest: rest.slice(length) }
}
