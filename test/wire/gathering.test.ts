import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gathering } from '../../src/wire/gathering.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('chunks of any sizes are joined in order', () => {
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constantFrom(4095, 4096, 16_384, 20_000)),
  )
  fc.assert(
    fc.property(sizes, (all) => {
      const gathering = new Gathering()
      const chunks = all.map((size, i) => new Uint8Array(size).fill(i))
      for (const chunk of chunks) gathering.add(chunk)
      expect(Buffer.compare(gathering.join(), Buffer.concat(chunks))).toBe(0)
    }),
  )
})

test('a single chunk is not copied', () => {
  const gathering = new Gathering()
  const chunk = new Uint8Array([1, 2])
  gathering.add(chunk)
  expect(gathering.join()).toBe(chunk)
})

test('small chunks do not keep what was received with them', () => {
  const before = process.memoryUsage().arrayBuffers
  const gathering = new Gathering()
  for (let i = 0; i < 2000; i++) gathering.add(new Uint8Array(64 * 1024).subarray(i % 7, (i % 7) + 1))
  collectGarbage()
  // All of them together are 125 MiB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * 1024 * 1024)
  expect(gathering.join().byteLength).toBe(2000)
})
