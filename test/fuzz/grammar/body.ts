/** Bodies, in the formats that the app reads, and how HTTP/1 frames them. */
import { gzipSync } from 'node:zlib'
import type { Random } from '../../promise/random.ts'

export interface Body {
  readonly type: string
  readonly bytes: Buffer
  readonly coding?: string
}

const SPACES = 'a' + ' '.repeat(3000) + 'b'
const JSON_TEXTS = [
  '{"name":"Ada","age":3}',
  '{"name":"Ada","tags":["a","b"]}',
  '{}',
  '[]',
  'null',
  '"text"',
  '1e999',
  '{"name":1}',
  '{"__proto__":{"polluted":1}}',
  '{"child":{"child":{}}}',
  '{"child":'.repeat(300) + '{}' + '}'.repeat(300),
  '['.repeat(20_000),
  '['.repeat(3000) + ']'.repeat(3000),
  '{"a":'.repeat(3000) + '1' + '}'.repeat(3000),
  '{"name":"\\ud800"}',
  '{"name":"Ada"',
  '\ufeff{}',
  '',
]
const PLAIN_TYPES = ['text/plain', 'application/octet-stream', 'text/plain; charset=utf-8', 'image/png']

const json = (random: Random): Body => ({
  type: 'application/json',
  bytes: Buffer.from(random.pick(JSON_TEXTS)),
})

function lines(random: Random): Body {
  const rows = Array.from({ length: random.between(0, 20) }, () =>
    random.pick(['{"name":"a"}', '{"name":"b","age":1}', '', '{', '{"name":7}']),
  )
  return { type: 'application/jsonl', bytes: Buffer.from(rows.join('\n')) }
}

const urlencoded = (random: Random): Body => ({
  type: 'application/x-www-form-urlencoded',
  bytes: Buffer.from(
    random.pick([
      'title=a&tags=x',
      'title=%zz',
      '&'.repeat(3000),
      '__proto__=x&title=b',
      'title=a%00b',
      'a='.repeat(500),
    ]),
  ),
})

const FILENAMES = [
  'a.txt',
  '../../etc/passwd',
  '',
  SPACES,
  '\u00e9.png',
  'con',
  '.',
  'a'.repeat(5000),
  'x"y',
  'C:\\a',
]
const PART_HEADS = [
  'Content-Type: text/plain\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Type: ;\r\n',
  'A: b\r\n'.repeat(50),
  '',
]

function multipart(random: Random): Body {
  const boundary = random.pick(['b', 'xyz', '-'.repeat(20), 'a'.repeat(70), 'b'])
  const parts = Array.from({ length: random.between(0, 6) }, () => {
    const name = random.pick(['title', 'photo', 'photo', 'tags', 'other', '__proto__', ''])
    const filename = random.chance(0.6) ? `; filename="${random.pick(FILENAMES)}"` : ''
    const content = random.pick([
      'x',
      '',
      'x'.repeat(3000),
      `\r\n--${boundary}x\r\n`,
      '\r\n-',
      'x'.repeat(25_000),
    ])
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n${random.pick(PART_HEADS)}\r\n${content}\r\n`
  })
  const end = random.pick([
    `--${boundary}--\r\n`,
    `--${boundary}--\r\n`,
    `--${boundary}--`,
    `--${boundary}\r\n`,
    '',
    `--${boundary}--\r\nepilogue`,
  ])
  return { type: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.from(parts.join('') + end) }
}

const plain = (random: Random): Body => ({
  type: random.pick(PLAIN_TYPES),
  bytes: random.chance(0.5)
    ? random.bytes(random.below(300))
    : Buffer.alloc(random.pick([0, 1, 1000, 30_000, 70_000]), 'x'),
})

const KINDS = [json, lines, urlencoded, multipart, plain]
const OF_ROUTE: Readonly<Record<string, (random: Random) => Body>> = {
  '/json': json,
  '/tree': json,
  '/free': json,
  '/lines': lines,
  '/form': multipart,
  '/parts': multipart,
  '/any-parts': multipart,
}

/** @param fits whether it is of the kind that the route reads. */
export function body(random: Random, path: string, fits: boolean): Body {
  const made = ((fits ? OF_ROUTE[path] : undefined) ?? random.pick(KINDS))(random)
  if (!random.chance(0.1)) return made
  return { ...made, bytes: gzipSync(made.bytes), coding: 'gzip' }
}

/** A request with its body. What is not honest may lie about its length. */
export function frame(
  random: Random,
  head: string,
  { type, bytes, coding }: Body,
  isHonest: boolean,
): Buffer {
  const fields = `${head}Content-Type: ${type}\r\n${coding === undefined ? '' : `Content-Encoding: ${coding}\r\n`}`
  const join = (framing: string, content: Buffer) =>
    Buffer.concat([Buffer.from(`${fields}${framing}\r\n`, 'latin1'), content])
  if (random.chance(0.3)) return join('Transfer-Encoding: chunked\r\n', chunked(random, bytes, isHonest))
  if (isHonest || random.chance(0.7)) return join(`Content-Length: ${bytes.length}\r\n`, bytes)
  return random.pick([
    () => join(`Content-Length: ${bytes.length + random.between(1, 50)}\r\n`, bytes),
    () => join(`Content-Length: ${Math.max(0, bytes.length - random.between(1, 50))}\r\n`, bytes),
    () =>
      join(`Content-Length: ${bytes.length}\r\nTransfer-Encoding: chunked\r\n`, chunked(random, bytes, true)),
    () => join(`Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n`, chunked(random, bytes, true)),
    () => join(`Transfer-Encoding : chunked\r\n`, chunked(random, bytes, true)),
    () => join(`Content-Length: 0\r\nContent-Length: ${bytes.length}\r\n`, bytes),
    () => join(`Expect: 100-continue\r\nContent-Length: ${bytes.length}\r\n`, bytes),
    () => join('', bytes),
  ])()
}

const ODD_SIZES = ['-1', '0x5', 'ffffffffffffffffff', '', ' 5', '5 ', '5;a="b', '5\n']
const ENDS = [
  '0\r\n\r\n',
  '0\r\n\r\n',
  '0\r\nX-Trailer: a\r\n\r\n',
  '0;ext=1\r\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '00000\r\n\r\n',
]

function chunked(random: Random, bytes: Buffer, isHonest: boolean): Buffer {
  const chunks: Buffer[] = []
  const most = random.pick([1, 100, 100_000])
  for (let at = 0; at < bytes.length && chunks.length < 200;) {
    const rest = chunks.length === 199 ? bytes.length : random.between(1, most)
    const piece = bytes.subarray(at, at + rest)
    const size = !isHonest && random.chance(0.03) ? random.pick(ODD_SIZES) : piece.length.toString(16)
    chunks.push(Buffer.from(`${size}${random.chance(0.05) ? ';a=b' : ''}\r\n`), piece, Buffer.from('\r\n'))
    at += piece.length
  }
  return Buffer.concat([
    ...chunks,
    Buffer.from(isHonest ? '0\r\n\r\n' : random.chance(0.8) ? random.pick(ENDS) : ''),
  ])
}
