/**
 * Every parser of text that a client or a foreign server sends takes time in proportion to its length. The
 * texts are what hurt a parser of that kind somewhere: runs of blanks, open quotes, lists of nothing, missing
 * signs, and pieces of one character (issue 11, finding 4).
 */
import { parseCookie } from 'cookie'
import { describe, expect, test } from 'vitest'
import {
  bearerToken,
  namePassword,
  sameSecret,
  schemeCredentials,
} from '../../src/core/dependency/credential.ts'
import { RouteTable } from '../../src/core/match.ts'
import { ProxyReader } from '../../src/transports/node/forwarded.ts'
import { checkConditions, checkIfRange, parseEntityTags } from '../../src/wire/condition.ts'
import { negotiateCoding, readContentCodings } from '../../src/wire/content-coding.ts'
import { wantedDigest } from '../../src/wire/digest.ts'
import { dispositionFilename } from '../../src/wire/disposition.ts'
import { toFilePath } from '../../src/wire/file-path.ts'
import { safeFilename } from '../../src/wire/filename.ts'
import { readBoundary } from '../../src/wire/form-part.ts'
import { mediaTypeCharset, mediaTypeEssence } from '../../src/wire/header.ts'
import { parseHttpDate } from '../../src/wire/http-date.ts'
import { createItemDecoder, type ItemDecoder } from '../../src/wire/item.ts'
import { createArrayDecoder } from '../../src/wire/json-array.ts'
import { MultipartParser } from '../../src/wire/multipart.ts'
import { acceptedCodings, namesMediaType, negotiateMediaType } from '../../src/wire/negotiation.ts'
import { parseParameters } from '../../src/wire/parameter.ts'
import { belowPath, parseTarget } from '../../src/wire/path.ts'
import { parseQuery } from '../../src/wire/query.ts'
import { parseRange } from '../../src/wire/range.ts'
import { parseBoolean, parseInteger } from '../../src/wire/upload-field.ts'
import { isSlow } from './time.ts'

/** Four times the header section of a request. */
const LENGTH = 64 * 1024
/** Linear readers take 15 ms at the most, and quadratic ones more than 2 s. */
const LIMIT_MS = 300

/** Texts of a length by what they are made of. */
const repeated = (unit: string, prefix = '', tail = '') => ({
  name: JSON.stringify(prefix) + JSON.stringify(unit) + JSON.stringify(tail),
  make: (length: number) => prefix + unit.repeat(length / unit.length) + tail,
})

/** What hurts readers of fields. */
// prettier-ignore
const UNITS = [
  ' ', '\t', ',', ';', '=', '"', '\\', '\\"', '/', '*', '-', '%', '&', 'a', '0', '\u00e9', '(', '[',
  '.', ' ,', ', ', ' ;', ';a', ';a=', ';a="', ';a=b', ';a="\\"', '; ', 'a,', 'a;', 'a=', '""', '"",',
  'W/"a",', 'a=b;', 'a=b; ', 'a/b,', '*/*,', '*/*;q=0,', 'a/b;q=0.5;c="', 'gzip;q=0,', 'sha-256=1,',
  '0-1,', '-1,', 'for=1;', 'for="\\",', '"a', '127.0.0.1,', '%20', '%C3%A9', '%2e%2e', '..', './', '//',
  '/a', '\u0301\u0323',
]

const HOSTILE = UNITS.flatMap((unit) => [
  repeated(unit),
  repeated(unit, 'a', '!'),
  repeated(unit, 'a="', '\n'),
  repeated(unit, 'bytes=1-2,', ' x'),
])

const field = (value: string) => (name: string) => (name === 'if-none-match' ? value : undefined)
const behind = (fields: 'forwarded' | 'x-forwarded') => new ProxyReader({ addresses: ['loopback'], fields })
const forwarded = behind('forwarded')
const forwardedFor = behind('x-forwarded')
const OFFERS = ['application/json', 'text/event-stream', 'application/jsonl', 'text/html']
const routes = new RouteTable<string>(
  ['/', '/a/:b', '/a/:b/c', '/:a/:b/:c', '/a/*rest', '/:x/*rest', '/*rest'].map((path) => ({
    method: 'GET',
    path,
    declaredAt: 'here',
    target: path,
  })),
)

