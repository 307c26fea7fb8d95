/** Handshakes and frames of WebSocket (RFC 6455), right and wrong. */
import type { Random } from '../../promise/random.ts'
import { type Input, pause, type Step, send } from '../input.ts'
import { manners } from '../mutation.ts'

const PATHS = [
  '/ws/echo',
  '/ws/echo',
  '/ws/typed',
  '/ws/follow',
  '/ws/deaf',
  '/ws/flood',
  '/ws/close',
  '/ws/throw',
  '/ws/guarded',
]
const ODD_PATHS = ['/', '/json', '/not-there', '/ws/%zz', '*', '/wait', '/large', '/throw', '/inner/deep/4']

function handshake(random: Random, id: number): Buffer {
  const path = random.pick(random.chance(0.08) ? ODD_PATHS : PATHS)
  const line = (share: number, right: string, wrong: readonly string[]) =>
    random.chance(share) ? random.pick(wrong) : right
  const lines = [
    `${line(0.03, 'GET', ['POST', 'HEAD', 'CONNECT'])} ${path} ${line(0.03, 'HTTP/1.1', ['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2'])}`,
    line(0.02, 'Host: a', ['Host: a\r\nHost: b', 'Host: a b', 'A: b']),
    `X-Id: ${id}`,
    line(0.03, 'Connection: Upgrade', ['Connection: close', 'Connection: keep-alive, Upgrade', 'A: b']),
    line(0.03, 'Upgrade: websocket', [
      'Upgrade: h2c',
      'Upgrade: WebSocket',
      'Upgrade: websocket, h2c',
      'A: b',
    ]),
    line(0.03, 'Sec-WebSocket-Version: 13', [
      'Sec-WebSocket-Version: 12',
      'Sec-WebSocket-Version: 13, 8',
      'A: b',
    ]),
    line(0.03, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ['Sec-WebSocket-Key: x', 'A: b']),
  ]
  if (random.chance(0.15))
    lines.push(`Origin: ${random.pick(['https://app.example', 'https://evil.example', 'null', 'http://a'])}`)
  if (random.chance(0.15))
    lines.push(`Sec-WebSocket-Protocol: ${random.pick(['chat', 'x, chat', ',', 'a b', 'chat, chat'])}`)
  if (random.chance(0.15))
    lines.push(
      `Sec-WebSocket-Extensions: ${random.pick(['permessage-deflate', 'x; y=1', 'permessage-deflate; server_max_window_bits=99', ';'])}`,
    )
  if (random.chance(0.03)) lines.push('Content-Length: 5')
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

interface FrameParts {
  readonly first: number
  readonly payload: Buffer
  readonly isMasked?: boolean
  /** What is said of the length, where that is not so. */
  readonly length?: bigint
}

export function frame(random: Random, { first, payload, isMasked = true, length }: FrameParts): Buffer {
  const said = length ?? BigInt(payload.length)
  const mask = isMasked ? 0x80 : 0
  let head: Buffer
  if (said < 126n && !random.chance(0.02)) head = Buffer.from([first, mask | Number(said)])
  else if (said < 65_536n && !random.chance(0.02)) {
    head = Buffer.from([first, mask | 126, 0, 0])
    head.writeUInt16BE(Number(said), 2)
  } else {
    head = Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0])
    head.writeBigUInt64BE(said, 2)
  }
  if (!isMasked) return Buffer.concat([head, payload])
  const key = random.bytes(4)
  const masked = Buffer.from(payload)
  for (let i = 0; i < masked.length; i++) masked[i]! ^= key[i & 3]!
  return Buffer.concat([head, key, masked])
}

const TEXTS = [
  'hello',
  '{"a":1}',
  '{"a":"x"}',
  '',
  '\u{1f600}',
  '['.repeat(5000),
  'x'.repeat(126),
  'x'.repeat(127),
  'x'.repeat(20_000),
  'x'.repeat(40_000),
]
const BAD_UTF8 = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80]]
const CODES = [1000, 1001, 1005, 1006, 1011, 1015, 0, 999, 2999, 3000, 4999, 5000, 65_535]

