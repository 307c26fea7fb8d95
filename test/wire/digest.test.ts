import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDigest, wantedDigest } from '../../src/wire/digest.ts'

test.each([
  [undefined, undefined],
  ['', undefined],
  // RFC 9530, appendix C.
  ['sha-256=1', 'sha-256'],
  ['sha-512=3, sha-256=10, unixsum=0', 'sha-256'],
  ['sha-256=1, sha-512=9', 'sha-512'],
  ['sha-256', 'sha-256'],
  ['sha-256=0', undefined],
  ['sha-256=0, sha-512=1', 'sha-512'],
  ['md5=10, sha=10', undefined],
  ['md5=10, sha-512=1', 'sha-512'],
  ['sha-256=11', undefined],
  ['sha-256=-1', undefined],
  ['sha-256=1;x', undefined],
  ['SHA-256=1', undefined],
  ['\tsha-256 ,sha-512 =\t10 ', 'sha-512'],
  ['sha-256 5', undefined],
  ['sha-256=', undefined],
  [',,sha-256=5,', 'sha-256'],
])('%j wants %s', (field, algorithm) => {
  expect(wantedDigest(field)).toBe(algorithm)
})

test('a digest is written as the RFC writes it', () => {
  // Appendix B.1: {"hello": "world"} and a line feed.
  const digest = createHash('sha256').update('{"hello": "world"}\n').digest()
  expect(formatDigest('sha-256', digest)).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:')
})

test('any text is read without harm', () => {
  fc.assert(fc.property(fc.string(), (text) => void wantedDigest(text)))
  const before = process.cpuUsage().user
  for (const hostile of [
    ' '.repeat(50_000),
    ','.repeat(50_000),
    'a'.repeat(50_000),
    'sha-256=1'.repeat(5000),
  ])
    wantedDigest(`${hostile}!`)
  expect(process.cpuUsage().user - before).toBeLessThan(500_000)
})
