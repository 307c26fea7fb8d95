/** Sessions of HTTP/2 that break the protocol (issue 11): they are closed, and their handlers are told. */
import { readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { App, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../contract/certificate.ts'
import { until, wait, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const NOTHING = Buffer.alloc(0)

/** RFC 9113 section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer = NOTHING): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** GET of a path, by indexed fields and literals of HPACK. */
function headers(path: string): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x86, 0x04, path.length]), Buffer.from(`${path}A\x01a`)])
}

const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)])

/** What breaks a session: nghttp2 tells Node of some of them only. */
const FAULTS: Record<string, Buffer> = {
  'DATA on a stream of the server': frame(0, 0, 2),
  'DATA on an idle stream': frame(0, 0, 9),
  'a CONTINUATION that continues nothing': frame(9, 4, 1),
  'a frame above the size limit': frame(0, 0, 1, Buffer.alloc(20_000)),
  'a header block that does not decode': frame(1, 5, 3, Buffer.alloc(6, 0xff)),
  'an acknowledgement of SETTINGS with a payload': frame(4, 1, 0, Buffer.alloc(6)),
  'a PUSH_PROMISE': frame(5, 4, 1, Buffer.alloc(8)),
  'RST_STREAM of an idle stream': frame(3, 0, 2, Buffer.alloc(4)),
  'a window that overflows': frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
  'HEADERS in the middle of a header block': Buffer.concat([
    frame(1, 1, 3, headers('/wait')),
    frame(1, 5, 5, headers('/wait')),
  ]),
}

async function serve(tls: boolean) {
  const app = new App({ timeouts: { headers: 60_000 } })
  const told: string[] = []
  let begun = 0
  app.get('/wait', async ({ sleep }) => {
    begun++
    await sleep(600_000).finally(() => told.push('handler'))
  })
  app.get('/stream', { streams: text }, async function* ({ sleep }) {
    begun++
    try {
      yield 'a'
      await sleep(600_000)
    } finally {
      told.push('stream')
    }
  })
  app.get('/', () => 'ok')
  app.post('/late', async ({ body, sleep }) => {
    await sleep(1500)
    return (await body.bytes()).byteLength
  })
  const options = tls ? { tls: certificate() } : { http2: true }
  const { port } = await app.listen({ port: 0, signals: false, ...options })
  cleanups.push(() => app.close({ grace: 300 }))
  const open = (): Socket => {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
      : connect(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    cleanups.push(() => socket.destroy())
    return socket
  }
  return { port, open, told, begun: () => begun }
}

describe.each([
  ['without TLS', false],
  ['over TLS', true],
])('a broken session %s', (_, tls) => {
  test.each(Object.keys(FAULTS))('%s', async (fault) => {
    const { open, told, begun } = await serve(tls)
    const [leaves, stays, rests] = [open(), open(), open()]
    const requests = [frame(1, 5, 1, headers('/wait')), frame(1, 5, 3, headers('/stream'))]
    for (const socket of [leaves, stays]) socket.write(Buffer.concat([PREFACE, ...requests]))
    rests.write(Buffer.concat([PREFACE, frame(1, 5, 1, headers('/'))]))
    await until(() => begun() === 4, 'all of them begin')
    const closed = [stays, rests].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of [leaves, stays, rests]) socket.write(FAULTS[fault]!)
    await wait(20)
    leaves.destroy()
    await until(() => told.length === 4, 'the handlers are told', 700)
    // The client that stays, and the one that has no request under way, are closed as well.
    await within(Promise.all(closed), 'both are closed', 1000)
  })

  // TLS has a record for each: what Node sends in between then never leaves.
  test.each(Object.keys(FAULTS))('%s, right behind its requests', async (fault) => {
    const { port, open, told, begun } = await serve(tls)
    const [replied, waits] = [open(), open()]
    for (const socket of [replied, waits]) socket.write(PREFACE)
    replied.write(frame(1, 5, 1, headers('/')))
    waits.write(frame(1, 5, 1, headers('/wait')))
    for (const socket of [replied, waits]) socket.write(FAULTS[fault]!)
    await wait(10)
    for (const socket of [replied, waits]) socket.destroy()
    await wait(700)
    expect(told.length).toBe(begun())
    expect(connectionsTo(port)).toBe(0)
  })
})

/** Connections of this process to a port of it, by what the system knows. */
function connectionsTo(port: number): number {
  const hex = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').split('\n')
  // Not those that have ended: TIME_WAIT (06). Not the one that listens (0A).
  return lines.filter(
    (line) => line.split(' ').filter(Boolean)[1] === hex && !/ (06|0A) /.test(line.slice(0, 45)),
  ).length
}

test.each([
  ['without TLS', false],
  ['over TLS', true],
])('a session %s that waits, in either direction, is not taken for a broken one', async (_, tls) => {
  const { port } = await serve(tls)
  const session = connectHttp2(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    settings: { initialWindowSize: 0 },
    rejectUnauthorized: false,
  })
  cleanups.push(() => session.destroy())
  const failed: unknown[] = []
  session.on('error', (error) => failed.push(error))
  const waits = session.request({ ':path': '/' })
  const uploads = session.request({ ':path': '/late', ':method': 'POST' })
  uploads.end(Buffer.alloc(500_000))
  const statuses: unknown[] = []
  for (const stream of [waits, uploads]) stream.on('response', (head) => statuses.push(head[':status']))
  // Several looks of the watch.
  await wait(2200)
  expect([failed, session.destroyed, statuses]).toEqual([[], false, [200, 200]])
})
