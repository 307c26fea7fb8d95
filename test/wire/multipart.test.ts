/** The parser of multipart bodies: cases, every split, generated forms, and another parser beside it. */
import { Busboy } from '@fastify/busboy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBoundary, readFormPart } from '../../src/wire/form-part.ts'
import { MultipartParser } from '../../src/wire/multipart.ts'

interface Part {
  readonly headers: Record<string, string>
  readonly body: string
}

interface Outcome {
  readonly parts: Part[]
  readonly error: string | undefined
}

/** Binary strings: a character is a byte. */
const toBytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

function parse(chunks: readonly Uint8Array[], boundary = 'b', headerBytes = 1024): Outcome {
  const parts: Part[] = []
  let body: string[] = []
  let open: Record<string, string> | undefined
  const parser = new MultipartParser(boundary, headerBytes)
  try {
    for (const chunk of chunks) {
      parser.push(chunk)
      for (let event = parser.next(); event !== undefined; event = parser.next()) {
        if (event.kind === 'part') {
          expect(open).toBeUndefined()
          open = { ...event.headers }
          body = []
        } else if (event.kind === 'data') {
          expect(event.bytes.byteLength).toBeGreaterThan(0)
          body.push(toText(event.bytes))
        } else if (event.kind === 'part-end') {
          parts.push({ headers: open!, body: body.join('') })
          open = undefined
        }
      }
    }
    parser.end()
  } catch (thrown) {
    return { parts, error: (thrown as Error).message }
  }
  return { parts, error: undefined }
}

/** In one piece, in two cut at every place, and byte by byte with empty ones between. */
function forEveryCut(bytes: Uint8Array, check: (chunks: Uint8Array[]) => void): void {
  check([bytes])
  for (let i = 0; i <= bytes.length; i++) check([bytes.slice(0, i), bytes.slice(i)])
  check([...bytes].flatMap((byte) => [new Uint8Array(), Uint8Array.of(byte)]))
}

const A = { 'content-disposition': 'form-data; name="a"' }
const head = 'Content-Disposition: form-data; name="a"\r\n\r\n'

