/** Bodies: how they are cut into pieces, what they unpack to, and what a parser makes of them. */
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Hostile } from '../hostile.ts'
import type { Attack } from './attack.ts'

const MIB = 1024 * 1024
const FLOOD = 'one connection sends so many bytes'
/** A parser works for what it is given, some ten milliseconds for the most there may be. */
const PARSED = 'many of these are a matter of a rate limit'
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'multipart/form-data; boundary=b'
const FIELDS_TYPE = 'application/x-www-form-urlencoded'

function post(path: string, type: string, body: string | Buffer, more = ''): Buffer {
  const bytes = Buffer.from(body as string)
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\n${more}content-length: ${bytes.byteLength}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

function repeated(name: string, request: () => Buffer, count = 3): Attack {
  const run = (hostile: Hostile) =>
    hostile.flood(hostile.open(hostile.ports.http1), request(), hostile.times(count))
  return { name, door: 'http1', ms: 400, alone: PARSED, run }
}

/** A body in chunks that goes on and on. */
function chunks(name: string, path: string, piece: string, count: number): Attack {
  return {
    name,
    door: 'http1',
    ms: 500,
    alone: FLOOD,
    async run(hostile) {
      const socket = hostile.open(hostile.ports.http1)
      socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`)
      await hostile.flood(socket, piece, hostile.times(count))
    },
  }
}

const part = (name: string, rest = '', text = '1') =>
  `--b\r\ncontent-disposition: form-data; name="${name}"${rest}\r\n\r\n${text}\r\n`
const parts = (count: number, of: (n: number) => string) =>
  `${Array.from({ length: count }, (_, n) => of(n)).join('')}--b--\r\n`

const bomb = { gzip: gzipSync, br: brotliCompressSync }
const zeros = () => Buffer.alloc(64 * MIB)
const spaces = ' '.repeat(8000)

export const BODY_ATTACKS: readonly Attack[] = [
  chunks('chunks of one byte', '/bytes', '1\r\nx\r\n', 4_000_000),
  chunks('chunks of one byte, kept', '/whole', '1\r\nx\r\n', 4_000_000),
  chunks('chunks of one byte, not read', '/unread', '1\r\nx\r\n', 4_000_000),
  chunks('extensions of chunks', '/bytes', `1;${'a'.repeat(4000)}\r\nx\r\n`, 4000),
  chunks('one extension without end', '/bytes', '1;aaaaaaaaaaaaaaaa', 1_000_000),
  chunks('trailers without end', '/bytes', '0\r\nx: yyyyyyyyyyyyyyy\r\n', 1_000_000),
  chunks('a large body', '/bytes', `10000\r\n${'x'.repeat(65_536)}\r\n`, 2000),
  chunks('a large body that nobody reads', '/unread', `10000\r\n${'x'.repeat(65_536)}\r\n`, 2000),
  repeated('JSON, nested deeply', () => post('/json', JSON_TYPE, '['.repeat(MIB - 10)), 10),
  repeated(
    'JSON, nested deeply and closed',
    () => post('/json', JSON_TYPE, '['.repeat(MIB / 2) + ']'.repeat(MIB / 2)),
    10,
  ),
  repeated('JSON of many small objects', () => post('/json', JSON_TYPE, `[${'{},'.repeat(MIB / 3 - 10)}{}]`)),
  repeated('JSON of many keys', () => {
    const keys = Array.from({ length: 70_000 }, (_, n) => `"k${n}":1`)
    return post('/json', JSON_TYPE, `{${keys.join()}}`)
  }),
  repeated('JSON of one long number', () => post('/json', JSON_TYPE, `{"n":${'1'.repeat(MIB - 100)}}`)),
  repeated('JSON of integer keys', () => {
    const keys = Array.from({ length: 50_000 }, (_, n) => `"${n * 40_000}":1`)
    return post('/json', JSON_TYPE, `{${keys.join()}}`)
  }),
  repeated('form fields without names', () => post('/fields', FIELDS_TYPE, '&'.repeat(MIB - 1))),
  repeated('many form fields', () => post('/fields', FIELDS_TYPE, 'a=1&'.repeat(MIB / 4))),
  repeated('form fields of escapes', () => post('/fields', FIELDS_TYPE, `a=${'%61'.repeat(MIB / 3 - 10)}`)),
  repeated('1 000 parts', () =>
    post(
      '/parts',
      FORM_TYPE,
      parts(1000, (n) => part(`f${n}`)),
    ),
  ),
  repeated('1 000 parts of a form', () =>
    post(
      '/form',
      FORM_TYPE,
      parts(1000, (n) => part(`f${n}`)),
    ),
  ),
  repeated('near misses of a boundary', () =>
    post('/parts', FORM_TYPE, `${part('a', '', '\r\n--'.repeat(200_000))}--b--\r\n`),
  ),
  repeated('a preamble of line ends', () => post('/parts', FORM_TYPE, '\r\n'.repeat(MIB / 2))),
  repeated('file names of spaces', () =>
    post(
      '/parts',
      FORM_TYPE,
      parts(60, (n) => part(`f${n}`, `; filename="a${spaces}b"`)),
    ),
  ),
  repeated('file names of quotes', () =>
    post(
      '/parts',
      FORM_TYPE,
      parts(60, (n) => part(`f${n}`, `; filename="${'\\"'.repeat(4000)}"`)),
    ),
  ),
  repeated('a file of one name of spaces', () =>
    post(
      '/form',
      FORM_TYPE,
      parts(1, () => part('photo', `; filename="a${spaces}b"`)),
    ),
  ),
  repeated('many header fields of parts', () =>
    post(
      '/parts',
      FORM_TYPE,
      parts(100, (n) => part(`f${n}`, `\r\n${'a:\r\n'.repeat(1900)}a:`)),
    ),
  ),
  repeated(
    'a resumable upload with a name of spaces',
    () => post('/upload', 'text/plain', 'x', `content-disposition: attachment; filename="a${spaces}b"\r\n`),
    20,
  ),
  ...(['gzip', 'br'] as const).flatMap((coding) => [
    repeated(`64 MiB in ${coding} as JSON`, () =>
      post('/json', JSON_TYPE, bomb[coding](zeros()), `content-encoding: ${coding}\r\n`),
    ),
    repeated(`64 MiB in ${coding} as bytes`, () =>
      post('/bytes', 'text/plain', bomb[coding](zeros()), `content-encoding: ${coding}\r\n`),
    ),
    repeated(`64 MiB in ${coding} as a form`, () =>
      post('/form', FORM_TYPE, bomb[coding](zeros()), `content-encoding: ${coding}\r\n`),
    ),
    repeated(`64 MiB in ${coding} that nobody reads`, () =>
      post('/unread', 'text/plain', bomb[coding](zeros()), `content-encoding: ${coding}\r\n`),
    ),
  ]),
  repeated(
    'many content codings',
    () => post('/bytes', 'text/plain', 'x', `content-encoding: ${'gzip, '.repeat(1000)}gzip\r\n`),
    20,
  ),
]
