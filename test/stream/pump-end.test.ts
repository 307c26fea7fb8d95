/** How the pump ends: an end is never a lie, and a close is obeyed at every point. */
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/lifetime/clock.ts'
import { type Pumped, pumpOf, turn } from './fake-sink.ts'

const broken = new Error('broken')

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

describe('errors', () => {
  const SOURCES: Record<string, () => unknown> = {
    'async generator': async function* () {
      yield 'one'
      throw broken
    },
    'sync generator': function* () {
      yield 'one'
      throw broken
    },
    'generator in a later turn': async function* () {
      yield 'one'
      await turn()
      throw broken
    },
    'iterator that rejects': () => {
      let pulled = 0
      const next = async () => (pulled++ === 0 ? { done: false, value: 'one' } : Promise.reject(broken))
      return { [Symbol.asyncIterator]: () => ({ next }) }
    },
    'async iterator that throws': () => {
      let pulled = 0
      const next = () => {
        if (pulled++ === 0) return { done: false, value: 'one' }
        throw broken
      }
      return { [Symbol.asyncIterator]: () => ({ next }) }
    },
  }

  for (const [name, make] of Object.entries(SOURCES)) {
    test(`${name}: what was yielded before is written, then the sink is cut`, async () => {
      const { sink, pump, endings, source } = pumpOf(make())
      pump.start()
      await turns(5)
      expect([sink.text, sink.aborted]).toEqual(['one', broken])
      expect(sink.events).not.toContain('end')
      expect(source.failure?.error).toBe(broken)
      pump.close('disconnect', 3)
      expect(endings).toEqual([{ outcome: 'error', bytes: 3, items: 1, dropped: 0, error: broken }])
    })
  }

  for (const asynchronous of [false, true]) {
    test(`an item that cannot be encoded ${asynchronous ? '(later)' : '(at once)'}`, async () => {
      const { sink, pump, source } = pumpOf(['one', 'two', 'three'])
      source.encoding = {
        encode(item) {
          if (item !== 'two') return item as string
          if (asynchronous) return Promise.reject(broken)
          throw broken
        },
        failure: (error) => `[${(error as Error).message}]`,
      }
      pump.start()
      await turns(3)
      expect([sink.text, sink.aborted]).toEqual(['one[broken]', broken])
      expect(sink.events.at(-1)).toBe('abort')
    })
  }

  test('a last word that fails itself is left out', async () => {
    const { sink, pump, source } = pumpOf(SOURCES['sync generator']!())
    source.encoding = {
      ...source.encoding,
      failure() {
        throw new Error('again')
      },
    }
    pump.start()
    await turns(2)
    expect([sink.text, sink.aborted]).toEqual(['one', broken])
  })

  test('a stream that differs from its stated length never ends cleanly, and never sends more', async () => {
    for (const [items, length, sent] of [
      [['ab'], 3, 'ab'],
      [['ab', 'cd'], 3, ''],
      [['ü'], 1, ''],
      [[], 1, ''],
    ] as const) {
      const { sink, pump } = pumpOf(items, { length })
      pump.start()
      await turns(2)
      expect([sink.text, sink.events.at(-1)]).toEqual([sent, 'abort'])
    }
    const { sink, pump } = pumpOf(['ü', 'x'], { length: 3 })
    pump.start()
    await turns(2)
    expect([sink.text, sink.events.at(-1)]).toEqual(['üx', 'end'])
  })

  test.each([undefined, null, 7, 'x', {}])(
    'an iterator that gives %j is cut, not a crash',
    async (result) => {
      let pulled = 0
      const next = async () => (pulled++ === 0 ? { done: false, value: 'one' } : result)
      const { sink, pump } = pumpOf({ [Symbol.asyncIterator]: () => ({ next }) })
      pump.start()
      await turns(3)
      expect([sink.text, sink.events.at(-1)]).toEqual(['one', 'abort'])
      expect(sink.aborted).toBeInstanceOf(TypeError)
    },
  )
})