describe('bodies', () => {
  test.each<[string, string, Part[]]>([
    ['one part', `--b\r\n${head}hello\r\n--b--\r\n`, [{ headers: A, body: 'hello' }]],
    ['no parts', '--b--\r\n', []],
    ['no line break at the end', `--b\r\n${head}x\r\n--b--`, [{ headers: A, body: 'x' }]],
    ['an empty part', `--b\r\n${head}\r\n--b--`, [{ headers: A, body: '' }]],
    ['an empty part without a line break', `--b\r\n${head}--b--`, [{ headers: A, body: '' }]],
    ['no headers', '--b\r\n\r\nx\r\n--b--', [{ headers: {}, body: 'x' }]],
    [
      'two parts',
      `--b\r\n${head}1\r\n--b\r\nContent-Type: x/y\r\n\r\n2\r\n--b--`,
      [
        { headers: A, body: '1' },
        { headers: { 'content-type': 'x/y' }, body: '2' },
      ],
    ],
    ['a line break in front', `\r\n--b\r\n${head}x\r\n--b--`, [{ headers: A, body: 'x' }]],
    ['words in front', `Hello.\r\n--b\r\n${head}x\r\n--b--`, [{ headers: A, body: 'x' }]],
    ['words behind', `--b\r\n${head}x\r\n--b--\r\nBye\r\n--b\r\n`, [{ headers: A, body: 'x' }]],
    ['spaces behind a boundary', `--b \t \r\n${head}x\r\n--b--`, [{ headers: A, body: 'x' }]],
    [
      'what looks like a boundary',
      `--b\r\n${head}\r\n--\r\n-\r\n--a\r\n-b\n--b\r--b--b\r\n\r\n--b--`,
      [{ headers: A, body: '\r\n--\r\n-\r\n--a\r\n-b\n--b\r--b--b\r\n' }],
    ],
    [
      'a boundary at once, its line break not its own',
      `--b\r\n${head}--c\r\n--b--`,
      [{ headers: A, body: '--c' }],
    ],
    ['CR after CR', `--b\r\n${head}\r\r\r\n\r\r\n--b--`, [{ headers: A, body: '\r\r\r\n\r' }]],
    [
      'headers in any case, with spaces around',
      `--b\r\nX-A:\t 1 \r\nx-B:\r\n\r\n\r\n--b--`,
      [{ headers: { 'x-a': '1', 'x-b': '' }, body: '' }],
    ],
    [
      'UTF-8 in headers',
      '--b\r\nx-a: gr\xc3\xb6\xc3\x9fe\r\n\r\n\r\n--b--',
      [{ headers: { 'x-a': 'größe' }, body: '' }],
    ],
    [
      '__proto__ as a header',
      '--b\r\n__proto__: 1\r\n\r\n\r\n--b--',
      [{ headers: JSON.parse('{"__proto__":"1"}') as Record<string, string>, body: '' }],
    ],
  ])('%s', (_name, text, parts) => {
    forEveryCut(toBytes(text), (chunks) => expect(parse(chunks)).toEqual({ parts, error: undefined }))
  })

  test.each<[string, string, RegExp]>([
    ['nothing', '', /before its closing boundary/],
    ['no end', `--b\r\n${head}x`, /before its closing boundary/],
    ['an end without its dashes', `--b\r\n${head}x\r\n--b`, /before its closing boundary/],
    ['an end with one dash', `--b\r\n${head}x\r\n--b-`, /before its closing boundary/],
    ['an end in the headers', `--b\r\nx-a: 1\r\n`, /before its closing boundary/],
    ['another boundary', `--c\r\n${head}x\r\n--c--`, /before its closing boundary/],
    ['bare line feeds', `--b\n${head}x\n--b--`, /something else than the end/],
    ['more behind a boundary', `--b\r\n${head}x\r\n--bb\r\n`, /something else than the end/],
    ['a dash and another byte', `--b\r\n${head}x\r\n--b-x`, /something else than the end/],
    ['a space and dashes', `--b\r\n${head}x\r\n--b --`, /something else than the end/],
    ['CR and another byte', `--b\r\n${head}x\r\n--b\rx`, /something else than the end/],
    ['a long text in front', `${'x'.repeat(1025)}\r\n--b--`, /does not begin with its boundary/],
    ['many spaces behind a boundary', `--b${' '.repeat(1025)}\r\n`, /does not begin with its boundary/],
    ['a header twice', '--b\r\na: 1\r\nA: 2\r\n\r\n\r\n--b--', /two a headers/],
    ['a folded header', '--b\r\na: 1\r\n b\r\n\r\n\r\n--b--', /malformed/],
    ['a header without a colon', '--b\r\nab\r\n\r\n\r\n--b--', /malformed/],
    ['a header without a name', '--b\r\n: 1\r\n\r\n\r\n--b--', /malformed/],
    ['a space in a name', '--b\r\na : 1\r\n\r\n\r\n--b--', /malformed/],
    ['NUL in a header', '--b\r\na: \0\r\n\r\n\r\n--b--', /malformed/],
    ['CR in a header', '--b\r\na: \rb\r\n\r\n\r\n--b--', /malformed/],
    ['LF in a header', '--b\r\na: \nb\r\n\r\n\r\n--b--', /malformed/],
    ['Latin-1 in a header', '--b\r\na: \xe4\r\n\r\n\r\n--b--', /not valid UTF-8/],
    ['headers without end', `--b\r\n${'a: b\r\n'.repeat(200)}`, /more than 1024 bytes/],
  ])('refuses %s', (_name, text, message) => {
    forEveryCut(toBytes(text), (chunks) => expect(parse(chunks).error).toMatch(message))
  })

  test('is linear in what an attacker sends', () => {
    const boundary = '-'.repeat(70)
    const time = (piece: string, total: number) => {
      const chunk = toBytes(piece.repeat(Math.ceil(65536 / piece.length)))
      const chunks = [toBytes(`--${boundary}\r\n\r\n`), ...Array.from({ length: total }, () => chunk)]
      const startedAt = process.cpuUsage()
      parse(chunks, boundary)
      return process.cpuUsage(startedAt).user / 1000
    }
    // 8 MiB each; a search that began anew at every byte would take seconds.
    for (const piece of ['-', '\r', '\r\n', '\r\n-', `\r\n${'-'.repeat(71)}`, ' ', 'x'])
      expect(time(piece, 128), JSON.stringify(piece.slice(0, 5))).toBeLessThan(1500)
  })
})

const content = fc
  .array(
    fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n-', '\r\n--', '\r\n--b0', '--b0un', ' '),
      fc.string({ unit: 'binary', maxLength: 5 }).map((text) => toText(Buffer.from(text))),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''))
  .filter((text) => !`\r\n${text}\r\n`.includes('\r\n--b0undary'))

const forms = fc.array(fc.record({ name: fc.stringMatching(/^[a-z]{1,5}$/), body: content }), {
  maxLength: 5,
})

const write = (parts: readonly { name: string; body: string }[]) =>
  toBytes(
    `${parts.map(({ name, body }) => `--b0undary\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n${body}\r\n`).join('')}--b0undary--\r\n`,
  )

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...at, bytes.length].map((end, i) => bytes.slice(i === 0 ? 0 : at[i - 1], end))
}

