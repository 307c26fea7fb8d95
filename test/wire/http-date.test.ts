import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../src/wire/http-date.ts'

const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37)

// The three forms of RFC 9110 section 5.6.7.
test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
  '%s is the example of the RFC',
  (value) => {
    expect(parseHttpDate(value)).toBe(EXAMPLE)
  },
)

test.each([
  '',
  'x',
  '784111777',
  '1994-11-06T08:49:37Z',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 CET',
  'Sun, 06 Nov 1994 08:49:37 +0000',
  'sun, 06 nov 1994 08:49:37 GMT',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun, 31 Feb 1994 08:49:37 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:49:37 GMT',
  'Sun, 06 Nov 1994 08:60:37 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  ' Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
])('%j is no date', (value) => {
  expect(parseHttpDate(value)).toBeUndefined()
})

test('a leap second is one', () => {
  expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT')).toBe(Date.UTC(2017, 0, 1))
})

test('two digits mean the century that is nearest, and not far ahead', () => {
  const year = new Date().getUTCFullYear()
  const inYear = (full: number) => {
    const digits = String(full % 100).padStart(2, '0')
    return new Date(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`)!).getUTCFullYear()
  }
  expect([inYear(year), inYear(year + 50), inYear(year + 51)]).toEqual([year, year + 50, year - 49])
})

test('what is written is read back', () => {
  const time = fc.integer({ min: 0, max: 253_402_300_799 }).map((second) => second * 1000)
  fc.assert(
    fc.property(time, (each) => {
      expect(parseHttpDate(formatHttpDate(each))).toBe(each)
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => void parseHttpDate(text)))
})
