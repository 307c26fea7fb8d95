import { expect, test } from 'vitest'
import { formatCacheControl } from '../../src/wire/cache-control.ts'

test.each([
  [{}, ''],
  [{ maxAge: 0 }, 'max-age=0'],
  [{ visibility: 'public', maxAge: 31_536_000, immutable: true }, 'public, max-age=31536000, immutable'],
  [{ visibility: 'private', noCache: true }, 'private, no-cache'],
  [{ noStore: true, immutable: false }, 'no-store'],
  [
    { maxAge: 60, sharedMaxAge: 10, mustRevalidate: true, noTransform: true },
    'max-age=60, s-maxage=10, must-revalidate, no-transform',
  ],
  [
    { maxAge: 1, staleWhileRevalidate: 30, staleIfError: 86_400 },
    'max-age=1, stale-while-revalidate=30, stale-if-error=86400',
  ],
] as const)('%j: %s', (options, value) => {
  expect(formatCacheControl(options)).toBe(value)
})

test.each([-1, 1.5, NaN, Infinity])('%d seconds are refused', (maxAge) => {
  expect(() => formatCacheControl({ maxAge })).toThrow(RangeError)
})