describe('close', () => {
  /** Every await of this source is a place at which it may be closed. */
  async function* staged(log: string[]) {
    try {
      log.push('start')
      await turn()
      yield 'a'
      log.push('after a')
      yield 'b'
      await turn()
      yield 'x'.repeat(200_000)
      await turn()
      yield 'c'
    } finally {
      log.push('finally')
    }
  }

  const run = ({ pump }: Pumped, at: number, capacity: number, sink: Pumped['sink']) => {
    sink.capacity = capacity
    pump.start()
    return turns(at)
  }

  for (const capacity of [Infinity, 2]) {
    for (let at = 0; at < 8; at++) {
      test(`after ${at} turns, with a sink that ${capacity === 2 ? 'is full' : 'takes all'}`, async () => {
        const log: string[] = []
        const pumped = pumpOf(staged(log))
        const { pump, sink, source, endings } = pumped
        await run(pumped, at, capacity, sink)
        const over = sink.events.includes('end')
        const before = sink.events.length
        pump.close(over ? 'complete' : 'disconnect', 1)
        pump.close('error', 2)
        await source.stop(undefined, systemClock, 2000)
        await turns(3)
        expect(sink.events).toHaveLength(before)
        expect(log.filter((entry) => entry === 'finally')).toHaveLength(1)
        expect(endings).toHaveLength(1)
        expect(endings[0]).toMatchObject({ outcome: over ? 'complete' : 'disconnect', bytes: 1 })
      })
    }
  }

  test('an item, an end or an error that comes after the close goes nowhere', async () => {
    for (const late of ['item', 'end', 'error']) {
      let settle = (): void => {}
      const next = () =>
        new Promise<IteratorResult<string>>((resolve, reject) => {
          settle = () => {
            if (late === 'item') resolve({ done: false, value: 'late' })
            else if (late === 'end') resolve({ done: true, value: undefined })
            else reject(broken)
          }
        })
      const { sink, pump, endings } = pumpOf({ [Symbol.asyncIterator]: () => ({ next }) })
      pump.start()
      pump.close('disconnect', 0)
      settle()
      await turns(2)
      expect([late, sink.events]).toEqual([late, ['open']])
      expect(endings).toEqual([{ outcome: 'disconnect', bytes: 0, items: 0, dropped: 0 }])
    }
  })

  test('what was gathered but not written when the reader left is forgotten', async () => {
    const { sink, pump } = pumpOf(
      (async function* () {
        yield 'gathered'
        await new Promise(() => {})
      })(),
    )
    pump.start()
    pump.close('disconnect', 0)
    await turns(2)
    expect(sink.writes).toEqual([])
  })
})

describe('stop', () => {
  const farewell = () => 'come back'

  test('a format with a farewell ends cleanly', async () => {
    const { sink, pump, source, endings } = pumpOf(
      (async function* () {
        yield 'one '
        await new Promise(() => {})
      })(),
    )
    source.encoding = { ...source.encoding, farewell }
    pump.start()
    await turns(2)
    pump.stop('shutdown')
    expect([sink.text, sink.events.at(-1)]).toEqual(['one come back', 'end'])
    pump.close('complete', 9)
    expect(endings[0]!.outcome).toBe('shutdown')
  })

  test('but not in the middle of an item, and no other format does', async () => {
    const large = pumpOf(['x'.repeat(200_000)])
    large.source.encoding = { ...large.source.encoding, farewell }
    large.sink.capacity = 1
    large.pump.start()
    await turn()
    large.pump.stop('shutdown')
    expect(large.sink.events.at(-1)).toBe('abort')
    const plain = pumpOf(
      (async function* () {
        yield 'one'
        await new Promise(() => {})
      })(),
    )
    plain.pump.start()
    await turn()
    plain.pump.stop('shutdown')
    expect([plain.sink.text, plain.sink.events.at(-1)]).toEqual(['one', 'abort'])
  })
})
