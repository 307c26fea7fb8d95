/** Frames of HTTP/2 (RFC 9113), in and out of order. Header blocks are literals without Huffman codes (RFC 7541 section 6.2.2). */
import type { Random } from '../../promise/random.ts'
import { type Input, pause, type Step, send } from '../input.ts'
import { manners } from '../mutation.ts'
import { body } from './body.ts'
import { target } from './target.ts'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  promise: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
}
const END_STREAM = 1
const END_HEADERS = 4

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, payload])
}

const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4)
  return bytes
}

/** A string of HPACK: its length as an integer of seven bits, and itself. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

const literal = (name: string, value: string, kind = 0): Buffer =>
  Buffer.concat([Buffer.from([kind]), text(name), text(value)])

const FIELDS: readonly (readonly [string, string])[] = [
  ['accept', '*/*'],
  ['accept', 'text/event-stream'],
  ['accept-encoding', 'gzip'],
  ['cookie', 'a=b'],
  ['range', 'bytes=0-10'],
  ['if-none-match', '*'],
  ['expect', '100-continue'],
  ['te', 'trailers'],
  ['content-length', '5'],
  ['upload-complete', '?0'],
  ['want-repr-digest', 'sha-256=1'],
]
const ODD_FIELDS: readonly (readonly [string, string])[] = [
  ['connection', 'close'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'websocket'],
  ['Upper', 'case'],
  ['a b', 'c'],
  ['', ''],
  ['x', 'a\r\nb: c'],
  ['x', '\0'],
  ['content-length', '-1'],
  ['content-length', '5, 6'],
  ['host', 'b.example'],
  [':path', '/again'],
  [':status', '200'],
  [':protocol', 'websocket'],
  [':odd', 'x'],
  ['__proto__', 'x'],
  ['x', 'y'.repeat(9000)],
]
const ODD_BLOCKS = [
  [0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80],
  [0x3f, 0xe1, 0xff, 0xff, 0x07],
  [0x20],
  [0x00, 0xff],
  [0x40],
  [0xbe],
  [],
]

