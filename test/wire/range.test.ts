import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ByteRange, contentRange, MAX_RANGES, parseRange } from '../../src/wire/range.ts'

/** As `first-last`, for the eye. */
const read = (field: string, size = 10_000) =>
  parseRange(field, size)?.map(({ start, length }) => `${start}-${start + length - 1}`)

describe('parseRange', () => {
  // RFC 9110 section 14.1.2, for a representation of 10 000 bytes.
  test.each([
    ['bytes=0-499', ['0-499']],
    ['bytes=500-999', ['500-999']],
    ['bytes=-500', ['9500-9999']],
    ['bytes=9500-', ['9500-9999']],
    ['bytes=0-0,-1', ['0-0', '9999-9999']],
    ['bytes= 0-999, 4500-5499, -1000', ['0-999', '4500-5499', '9000-9999']],
    ['bytes=500-600,601-999', ['500-999']],
    ['bytes=500-700,601-999', ['500-999']],
  ])('%s of the RFC', (field, ranges) => {
    expect(read(field)).toEqual(ranges)
  })

  test.each([
    ['the whole', 'bytes=0-', ['0-9999']],
    ['an end behind the end', 'bytes=9000-20000', ['9000-9999']],
    ['an end behind every number', `bytes=9000-${'9'.repeat(400)}`, ['9000-9999']],
    ['a suffix longer than all', 'bytes=-20000', ['0-9999']],
    ['the last byte', 'bytes=9999-', ['9999-9999']],
    ['leading zeros', 'bytes=0000-0000', ['0-0']],
    ['a unit in capitals', 'BYTES=0-1', ['0-1']],
    ['blanks', ' bytes = 0-1 ,\t2-3 ', ['0-3']],
    ['empty elements', 'bytes=,,0-1,,', ['0-1']],
    ['the order that was asked for', 'bytes=500-600,0-10', ['500-600', '0-10']],
    ['what overlaps, where the first of it stood', 'bytes=500-600,0-10,550-700', ['500-700', '0-10']],
    ['all of it in pieces', 'bytes=5000-,0-4999', ['0-9999']],
    ['what lies inside others', 'bytes=0-100,10-20,30-40', ['0-100']],
    ['only what lies inside', 'bytes=20000-,0-1', ['0-1']],
    ['only what is a range: no dash', 'bytes=0-1,5', ['0-1']],
    ['only what is a range: a dash', 'bytes=-,0-1', ['0-1']],
    ['only what is a range: letters', 'bytes=a-b,0-1,1-b', ['0-1']],
    ['only what is a range: inverted', 'bytes=9-8,0-1', ['0-1']],
    ['only what is a range: signs and blanks', 'bytes=+1-2,1 -2,1- 2,--1,0-1', ['0-1']],
  ])('%s', (_, field, ranges) => {
    expect(read(field)).toEqual(ranges)
  })

  test.each([
    'bytes=10000-',
    'bytes=10000-10001',
    `bytes=${'9'.repeat(400)}-`,
    'bytes=-0',
    'bytes=10000-,x,-0',
  ])('%s lies outside', (field) => {
    expect(read(field)).toEqual([])
  })

  test.each([
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a',
    'bytes=5-4',
    'bytes=0x0-0x1',
    'bytes=1.5-2',
    'bytes:0-1',
    'items=0-5',
    'bytes=0-1\u00a0',
    'bytes=\u0661-\u0662',
    'none',
    'xbytes=0-1',
  ])('%j is ignored', (field) => {
    expect(read(field)).toBeUndefined()
  })

  test('of an empty file nothing can be a part', () => {
    expect(read('bytes=0-', 0)).toEqual([])
    expect(read('bytes=-0', 0)).toEqual([])
    expect(read('bytes=-5', 0)).toBeUndefined()
  })

  test('who asks for too many gets the whole', () => {
    const specs = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, at) => `${2 * at}-${2 * at}`)}`
    expect(read(specs(MAX_RANGES))).toHaveLength(MAX_RANGES)
    expect(read(specs(MAX_RANGES + 1))).toBeUndefined()
    expect(read(`bytes=0-1${','.repeat(10_000)}`)).toBeUndefined()
  })

  test('10 000 ranges are read in less than 5 ms', () => {
    const hostile = [
      `bytes=${Array.from({ length: 10_000 }, (_, at) => `${at}-`)}`,
      `bytes=${'0-0,'.repeat(10_000)}`,
      `bytes=${'0-,'.repeat(10_000)}`,
      `bytes=${' '.repeat(100_000)}`,
      `bytes=${'0-'.repeat(50_000)}`,
    ]
    for (const field of hostile) read(field)
    const before = process.cpuUsage()
    for (let round = 0; round < 10; round++) for (const field of hostile) read(field)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1000 / 50).toBeLessThan(5)
  })
})

/** What a set of specs means, one byte after the other. */
function model(specs: readonly (readonly [number, number])[], size: number): Set<number> {
  const bytes = new Set<number>()
  for (const [first, last] of specs) for (let at = first; at <= last && at < size; at++) bytes.add(at)
  return bytes
}

const specs = fc.array(
  fc.tuple(fc.nat(60), fc.nat(20)).map(([first, more]) => [first, first + more] as const),
  { minLength: 1, maxLength: 12 },
)

test('the ranges are exactly the bytes that were asked for, each once, with a gap between', () => {
  fc.assert(
    fc.property(specs, fc.nat(50), (asked, size) => {
      const ranges = parseRange(`bytes=${asked.map((spec) => spec.join('-'))}`, size)!
      const sent = ranges.flatMap(({ start, length }) => Array.from({ length }, (_, at) => start + at))
      const wanted = model(asked, size)
      expect(sent.toSorted((a, b) => a - b)).toEqual([...wanted].toSorted((a, b) => a - b))
      const inOrder = ranges.toSorted((a, b) => a.start - b.start)
      for (const [at, range] of inOrder.entries()) {
        expect(range.length).toBeGreaterThan(0)
        const next: ByteRange | undefined = inOrder[at + 1]
        if (next !== undefined) expect(next.start).toBeGreaterThan(range.start + range.length)
      }
    }),
  )
})

test('any text is a list inside the file, or ignored', () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom('bytes=', '-', ',', '0', '9', ' ', '12', '999', 'x'))
      .map((list) => list.join('')),
  )
  fc.assert(
    fc.property(text, fc.nat(100), (field, size) => {
      for (const { start, length } of parseRange(field, size) ?? []) {
        expect(start).toBeGreaterThanOrEqual(0)
        expect(length).toBeGreaterThan(0)
        expect(start + length).toBeLessThanOrEqual(size)
      }
    }),
  )
})

test('cut at any byte, it never gives more than was asked for', () => {
  const field = 'bytes=10-20, 30-, -5'
  const whole = model(
    [
      [10, 20],
      [30, 99],
    ],
    100,
  )
  for (let at = 0; at <= field.length; at++) {
    for (const { start, length } of parseRange(field.slice(0, at), 100) ?? []) {
      const inside = Array.from({ length }, (_, n) => start + n).filter((byte) => !whole.has(byte))
      // `1`, `10-` and `3` on the way to `10-20` and `30-` ask for other bytes, and get those.
      if (inside.length > 0) expect(field.slice(0, at)).toMatch(/(^bytes=10-2?|-5?)$/)
    }
  }
})

test('Content-Range', () => {
  expect(contentRange({ start: 42, length: 1192 }, 1234)).toBe('bytes 42-1233/1234')
  expect(contentRange(undefined, 1234)).toBe('bytes */1234')
})
