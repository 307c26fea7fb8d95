/** TLS in the clear: its records where none belong, and plain bytes where records belong. */
import type { Random } from '../../promise/random.ts'
import { type Input, type PortName, send } from '../input.ts'
import { cut, manners } from '../mutation.ts'
import { http1 } from './http1.ts'
import { http2 } from './http2.ts'

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value & 0xffff)
  return bytes
}

/** A list with its length in front, in two bytes. */
const sized = (...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([u16(content.length), content])
}

const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), sized(content)])

function serverName(random: Random): Buffer {
  const name = Buffer.from(random.pick(['localhost', 'a', '', 'x'.repeat(300), '127.0.0.1', 'a\0b']))
  return extension(0, sized(Buffer.from([0]), sized(name)))
}

function protocols(random: Random): Buffer {
  const names = random.pick([['h2'], ['http/1.1'], ['h2', 'http/1.1'], ['x'], [''], ['h2'.repeat(100)]])
  return extension(
    16,
    sized(...names.map((name) => Buffer.concat([Buffer.from([name.length & 0xff]), Buffer.from(name)]))),
  )
}

/** A ClientHello (RFC 8446 section 4.1.2) in its record. */
export function clientHello(random: Random): Buffer {
  const extensions = [
    serverName(random),
    protocols(random),
    extension(10, sized(u16(0x001d), u16(0x0017))),
    extension(13, sized(u16(0x0403), u16(0x0804))),
    extension(43, Buffer.concat([Buffer.from([4]), u16(0x0304), u16(0x0303)])),
    extension(51, sized(u16(0x001d), sized(random.bytes(32)))),
    extension(random.below(65_536), random.bytes(random.below(40))),
  ].filter(() => random.chance(0.85))
  const hello = Buffer.concat([
    u16(random.pick([0x0303, 0x0303, 0x0301, 0x0200, 0xffff])),
    random.bytes(32),
    Buffer.from([0]),
    sized(u16(0x1301), u16(0xc02b), u16(random.below(65_536))),
    Buffer.from([1, 0]),
    sized(...extensions),
  ])
  const message = Buffer.concat([Buffer.from([1, 0]), u16(hello.length), hello])
  return record(22, message)
}

const record = (type: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, 3, 1]), sized(content)])

const GARBAGE: readonly ((random: Random) => Buffer)[] = [
  (random) => random.bytes(random.between(1, 300)),
  (random) => record(random.pick([20, 21, 22, 23, 24, 255]), random.bytes(random.below(200))),
  (random) => Buffer.concat([clientHello(random), record(23, random.bytes(100))]),
  (random) => Buffer.concat([clientHello(random), clientHello(random)]),
  (random) => Buffer.concat([clientHello(random), record(21, Buffer.from([2, 40]))]),
  (random) => Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff]), random.bytes(50)]),
  (random) => clientHello(random).subarray(0, random.between(1, 100)),
]

export function tls(random: Random): Input {
  // Records into the plain ports.
  if (random.chance(0.3)) return garbage(random, random.pick(['plain', 'http2'] as const))
  // What is not TLS into the port of TLS.
  if (random.chance(0.3)) return { ...random.pick([http1, http2])(random), grammar: 'tls', port: 'tls' }
  if (random.chance(0.5)) return garbage(random, 'tls')
  // Real TLS, with a protocol that was not agreed upon.
  const { expects: _, ...input } = random.pick([http1, http2])(random)
  return { ...input, grammar: 'tls', port: input.grammar === 'http1' ? 'https2' : 'https1' }
}

function garbage(random: Random, port: PortName): Input {
  const input = {
    grammar: 'tls',
    port,
    steps: [send(random.pick(GARBAGE)(random))],
    ...manners(random),
  } as const
  return random.chance(0.3) ? cut(input, random) : input
}
