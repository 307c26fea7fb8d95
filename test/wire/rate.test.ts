import { describe, expect, test } from 'vitest'
import { parseRate, type Rate } from '../../src/wire/rate.ts'

describe('a rate', () => {
  test.each<[Rate, number]>([
    [1, 1],
    [1.5, 1.5],
    ['1 B/s', 1],
    ['64 KiB/s', 65_536],
    ['1 MiB/s', 1_048_576],
    ['1.5 MiB/s', 1_572_864],
    ['2 GiB/s', 2_147_483_648],
    ['500 kB/s', 500_000],
    ['3 MB/s', 3_000_000],
    ['1 GB/s', 1e9],
    ['800 bit/s', 100],
    ['56 kbit/s', 7000],
    ['10 Mbit/s', 1_250_000],
    ['1 Gbit/s', 125_000_000],
  ])('%s is %d bytes per second', (rate, bytes) => expect(parseRate(rate)).toBe(bytes))

  const wrong: unknown[] = [
    0,
    -1,
    Number.NaN,
    Infinity,
    '',
    '1',
    '1 MiB',
    'MiB/s',
    '-1 MiB/s',
    '0 MiB/s',
    '1 mib/s',
    '1 toString/s',
    '1 MiB/s ',
    '1e3 B/s',
    '1  MiB/s',
    '1 MiB/min',
    '.5 MB/s',
    null,
    {},
  ]
  test.each(wrong)('%j is none, and is told what one looks like', (rate) => {
    expect(() => parseRate(rate as Rate)).toThrow(RangeError)
    expect(() => parseRate(rate as Rate)).toThrow("or a text like '1 MiB/s' or '10 Mbit/s'")
  })
})