function block(random: Random): { readonly bytes: Buffer; readonly body: Buffer | undefined } {
  if (random.chance(0.03)) return { bytes: Buffer.from(random.pick(ODD_BLOCKS)), body: undefined }
  const { path, isWriting } = target(random)
  const method = isWriting
    ? 'POST'
    : random.pick(['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'CONNECT', 'DELETE'])
  const pseudo = [
    literal(':method', random.chance(0.03) ? random.pick(['', 'TRACE', 'g t']) : method),
    literal(':scheme', random.chance(0.03) ? random.pick(['', 'ftp']) : 'http'),
    literal(':path', path.slice(0, 8000)),
    literal(':authority', random.chance(0.05) ? random.pick(['', 'a b', 'a:99999', '[']) : 'a'),
  ]
  if (random.chance(0.05)) pseudo.splice(random.below(4), 1)
  if (random.chance(0.03)) pseudo.push(random.pick(pseudo))
  const fields = Array.from({ length: random.below(4) }, () => {
    const [name, value] = random.pick(random.chance(0.08) ? ODD_FIELDS : FIELDS)
    return literal(name, value, random.pick([0, 0, 0x10, 0x40]))
  })
  const sent = isWriting ? body(random, path, random.chance(0.7)) : undefined
  if (sent !== undefined) fields.push(literal('content-type', sent.type))
  if (random.chance(0.01)) fields.push(...Array.from({ length: 200 }, () => literal('x', 'y')))
  return {
    bytes: Buffer.concat(random.chance(0.03) ? [...fields, ...pseudo] : [...pseudo, ...fields]),
    body: sent?.bytes,
  }
}

/** A request on a stream: its head, in one frame or several, and its body. */
function request(random: Random, stream: number): Buffer[] {
  const { bytes, body } = block(random)
  const endsAtHead = body === undefined ? random.chance(0.9) : random.chance(0.05)
  const end = endsAtHead ? END_STREAM : 0
  const frames: Buffer[] = []
  if (random.chance(0.85) && bytes.length <= 16_384)
    frames.push(frame(TYPE.headers, END_HEADERS | end, stream, bytes))
  else {
    const half = random.below(bytes.length + 1)
    frames.push(frame(TYPE.headers, end, stream, bytes.subarray(0, half).subarray(0, 16_384)))
    if (random.chance(0.2)) frames.push(frame(TYPE.continuation, 0, stream))
    if (random.chance(0.9))
      frames.push(frame(TYPE.continuation, END_HEADERS, stream, bytes.subarray(half).subarray(0, 16_384)))
  }
  for (let at = 0; body !== undefined && at < body.length; at += 10_000)
    frames.push(
      frame(
        TYPE.data,
        at + 10_000 >= body.length && random.chance(0.9) ? END_STREAM : 0,
        stream,
        body.subarray(at, at + 10_000),
      ),
    )
  return frames
}

const SETTINGS: readonly (readonly [number, number])[] = [
  [1, 0],
  [1, 4096],
  [1, 0xffffffff],
  [2, 0],
  [2, 2],
  [3, 0],
  [3, 100],
  [4, 0],
  [4, 1],
  [4, 65_535],
  [4, 0x7fffffff],
  [4, 0x80000000],
  [5, 16_384],
  [5, 16_777_215],
  [5, 1],
  [6, 0],
  [6, 100],
  [8, 1],
  [0xff, 7],
]

function settings(random: Random): Buffer {
  const pairs = Array.from({ length: random.below(4) }, () => {
    const [id, value] = random.pick(SETTINGS)
    const pair = Buffer.alloc(6)
    pair.writeUInt16BE(id)
    pair.writeUInt32BE(value, 2)
    return pair
  })
  return frame(TYPE.settings, random.chance(0.05) ? 1 : 0, random.chance(0.03) ? 1 : 0, Buffer.concat(pairs))
}

type FrameOf = (random: Random, stream: number) => Buffer

/** Frames that come between requests. */
const FRAMES: readonly FrameOf[] = [
  (random) => settings(random),
  (random, stream) =>
    frame(
      TYPE.window,
      0,
      random.pick([0, stream]),
      u32(random.pick([0, 1, 1000, 65_535, 0x7fffffff, 0x80000001])),
    ),
  (random, stream) => frame(TYPE.reset, 0, stream, u32(random.pick([0, 1, 2, 7, 8, 11, 999]))),
  (random) =>
    frame(
      TYPE.ping,
      random.chance(0.2) ? 1 : 0,
      random.chance(0.1) ? 1 : 0,
      random.bytes(random.chance(0.9) ? 8 : random.below(20)),
    ),
  (random, stream) =>
    frame(TYPE.goaway, 0, 0, Buffer.concat([u32(stream, random.below(14)), random.bytes(random.below(8))])),
  (random, stream) =>
    frame(TYPE.priority, 0, stream, Buffer.concat([u32(random.pick([0, 1, stream])), random.bytes(1)])),
  (random, stream) =>
    frame(
      TYPE.data,
      random.below(2),
      random.pick([0, 2, stream, stream + 100]),
      random.bytes(random.below(50)),
    ),
  (random, stream) =>
    frame(
      TYPE.data,
      8 | random.below(2),
      stream,
      Buffer.concat([Buffer.from([random.below(256)]), random.bytes(random.below(50))]),
    ),
  (random, stream) => frame(TYPE.promise, END_HEADERS, stream, Buffer.concat([u32(2), random.bytes(8)])),
  (random, stream) => frame(TYPE.continuation, END_HEADERS, stream, random.bytes(4)),
  (_, stream) => frame(TYPE.headers, END_HEADERS | END_STREAM, stream, literal('x-trailer', 'a')),
  (random, stream) =>
    frame(
      random.between(10, 255),
      random.below(256),
      random.pick([0, stream]),
      random.bytes(random.below(40)),
    ),
  (random, stream) =>
    frame(
      random.below(10),
      random.below(256),
      random.pick([0, 1, 2, stream, 0x7fffffff]),
      random.bytes(random.below(30)),
    ),
  (random) =>
    Buffer.concat(
      Array.from({ length: random.pick([10, 300]) }, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))),
    ),
  (random) => Buffer.concat(Array.from({ length: random.pick([10, 300]) }, () => frame(TYPE.settings, 0, 0))),
]

/** Many streams that are opened and reset at once (CVE-2023-44487). */
function rapidReset(random: Random, first: number): Buffer {
  const head = Buffer.concat([
    literal(':method', 'GET'),
    literal(':scheme', 'http'),
    literal(':path', random.pick(['/', '/large', '/wait'])),
    literal(':authority', 'a'),
  ])
  const count = random.pick([5, 50, 300])
  return Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      Buffer.concat([
        frame(TYPE.headers, 5, first + 2 * i, head),
        frame(TYPE.reset, 0, first + 2 * i, u32(8)),
      ]),
    ),
  )
}

export function http2(random: Random): Input {
  const frames: Buffer[] = random.chance(0.96) ? [PREFACE] : [PREFACE.subarray(0, random.below(24))]
  if (random.chance(0.95)) frames.push(random.chance(0.3) ? windowOf0 : settings(random))
  if (random.chance(0.5)) frames.push(frame(TYPE.settings, 1, 0))
  let stream = 1
  for (let n = random.between(1, random.chance(0.1) ? 50 : 8); n > 0; n--) {
    if (random.chance(0.6)) {
      frames.push(...request(random, stream))
      stream += random.chance(0.03) ? -1 : 2
    } else if (random.chance(0.03)) {
      frames.push(rapidReset(random, stream))
      stream += 600
    } else frames.push(random.pick(FRAMES)(random, Math.max(1, stream - random.pick([0, 2, 2, 4]))))
  }
  if (random.chance(0.08)) frames.push(frames.pop()!.subarray(0, random.between(1, 12)))
  const steps: Step[] = random.chance(0.7) ? [send(Buffer.concat(frames))] : frames.map((each) => send(each))
  if (random.chance(0.2)) steps.splice(random.between(1, steps.length), 0, pause(random.pick([1, 10, 30])))
  return {
    grammar: 'http2',
    port: random.pick(['http2', 'http2', 'http2', 'http2', 'https2']),
    steps,
    ...manners(random),
  }
}

const windowOf0 = frame(TYPE.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
