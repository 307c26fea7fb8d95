/** Header fields: those that a server reads, with values that are right, close to right, or long. */
import type { Random } from '../../promise/random.ts'

const SPACES = 'a' + ' '.repeat(5000) + 'b'
const QUOTES = `for=1.2.3.4;a="${'\\"'.repeat(2500)}`

/** Values that any client may send, and that change no order and no framing. */
const RIGHT: Readonly<Record<string, readonly string[]>> = {
  Accept: [
    '*/*',
    'application/json',
    'text/event-stream',
    'application/jsonl;q=0.5, text/html',
    'text/plain',
  ],
  'Accept-Encoding': ['gzip', 'br', 'gzip, br;q=0.5', 'identity', 'deflate', '*'],
  Cookie: ['a=b', 'a=b; c="d"; __proto__=x', 'a'.repeat(1000)],
  Authorization: ['Bearer secret', 'Basic YTpi', 'Bearer'],
  'If-None-Match': ['*', '"x"', 'W/"y", "z"'],
  'If-Modified-Since': ['Sun, 06 Nov 1994 08:49:37 GMT', 'yesterday'],
  Range: ['bytes=0-10', 'bytes=-5', 'bytes=5-', 'bytes=0-0,2-3,10-20'],
  'User-Agent': ['fuzz/1', ''],
  'Last-Event-ID': ['3', 'x'],
  Prefer: ['stream-end', 'respond-async'],
  'X-Forwarded-For': ['1.2.3.4, 5.6.7.8'],
  Connection: ['keep-alive'],
}

const WRONG: Readonly<Record<string, readonly string[]>> = {
  ...RIGHT,
  Accept: ['', ',,,', 'a/b;q=2', `text/plain;${'a=b;'.repeat(500)}`, '*/*;q=0', SPACES],
  'Accept-Encoding': ['identity;q=0', '*;q=0', 'gzip;q=x', ','.repeat(2000), 'zstd;q=1.0000'],
  Range: [
    `bytes=${'0-,'.repeat(1000)}`,
    'bytes=9-1',
    'bytes=99999999999999999999-',
    'items=0-1',
    'bytes=-0',
    'bytes=',
  ],
  'If-Range': ['"x"', 'Sun, 06 Nov 1994 08:49:37 GMT'],
  'If-Match': ['"x"', '*', SPACES],
  'Want-Repr-Digest': ['sha-256=1', SPACES],
  'Want-Content-Digest': ['sha-512=10, md5=0', SPACES],
  Forwarded: ['for=1.2.3.4;proto=https', QUOTES],
  'Content-Disposition': [
    'attachment; filename="a.txt"',
    `attachment; filename="${SPACES}"`,
    "attachment; filename*=UTF-8''%ff%zz",
  ],
  'Content-Encoding': ['gzip', 'br', 'deflate', 'gzip, gzip, gzip', 'x', 'identity'],
  'Content-Type': [
    'application/json',
    'multipart/form-data',
    'multipart/form-data; boundary=""',
    'text/plain; charset=utf-7',
    ';;;',
    SPACES,
  ],
  Expect: ['100-continue', 'nothing', '100-continue, 100-continue'],
  Connection: ['close', 'keep-alive, close', 'Upgrade', 'upgrade, X-Id', 'close, TE', ','],
  Upgrade: ['h2c', 'websocket', 'websocket, h2c', 'TLS/1.0', 'x'],
  'Sec-WebSocket-Version': ['13', '12', '8', '13, 8'],
  'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'short', ''],
  'HTTP2-Settings': ['AAMAAABkAAQAAP__', ''],
  Origin: ['https://app.example', 'null', 'https://evil.example', '['],
  'Upload-Complete': ['?0', '?1', '1', '?'],
  'Upload-Offset': ['0', '5', '-1', '99999999999999999', 'x'],
  'Upload-Length': ['0', '3', '100', '99999999999999999999'],
  'Upload-Draft-Interop-Version': ['8', '7', 'x'],
  'Transfer-Encoding': ['chunked', 'gzip, chunked', 'chunked, identity', 'xchunked'],
  'Content-Length': ['0', '5', '-1', '5, 5', '0x5', '99999999999999999999', ''],
  TE: ['trailers', 'chunked'],
  'Keep-Alive': ['timeout=99999999'],
  'X-Refuse': ['1'],
  'X-Http-Method-Override': ['DELETE'],
  'Access-Control-Request-Method': ['POST'],
  Date: ['now'],
  Via: ['1.1 a'],
}

const ODD = [
  ': empty\r\n',
  'No-Colon\r\n',
  ' folded: x\r\n',
  'A: b\r\n c\r\n',
  'A : b\r\n',
  'A: \0\r\n',
  'A: \x7f\xff\x80\r\n',
  'A: b\n',
  'A: b\rC: d\r\n',
  '\xe9: x\r\n',
  '__proto__: x\r\n',
  'constructor: x\r\n',
  `A: ${'x'.repeat(20_000)}\r\n`,
  `${'n'.repeat(3000)}: x\r\n`,
  'X: y\r\n'.repeat(200),
]

/** One field. */
export function field(random: Random, isRight: boolean): string {
  const known = isRight ? RIGHT : WRONG
  const name = random.pick(Object.keys(known))
  return `${name}: ${random.pick(known[name]!)}\r\n`
}

/** A few fields, most of them right. */
export function fields(random: Random): string {
  let lines = ''
  for (let n = random.below(5); n > 0; n--)
    lines += random.chance(0.04) ? random.pick(ODD) : field(random, random.chance(0.5))
  return lines
}