describe('properties', () => {
  const places = fc.array(fc.nat(), { maxLength: 8 })

  test('what is written is read again, however it is cut', () => {
    fc.assert(
      fc.property(forms, places, (parts, at) => {
        const read = parse(cut(write(parts), at), 'b0undary')
        expect(read.error).toBeUndefined()
        expect(read.parts.map(({ body }) => body)).toEqual(parts.map(({ body }) => body))
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes give the same outcome however they are cut, and never anything but our error', () => {
    const soup = fc
      .array(fc.constantFrom('--b', '\r\n', '--', 'a: b', '\r', '\n', 'x', ' ', '\r\n--b', '\r\n\r\n'), {
        maxLength: 30,
      })
      .map((pieces) => toBytes(pieces.join('')))
    fc.assert(
      fc.property(soup, places, (bytes, at) => {
        const whole = parse([bytes])
        const pieces = parse(cut(bytes, at))
        expect(pieces).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  test('busboy reads the same parts', async () => {
    await fc.assert(
      fc.asyncProperty(forms, places, async (parts, at) => {
        const chunks = cut(write(parts), at)
        const ours = parse(chunks, 'b0undary')
        expect(await busboy(chunks)).toEqual(
          ours.parts.map(({ headers, body }) => [readFormPart(headers).name, body]),
        )
      }),
      { numRuns: 200 },
    )
  })
})

function busboy(chunks: readonly Uint8Array[]): Promise<[string, string][]> {
  return new Promise((resolve, reject) => {
    const found: [string, string][] = []
    const reader = new Busboy({ headers: { 'content-type': 'multipart/form-data; boundary=b0undary' } })
    reader.on('file', (name, stream) => {
      const entry: [string, string] = [name, '']
      found.push(entry)
      stream.on('data', (bytes: Buffer) => (entry[1] += bytes.toString('latin1')))
    })
    reader.on('finish', () => resolve(found))
    reader.on('error', reject)
    for (const chunk of chunks) if (chunk.length > 0) reader.write(Buffer.from(chunk))
    reader.end()
  })
}

describe('the headers of a part', () => {
  const read = (disposition: string, more: Record<string, string> = {}) =>
    readFormPart({ 'content-disposition': disposition, ...more })

  test.each<[string, string, string | undefined]>([
    ['form-data; name="a"', 'a', undefined],
    ['form-data; name=a', 'a', undefined],
    ['Form-Data;name="a";', 'a', undefined],
    ['form-data; name="a"; filename="x.png"', 'a', 'x.png'],
    ['form-data; name="a"; filename=""', 'a', ''],
    ['form-data; name="a;b"; filename="x; y=z"', 'a;b', 'x; y=z'],
    ['form-data; name="a"; filename="C:\\dir\\x.png"', 'a', 'C:\\dir\\x.png'],
    ['form-data; name="a"; filename="a \\"b\\" c"', 'a', 'a "b" c'],
    ['form-data; name="a"; filename="a %22b%22 %0D%0A"', 'a', 'a "b" %0D%0A'],
    ['form-data; name="ä"; filename="größe.png"', 'ä', 'größe.png'],
    ['form-data; name="a"; filename="x"; filename*=UTF-8\'\'na%C3%AFve.txt', 'a', 'naïve.txt'],
  ])('%s', (disposition, name, filename) => {
    expect(read(disposition)).toMatchObject({ name, filename })
  })

  test.each([
    '',
    'attachment; name="a"',
    'form-data',
    'form-data; name=""',
    'form-data; name="a"; name="b"',
    'form-data; name="a',
    'form-data; name="a" x',
    'form-data; name="a"; filename="x"; filename="y"',
    'form-data; name="a"; filename*=latin1\'\'x',
    'form-data; name="a"; filename*=UTF-8\'\'%E4',
  ])('refuses %j', (disposition) => {
    expect(() => read(disposition)).toThrow(/part|filename/)
  })

  test('media types have defaults, and encodings are refused', () => {
    expect(read('form-data; name=a').type).toBe('text/plain')
    expect(read('form-data; name=a; filename=x').type).toBe('application/octet-stream')
    expect(read('form-data; name=a; filename=x', { 'content-type': 'Image/PNG; x=y' }).type).toBe('image/png')
    expect(read('form-data; name=a', { 'content-transfer-encoding': '8BIT' }).name).toBe('a')
    expect(() => read('form-data; name=a', { 'content-transfer-encoding': 'base64' })).toThrow(/as they are/)
  })

  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data; charset=utf-8; Boundary="a b:c"', 'a b:c'],
    ['multipart/form-data; boundary=----WebKitFormBoundaryX', '----WebKitFormBoundaryX'],
  ])('the boundary of %s', (type, boundary) => {
    expect(readBoundary(type)).toBe(boundary)
  })

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary="a "',
    'multipart/form-data; boundary="a\u00e4"',
    'multipart/form-data; boundary="a\r\nb"',
    'multipart/form-data; boundary=a; boundary=b',
    `multipart/form-data; boundary=${'a'.repeat(71)}`,
  ])('no boundary in %j', (type) => {
    expect(() => readBoundary(type)).toThrow(/no valid boundary/)
  })
})
