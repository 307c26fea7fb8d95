/** Connections that are held with little or nothing on them, and clients that do not read. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hostile } from '../hostile.ts'
import { type Attack, COSTLY_MS } from './attack.ts'

export const GET = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`

/** Node does not see the end of a connection that is not read. */
export const UNREAD = 'what is not read has no end: `timeouts` ends it'

/** Sends a text byte by byte. */
async function trickle(hostile: Hostile, text: string, ms: number): Promise<void> {
  const socket = hostile.open(hostile.ports.http1)
  socket.setNoDelay(true)
  await hostile.each(socket, ms, (turn) => socket.write(text[turn % text.length]!))
}

export const CONNECTION_ATTACKS: readonly Attack[] = [
  {
    name: 'connects and is silent',
    door: 'http1',
    inCi: true,
    run: (hostile) => hostile.open(hostile.ports.http1),
  },
  {
    name: 'closes its side after half a request',
    door: 'http1',
    inCi: true,
    run: (hostile) => hostile.open(hostile.ports.http1).end('GET /json HTTP/1.1\r\nhost: a\r\n'),
  },
  {
    name: 'closes its side after a request that waits',
    door: 'http1',
    inCi: true,
    run: (hostile) => hostile.open(hostile.ports.http1).end(GET('/wait')),
  },
  {
    name: 'a head, byte by byte',
    door: 'http1',
    inCi: true,
    run: (hostile) => trickle(hostile, `GET /json HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(10_000)}`, 20),
  },
  {
    name: 'a body, byte by byte',
    door: 'http1',
    inCi: true,
    async run(hostile) {
      const socket = hostile.open(hostile.ports.http1)
      socket.write('POST /whole HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n')
      await hostile.each(socket, 20, () => socket.write('x'))
    },
  },
  {
    name: 'a body that stops',
    door: 'http1',
    inCi: true,
    run: (hostile) =>
      hostile
        .open(hostile.ports.http1)
        .write('POST /whole HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nx'),
  },
  {
    name: 'a body that nobody reads yet',
    door: 'http1',
    everyMs: COSTLY_MS,
    stays: UNREAD,
    async run(hostile) {
      const socket = hostile.open(hostile.ports.http1)
      socket.write('POST /late HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n')
      await hostile.flood(socket, 'x'.repeat(64_000), hostile.times(1000))
    },
  },
  ...['/big', '/endless', '/file', '/big-compressed', '/stream-compressed'].map((path) => ({
    name: `reads nothing of ${path}`,
    everyMs: COSTLY_MS,
    inCi: path === '/endless' || path === '/file',
    door: 'http1' as const,
    run: (hostile: Hostile) =>
      hostile
        .open(hostile.ports.http1, false)
        .write(`GET ${path} HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n`),
  })),
  {
    name: 'reads a little of /endless now and then',
    door: 'http1',
    everyMs: COSTLY_MS,
    async run(hostile) {
      const socket = hostile.open(hostile.ports.http1, false)
      socket.write(GET('/endless'))
      await hostile.each(socket, 50, () => socket.read(100))
    },
  },
  {
    name: 'a quiet stream',
    door: 'http1',
    run: (hostile) => hostile.open(hostile.ports.http1).write(GET('/quiet')),
  },
  {
    name: 'asks and leaves, over and over',
    door: 'http1',
    async run(hostile) {
      const count = hostile.times(1000)
      for (let n = 0; n < count && !hostile.isOver; n++) {
        const socket = hostile.open(hostile.ports.http1)
        socket.write(GET('/wait'))
        await sleep(1)
        socket.destroy()
      }
    },
  },
  {
    name: 'a TLS handshake that stalls',
    door: 'tls',
    inCi: true,
    run: (hostile) =>
      hostile
        .open(hostile.ports.tls)
        .write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...new Array<number>(32).fill(1)])),
  },
  {
    name: 'a TLS handshake of noise',
    door: 'tls',
    async run(hostile) {
      const count = hostile.times(300)
      for (let n = 0; n < count && !hostile.isOver; n++) {
        hostile.open(hostile.ports.tls).write(Buffer.alloc(100, n))
        await sleep(1)
      }
    },
  },
  {
    name: 'a TLS connection that is silent',
    door: 'tls',
    everyMs: 5,
    inCi: true,
    run: (hostile) => hostile.openTls('http/1.1'),
  },
  {
    name: 'plain HTTP to the TLS port',
    door: 'tls',
    run: (hostile) => hostile.open(hostile.ports.tls).write(GET('/json')),
  },
  {
    name: 'reads nothing of /big over TLS',
    door: 'tls',
    everyMs: COSTLY_MS,
    run: (hostile) => hostile.openTls('http/1.1', false).write(GET('/big')),
  },
]
