/** Frames of WebSocket that cost the server more than the client. */
import type { Hostile } from '../hostile.ts'
import type { Attack } from './attack.ts'
import { UNREAD } from './connection.ts'
import { HANDSHAKE, message } from './frame.ts'

const FLOOD = 'one connection sends so many bytes'
const TEXT = 0x81
const BINARY = 0x82
const BINARY_BEGINS = 0x02
const CONTINUES = 0x00
const CLOSE = 0x88
const PING = 0x89
const PONG = 0x8a

interface Plan {
  readonly first?: Buffer
  readonly reads?: boolean
  readonly stays?: string
}

function flood(name: string, path: string, piece: Buffer, count: number, plan: Plan = {}): Attack {
  return {
    name: `WebSocket: ${name}`,
    door: 'http1',
    ms: 400,
    alone: FLOOD,
    ...(plan.stays === undefined ? undefined : { stays: plan.stays }),
    async run(hostile) {
      const socket = hostile.open(hostile.ports.http1, plan.reads)
      socket.write(HANDSHAKE(path))
      if (plan.first) socket.write(plan.first)
      await hostile.flood(socket, piece, hostile.times(count))
    },
  }
}

const open = (hostile: Hostile, path: string, reads: boolean) => {
  const socket = hostile.open(hostile.ports.http1, reads)
  socket.write(HANDSHAKE(path))
  return socket
}

/** A frame that says it has so many bytes. */
const announced = (bytes: number) =>
  Buffer.concat([
    message(BINARY, Buffer.alloc(70_000)).subarray(0, 2),
    (() => {
      const length = Buffer.alloc(8)
      length.writeBigUInt64BE(BigInt(bytes))
      return length
    })(),
    Buffer.alloc(4),
  ])

export const WEBSOCKET_ATTACKS: readonly Attack[] = [
  { name: 'WebSocket: silent', door: 'http1', inCi: true, run: (hostile) => open(hostile, '/echo', true) },
  {
    name: 'WebSocket: reads nothing of /feed',
    door: 'http1',
    inCi: true,
    run: (hostile) => open(hostile, '/feed', false),
  },
  {
    name: 'WebSocket: half a message',
    door: 'http1',
    inCi: true,
    run: (hostile) =>
      open(hostile, '/echo', true).write(Buffer.concat([announced(1_000_000), Buffer.alloc(1000)])),
  },
  {
    name: 'WebSocket: a message in fragments that does not end',
    door: 'http1',
    inCi: true,
    async run(hostile) {
      const socket = open(hostile, '/echo', true)
      socket.write(message(BINARY_BEGINS, 'x'))
      await hostile.flood(socket, message(CONTINUES, 'x'), hostile.times(1000))
    },
  },
  {
    name: 'WebSocket: closes and stays',
    door: 'http1',
    run: (hostile) => open(hostile, '/echo', true).write(message(CLOSE, Buffer.from([3, 232]))),
  },
  flood('fragments of one byte', '/echo', message(CONTINUES, 'x'), 500_000, {
    first: message(BINARY_BEGINS, 'x'),
  }),
  flood('empty fragments', '/echo', message(CONTINUES), 500_000, { first: message(BINARY_BEGINS, 'x') }),
  flood('messages of one byte', '/echo', message(TEXT, 'x'), 200_000),
  flood('messages of one byte, not read', '/echo', message(TEXT, 'x'), 500_000, { reads: false }),
  flood('messages of one byte to a slow handler', '/slow', message(BINARY, 'x'), 1_000_000, {
    stays: UNREAD,
  }),
  flood('empty messages to a slow handler', '/slow', message(TEXT), 1_000_000, { stays: UNREAD }),
  flood('messages of 1 MiB to a slow handler', '/slow', message(BINARY, Buffer.alloc(1024 * 1024)), 200, {
    stays: UNREAD,
  }),
  flood('messages of 1 MiB, not read', '/echo', message(BINARY, Buffer.alloc(1024 * 1024)), 200, {
    reads: false,
  }),
  flood('messages of JSON that is not valid', '/sink', message(TEXT, '{"n":"x"}'), 100_000),
  flood('messages of JSON', '/sink', message(TEXT, '{"n":1}'), 200_000),
  flood('a message of deep JSON', '/sink', message(TEXT, '['.repeat(1_000_000)), 3),
  flood('pings', '/echo', message(PING), 500_000),
  flood('pings, not read', '/echo', message(PING, 'x'.repeat(100)), 500_000, { reads: false }),
  flood('pongs', '/echo', message(PONG), 500_000),
  flood('closes', '/echo', message(CLOSE, Buffer.from([3, 232])), 100_000),
  flood('a message that is too large', '/echo', Buffer.alloc(64_000), 2000, { first: announced(0x7fffffff) }),
  flood('a frame that is not masked', '/echo', Buffer.from([TEXT, 1, 97]), 1000),
]
