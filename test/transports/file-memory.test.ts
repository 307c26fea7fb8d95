/** The memory that downloads share: bounded, fair, and never nothing. */
import { App } from 'millrace'
import { describe, expect, test, vi } from 'vitest'
import { FileMemory, PIECE, Share } from '../../src/transports/node/file-memory.ts'

const MIB = 1024 * 1024

/** Takes as much as it gets, as a download at full speed does. */
function fill(share: Share): Buffer[] {
  const pieces: Buffer[] = []
  for (let more; (more = share.take(16)).length > 0;) pieces.push(...more)
  return pieces
}

describe('the memory of downloads', () => {
  test('is all of one, and shared fairly by those that move', () => {
    const memory = new FileMemory(8 * MIB)
    const first = new Share(memory)
    const had = fill(first)
    expect(had).toHaveLength(128)
    expect(memory.held).toBe(128 * PIECE)
    const others = [new Share(memory), new Share(memory), new Share(memory)]
    // Nothing is left for them yet, but what each always gets.
    for (const other of others) expect(fill(other)).toHaveLength(1)
    for (const piece of had) first.give(piece)
    for (const share of [first, ...others]) fill(share)
    expect(memory.held).toBe(128 * PIECE)
    expect(first.take(1)).toHaveLength(0)
  })

  test('who waits for its reader leaves its part to the others', () => {
    const memory = new FileMemory(8 * MIB)
    const [waiting, moving] = [new Share(memory), new Share(memory)]
    waiting.take(1)
    expect(fill(moving)).toHaveLength(64)
    waiting.pause()
    expect(fill(moving)).toHaveLength(63)
  })

  test('is at most the budget and a piece for each, however many come', () => {
    const memory = new FileMemory(4 * MIB)
    let most = 0
    for (let i = 0; i < 1000; i++) {
      expect(fill(new Share(memory)).length).toBeGreaterThanOrEqual(1)
      most = Math.max(most, memory.held - i * PIECE)
    }
    expect(most).toBeLessThanOrEqual(4 * MIB + PIECE)
  })

  test('a piece is used again, and let go of when nobody has needed it for a while', () => {
    vi.useFakeTimers()
    try {
      const share = new Share(new FileMemory(MIB))
      const [piece] = share.take(1)
      share.give(piece!.subarray(0, 10))
      for (let i = 0; i < 10; i++) {
        vi.advanceTimersByTime(200)
        expect(share.take(1)[0]!.buffer).toBe(piece!.buffer)
        share.give(piece!)
      }
      vi.advanceTimersByTime(600)
      expect(vi.getTimerCount()).toBe(0)
      expect(share.take(1)[0]!.buffer).not.toBe(piece!.buffer)
    } finally {
      vi.useRealTimers()
    }
  })

  test('what a broken connection still has counts no more, and is not used again', () => {
    const memory = new FileMemory(MIB)
    const [broken, other] = [new Share(memory), new Share(memory)]
    const pieces = broken.take(4)
    other.take(1)
    broken.close()
    expect(memory.held).toBe(PIECE)
    for (const piece of pieces) broken.give(piece)
    expect(memory.held).toBe(PIECE)
    expect(other.take(1)[0]!.buffer).not.toBe(pieces[0]!.buffer)
  })

  test('without a budget each still gets its piece', () => {
    const share = new Share(new FileMemory(0))
    expect(share.take(16)).toHaveLength(1)
    expect(share.take(16)).toHaveLength(0)
  })

  test('is not negative', () => {
    expect(() => new App({ fileMemory: -1 })).toThrow(
      'fileMemory takes bytes from 0 up, as a number, not -1.',
    )
    expect(() => new App({ fileMemory: Number.NaN })).toThrow('fileMemory')
  })
})
