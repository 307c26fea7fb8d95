/** The log behind a channel: offsets only grow, and what is kept is bounded. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryLog } from '../../src/channels/log.ts'

test('behaves like a list of which only the end is kept', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.string(), { maxLength: 60 }),
      (capacity, values) => {
        const log = new MemoryLog<string>(capacity)
        for (const [offset, value] of values.entries()) {
          expect(log.append(value)).toMatchObject({ offset, value })
          expect([log.start, log.end]).toEqual([Math.max(0, offset + 1 - capacity), offset + 1])
          for (let at = -1; at <= offset + 2; at++) {
            const kept = at >= log.start && at < log.end
            expect(log.at(at)?.value).toBe(kept ? values[at] : undefined)
          }
        }
      },
    ),
  )
})

test.each([0, -1, 1.5, Number.NaN, Infinity, '3' as never])('a capacity of %s is refused', (capacity) => {
  expect(() => new MemoryLog(capacity)).toThrow(RangeError)
})

test('a large capacity costs nothing before it is used', () => {
  const before = process.memoryUsage().heapUsed
  const logs = Array.from({ length: 1000 }, () => new MemoryLog(1_000_000))
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 1024 * 1024)
  expect(logs).toHaveLength(1000)
})

test.each([
  ['a string', 'text', 'text'],
  ['bytes', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ['an object', { a: 1 }, '{"a":1}'],
  ['null', null, 'null'],
])('%s has its wire form, made once', (_, value, wire) => {
  const entry = new MemoryLog<unknown>(1).append(value)
  expect(entry.message.message).toEqual(wire)
  expect(entry.message).toBe(entry.message)
})