describe.each<[string, (text: string) => unknown]>([
  ['Accept', (text) => [negotiateMediaType(text, OFFERS), namesMediaType(text, 'text/html')]],
  [
    'Accept-Encoding',
    (text) => [negotiateCoding(text, ['br', 'gzip']), acceptedCodings(text, ['br', 'identity'])],
  ],
  [
    'Authorization',
    (text) => [schemeCredentials(text, 'basic'), schemeCredentials(`Basic ${text}`, 'basic')],
  ],
  ['Authorization: Basic', namePassword],
  ['Authorization: Bearer', (text) => [bearerToken(text), sameSecret(text, 'secret')]],
  ['Content-Disposition', dispositionFilename],
  ['Content-Encoding', readContentCodings],
  ['Content-Type', (text) => [mediaTypeEssence(text), mediaTypeCharset(text), parseParameters(text)]],
  ['Content-Type: multipart', (text) => readBoundary(`multipart/form-data; boundary=${text}`)],
  ['Cookie', parseCookie],
  ['Forwarded', (text) => forwarded.read('127.0.0.1', { forwarded: text })],
  [
    'If-None-Match',
    (text) => [parseEntityTags(text), checkConditions(field(text), { etag: '"b"', modified: 1 })],
  ],
  ['If-Range', (text) => [checkIfRange(text, { etag: '"b"', modified: 1 }, 2), parseHttpDate(text)]],
  ['Range', (text) => [parseRange(text, 1e6), parseRange(`bytes=${text}`, 1e6)]],
  ['Upload-Offset', (text) => [parseInteger(text), parseBoolean(text), parseBoolean(`?1${text}`)]],
  ['Want-Repr-Digest', wantedDigest],
  ['X-Forwarded-For', (text) => forwardedFor.read('127.0.0.1', { 'x-forwarded-for': text })],
  ['X-Forwarded-Host', (text) => forwardedFor.read('127.0.0.1', { 'x-forwarded-host': text })],
  ['a file name', safeFilename],
  ['a path', (text) => follow(`/${text}`)],
  ['an absolute target', (text) => parseTarget(`http://${text}`)],
  ['a query', (text) => parseQuery(text)],
])('%s', (_, read) => {
  test('is read in linear time', () => {
    const work = (text: string) => attempt(() => read(text))
    const slow = HOSTILE.find(({ make }) => isSlow(work, make, LENGTH, LIMIT_MS))
    expect(slow?.name).toBeUndefined()
  })
})

/** What a path leads to, also as a file. */
function follow(text: string): unknown {
  const target = parseTarget(text)
  if (target === undefined) return undefined
  const { path } = target
  attempt(() => toFilePath(path.split('/'), false))
  attempt(() => routes.allowed(path))
  return [belowPath(path, text), routes.find('GET', path)]
}

test.each([
  ['fields', repeated('a=1&')],
  ['fields without a sign', repeated('a&')],
  ['separators', repeated('&')],
])('a form of %s is read in linear time', (_, { make }) => {
  expect(isSlow((text) => parseQuery(text, Infinity), make, 16 * LENGTH, LIMIT_MS)).toBe(false)
})

describe.each<[string, () => ItemDecoder]>([
  ['application/jsonl', () => createItemDecoder('application/jsonl')!],
  ['application/json-seq', () => createItemDecoder('application/json-seq')!],
  ['text/event-stream', () => createItemDecoder('text/event-stream')!],
  ['application/json', createArrayDecoder],
])('%s', (_, open) => {
  test.each([
    ['a long item', repeated('a', '["', '"]')],
    ['white space in front', repeated(' \t')],
    ['white space behind', repeated(' ', '[1]\n')],
    ['empty lines', repeated('\n')],
    ['carriage returns', repeated('\r')],
    ['small items', repeated('1\n')],
    ['small elements', repeated('1,', '[', '1]')],
    ['deep elements', repeated('[')],
    ['escapes', repeated('\\', '["')],
    ['lines of an event', repeated('data: 1\n')],
    ['a long line of an event', repeated('1', 'data: ')],
    ['comments', repeated(':\n')],
  ])('%s, whole and in pieces', (_, { make }) => {
    const decode = (size: number) => (text: string) =>
      attempt(() => {
        const decoder = open()
        for (let at = 0; at < text.length; at += size) decoder.push(text.slice(at, at + size))
        return decoder.end()
      })
    for (const size of [1, 7, Infinity])
      expect(isSlow(decode(size), make, LENGTH, LIMIT_MS), `pieces of ${size}`).toBe(false)
  })
})

describe('multipart', () => {
  const boundary = 'a'.repeat(69)
  const start = `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n`
  test.each([
    ['bytes', repeated('a', start)],
    ['line breaks', repeated('\r\n', start)],
    ['carriage returns', repeated('\r', start)],
    ['what looks like its boundary', repeated(`\r\n--${boundary.slice(1)}`, start)],
    ['what ends like its boundary', repeated('a', start, '\r')],
    ['empty parts', repeated(`${start}\r\n`)],
    ['preambles', repeated('a')],
    ['long headers', repeated('a: b\r\n', `--${boundary}\r\n`)],
  ])('%s, whole and in pieces', (_, { make }) => {
    const parse = (size: number) => (text: string) =>
      attempt(() => {
        const parser = new MultipartParser(boundary, 16 * 1024)
        const bytes = new TextEncoder().encode(text)
        for (let at = 0; at < bytes.length; at += size) {
          parser.push(bytes.subarray(at, at + size))
          while (parser.next() !== undefined);
        }
      })
    for (const size of [1, 7, Infinity])
      expect(isSlow(parse(size), make, LENGTH, LIMIT_MS), `pieces of ${size}`).toBe(false)
  })
})

test('a reader that is quadratic is found', () => {
  expect(isSlow((text) => /[ ]+$/.test(`${text}!`), repeated(' ').make, LENGTH, LIMIT_MS)).toBe(true)
}, 120_000)

function attempt(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
