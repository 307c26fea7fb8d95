import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cut } from '../../src/stream/piece.ts'

/** All pieces of a chunk. */
function cutAll(chunk: string | Uint8Array, most: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let rest: string | Uint8Array | undefined = chunk; rest !== undefined;) {
    const piece = cut(rest, most)
    pieces.push(piece.bytes)
    rest = piece.rest
  }
  return pieces
}

const UNITS = ['a', 'é', '€', '😀', '\ud83d', '\ude00', '\0']

test('the pieces of a text are its bytes, none is too long, and no character is cut', () => {
  const text = fc
    .array(fc.constantFrom(...UNITS), { minLength: 1, maxLength: 200 })
    .map((all) => all.join(''))
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 40 }), (chunk, most) => {
      const pieces = cutAll(chunk, most)
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(new TextEncoder().encode(chunk)))
      for (const piece of pieces) {
        expect(piece.byteLength).toBeLessThanOrEqual(Math.max(4, most))
        new TextDecoder('utf-8', { fatal: true }).decode(piece)
      }
    }),
  )
})

test('the pieces of bytes are views on them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.integer({ min: 1, max: 40 }), (chunk, most) => {
      const pieces = cutAll(chunk, most)
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(chunk))
      for (const piece of pieces) {
        expect(piece.buffer).toBe(chunk.buffer)
        expect(piece.byteLength).toBeLessThanOrEqual(most)
      }
    }),
  )
})

test('a large text is not encoded beyond its first piece', () => {
  const text = 'x'.repeat(50_000_000)
  const before = process.memoryUsage().arrayBuffers
  const { bytes, rest } = cut(text, 64 * 1024)
  expect([bytes.byteLength, rest?.length]).toEqual([65_536, 50_000_000 - 65_536])
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
})