const close = (random: Random): Buffer => {
  const code = Buffer.alloc(2)
  code.writeUInt16BE(random.pick(CODES))
  const reason = random.pick([
    Buffer.alloc(0),
    Buffer.from('bye'),
    Buffer.from(random.pick(BAD_UTF8)),
    Buffer.alloc(123, 'x'),
  ])
  return random.pick([Buffer.alloc(0), code.subarray(0, 1), Buffer.concat([code, reason]), code])
}

type Messages = (random: Random) => Buffer[]

const MESSAGES: readonly Messages[] = [
  (random) => [frame(random, { first: 0x81, payload: Buffer.from(random.pick(TEXTS)) })],
  (random) => [frame(random, { first: 0x81, payload: Buffer.from(random.pick(TEXTS)) })],
  (random) => [frame(random, { first: 0x82, payload: random.bytes(random.below(300)) })],
  fragments,
  (random) => [
    frame(random, { first: 0x89, payload: random.bytes(random.below(random.chance(0.1) ? 200 : 20)) }),
  ],
  (random) =>
    Array.from({ length: random.pick([1, 100]) }, () =>
      frame(random, { first: 0x8a, payload: Buffer.alloc(3) }),
    ),
  (random) => Array.from({ length: 200 }, () => frame(random, { first: 0x89, payload: Buffer.alloc(0) })),
  (random) => [frame(random, { first: 0x88, payload: close(random) })],
  (random) => [frame(random, { first: 0x81, payload: Buffer.from(random.pick(BAD_UTF8)) })],
  (random) => [
    frame(random, {
      first: random.below(256),
      payload: random.bytes(random.below(130)),
      isMasked: random.chance(0.7),
    }),
  ],
  (random) => [
    frame(random, {
      first: 0x82,
      payload: random.bytes(20),
      length: random.pick([21n, 65_536n, 32_769n, 2n ** 40n, 2n ** 63n]),
    }),
  ],
  (random) =>
    Array.from({ length: 400 }, () => frame(random, { first: 0x81, payload: Buffer.from('{"a":1}') })),
]

function fragments(random: Random): Buffer[] {
  const count = random.pick([2, 3, 10, 300])
  const first = random.pick([1, 2])
  const piece = random.pick(['', 'x', 'x'.repeat(1000)])
  return Array.from({ length: count }, (_, i) => {
    const isLast = i === count - 1 && random.chance(0.9)
    const opcode = i === 0 ? first : random.chance(0.02) ? 1 : 0
    const between = random.chance(0.05) ? [frame(random, { first: 0x89, payload: Buffer.from('p') })] : []
    return Buffer.concat([
      ...between,
      frame(random, { first: (isLast ? 0x80 : 0) | opcode, payload: Buffer.from(piece) }),
    ])
  })
}

const BEHIND = ['/wait', '/slow', '/large', '/json', '/endless', '/resource']

export function websocket(random: Random): Input {
  const steps: Step[] = []
  const isBehind = random.chance(0.1)
  if (isBehind) steps.push(send(`GET ${random.pick(BEHIND)} HTTP/1.1\r\nHost: a\r\nX-Id: 1\r\n\r\n`))
  steps.push(send(handshake(random, isBehind ? 2 : 1)))
  if (random.chance(0.3)) steps.push(pause(random.pick([1, 10, 30])))
  const messages = Array.from({ length: random.below(6) }, () => random.pick(MESSAGES)(random)).flat()
  if (random.chance(0.1))
    messages.push(messages.pop()?.subarray(0, random.between(1, 8)) ?? Buffer.from([0x81]))
  steps.push(
    ...(random.chance(0.6)
      ? [send(Buffer.concat(messages))]
      : messages.map((each) => send(each)).slice(0, 20)),
  )
  return {
    grammar: 'websocket',
    port: random.pick(['plain', 'plain', 'plain', 'plain', 'https1']),
    steps,
    ...manners(random),
  }
}
