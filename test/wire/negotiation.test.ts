import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acceptedCodings, namesMediaType, negotiateMediaType } from '../../src/wire/negotiation.ts'

const OFFERS = ['application/jsonl', 'text/event-stream', 'text/plain']

test.each([
  [undefined, 0],
  ['*/*', 0],
  ['application/jsonl', 0],
  ['text/event-stream', 1],
  ['TEXT/Event-Stream', 1],
  ['text/*', 1],
  ['text/plain, text/event-stream', 2],
  ['text/plain;q=0.5, text/event-stream', 1],
  ['text/plain;q=0.5, text/event-stream;q=0.4', 2],
  ['*/*;q=0.1, text/plain', 2],
  ['application/jsonl;q=0, */*', 1],
  ['text/*;q=0, */*', 0],
  ['image/png', -1],
  ['*/*;q=0', -1],
  ['application/jsonl;q=0', -1],
  ['nonsense', -1],
])('Accept: %s chooses %i', (accept, index) => {
  expect(negotiateMediaType(accept, OFFERS)).toBe(index)
})

test('nothing on offer is never acceptable', () => {
  expect(negotiateMediaType(undefined, [])).toBe(-1)
  expect(negotiateMediaType('*/*', [])).toBe(-1)
})

test('never throws, and gives an index or -1', () => {
  const piece = fc.constantFrom(
    '*/*',
    'text/plain',
    ';q=',
    '0.5',
    '1',
    ',',
    ' ',
    ';',
    '=',
    '"',
    '*',
    '/',
    'q',
    '\t',
    'text/',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 15 }).map((pieces) => pieces.join('')),
        fc.string(),
      ),
      (accept) => {
        const index = negotiateMediaType(accept, OFFERS)
        expect(index === -1 || OFFERS[index] !== undefined).toBe(true)
      },
    ),
    { numRuns: 3000 },
  )
})

test('a hostile Accept takes no time', () => {
  const started = performance.now()
  for (const part of ['*/*,', 'text/plain;q=0.1,', ';', ',', 'a'])
    negotiateMediaType(part.repeat(Math.floor(60_000 / part.length)), OFFERS)
  expect(performance.now() - started).toBeLessThan(2000)
})

const CODINGS = ['br', 'zstd', 'gzip', 'identity']

test.each([
  [undefined, ['identity']],
  ['', ['identity']],
  ['gzip, deflate, br, zstd', ['br', 'zstd', 'gzip', 'identity']],
  ['gzip', ['gzip', 'identity']],
  ['br;q=0.1, gzip', ['gzip', 'br', 'identity']],
  ['*', ['br', 'zstd', 'gzip', 'identity']],
  ['*;q=0', []],
  ['gzip, identity;q=0', ['gzip']],
  ['gzip;q=0, br;q=0', ['identity']],
  ['GZIP', ['gzip', 'identity']],
  ['nonsense;;', ['identity']],
])('Accept-Encoding: %j takes %j', (field, codings) => {
  expect(acceptedCodings(field, CODINGS)).toEqual(codings)
})

test.each([
  [undefined, false],
  ['*/*', false],
  ['text/*', false],
  ['text/html', true],
  ['application/xml, TEXT/HTML;q=0.1', true],
  ['text/html;q=0', false],
  ['text/htmlx', false],
])('Accept: %s names text/html: %s', (accept, named) => {
  expect(namesMediaType(accept, 'text/html')).toBe(named)
})
