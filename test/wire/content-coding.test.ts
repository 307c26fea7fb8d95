import fc from 'fast-check'
import { expect, test } from 'vitest'
import { negotiateCoding, readContentCodings } from '../../src/wire/content-coding.ts'

const OFFERS = ['zstd', 'br', 'gzip'] as const

test.each([
  ['gzip', 'gzip'],
  ['gzip, br', 'br'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['br;q=0.9, gzip', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=0.000', 'identity'],
  ['*', 'zstd'],
  ['*;q=0, br', 'br'],
  ['*;q=0', undefined],
  ['identity;q=0', undefined],
  ['identity;q=0, deflate', undefined],
  ['identity;q=0, *', 'zstd'],
  ['identity, gzip;q=0.5', 'identity'],
  ['identity;q=0.5, gzip;q=0.4', 'identity'],
  ['gzip;q=0.3', 'gzip'],
  ['', 'identity'],
  ['compress, sdch', 'identity'],
  ['nonsense;;;=', 'identity'],
])('Accept-Encoding: %s chooses %s', (accept, coding) => {
  expect(negotiateCoding(accept, OFFERS)).toBe(coding)
})

test('nothing on offer is the plain body, or nothing', () => {
  expect(negotiateCoding('gzip, br', [])).toBe('identity')
  expect(negotiateCoding('*', [])).toBe('identity')
  expect(negotiateCoding('identity;q=0', [])).toBeUndefined()
})

test.each([
  ['gzip', ['gzip']],
  ['GZip', ['gzip']],
  ['x-gzip', ['gzip']],
  ['identity', []],
  ['', []],
  [' deflate ,\tgzip,, identity', ['deflate', 'gzip']],
  ['gzip;q=1', ['gzip;q=1']],
])('Content-Encoding: %j is %j', (value, codings) => {
  expect(readContentCodings(value)).toEqual(codings)
})

test('never throws; what was refused is never chosen', () => {
  const piece = fc.constantFrom(
    'gzip',
    'br',
    'zstd',
    'identity',
    '*',
    ';q=0',
    ';q=1',
    ';q=0.5',
    ',',
    ' ',
    ';',
    '=',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const accept = pieces.join('')
      const coding = negotiateCoding(accept, OFFERS)
      expect([...OFFERS, 'identity', undefined]).toContain(coding)
      expect(readContentCodings(accept).every((each) => each === each.trim() && each !== '')).toBe(true)
    }),
  )
  fc.assert(
    fc.property(fc.subarray([...OFFERS]), (refused) => {
      const accept = `*, ${refused.map((each) => `${each};q=0`).join(', ')}`
      expect(refused).not.toContain(negotiateCoding(accept, OFFERS))
    }),
  )
})
