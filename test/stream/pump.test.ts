/** What the pump writes, and when: coalescing, order, pace, fairness. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FakeSink, pumpOf, turn } from './fake-sink.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const KIB_16 = 16 * 1024

async function settled(sink: FakeSink): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (sink.events.some((event) => event === 'end' || event === 'abort')) return
    await turn()
  }
  throw new Error('The pump did not come to an end.')
}

describe('coalescing', () => {
  test('what is yielded in one turn is one write, in that turn', async () => {
    const { sink, pump } = pumpOf(
      (async function* () {
        for (let i = 0; i < 12; i++) yield `${i},`
        await turn()
        yield 'next'
        yield ' turn'
      })(),
    )
    pump.start()
    await turn()
    expect(sink.writes).toHaveLength(1)
    await settled(sink)
    expect(sink.writes).toEqual([Array.from({ length: 12 }, (_, i) => `${i},`).join(''), 'next turn'])
    expect(sink.events).toEqual(['open', 'write', 'write', 'end'])
  })

  test('an item is written before the turn ends in which it was yielded', async () => {
    const { sink, pump } = pumpOf(
      (async function* () {
        yield 'x'
        await new Promise(() => {})
      })(),
    )
    pump.start()
    let written = false
    const watching = turn().then(() => (written = sink.text === 'x'))
    await watching
    expect(written).toBe(true)
  })

  test.each(['text', 'bytes'])('%s leaves at 16 KiB, however much there is in a turn', async (kind) => {
    const piece = kind === 'text' ? 'x'.repeat(1000) : encode('x'.repeat(1000))
    const { sink, pump } = pumpOf(new Array(100).fill(piece))
    pump.start()
    await settled(sink)
    expect(sink.text).toHaveLength(100_000)
    expect(sink.writes.length).toBeLessThan(10)
    for (const write of sink.writes) expect(write.length).toBeLessThanOrEqual(KIB_16 + 1000)
  })

  test('large chunks are written in pieces, so that a slow reader holds up a piece', async () => {
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
    const { sink, pump } = pumpOf([large])
    sink.capacity = 1
    pump.start()
    await turn()
    expect(sink.writes).toHaveLength(1)
    expect(sink.writes[0]!.length).toBeLessThanOrEqual(64 * 1024)
    sink.capacity = Infinity
    pump.resume()
    await settled(sink)
    expect(Buffer.concat(sink.writes as Uint8Array[]).equals(large)).toBe(true)
  })

  test('empty chunks are not written, and do not end anything', async () => {
    const items = ['', new Uint8Array(0), 'a', '', new Uint8Array(0), encode('b'), '']
    const { sink, pump } = pumpOf(items)
    pump.start()
    await settled(sink)
    expect(sink.text).toBe('ab')
    for (const write of sink.writes) expect(write.length).toBeGreaterThan(0)
  })

  test('a producer may fill its buffer again after the yield', async () => {
    const buffer = new Uint8Array(1)
    async function* numbers() {
      for (let i = 0; i < 5; i++) {
        buffer[0] = 48 + i
        yield buffer
      }
    }
    const { sink, pump } = pumpOf(numbers())
    pump.start()
    await settled(sink)
    expect(sink.text).toBe('01234')
  })

  test('views that overlap or leave a gap are joined as they came', async () => {
    const whole = encode('abcdefghij')
    const views = [whole.subarray(0, 3), whole.subarray(2, 5), whole.subarray(6, 7), whole.subarray(0, 1)]
    const { sink, pump } = pumpOf(views)
    pump.start()
    await settled(sink)
    expect(sink.text).toBe('abccdega')
    expect(String.fromCharCode(...whole)).toBe('abcdefghij')
  })

  test('any mix of text and bytes, in any turns, comes out in order and whole', async () => {
    const part = fc.oneof(
      fc.record({ kind: fc.constant('text' as const), value: fc.string({ maxLength: 40 }) }),
      fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ kind: fc.constant('large' as const), value: fc.integer({ min: 1, max: 150_000 }) }),
      // Views of one buffer, some of which follow each other.
      fc.record({
        kind: fc.constant('views' as const),
        value: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 5 }),
      }),
      fc.record({ kind: fc.constant('turn' as const), value: fc.constant(null) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 25 }), fc.boolean(), async (parts, slow) => {
        const given: Uint8Array[] = []
        const note = <T extends string | Uint8Array>(chunk: T): T => {
          given.push(typeof chunk === 'string' ? encode(chunk) : chunk.slice())
          return chunk
        }
        const { sink, pump } = pumpOf(
          (async function* () {
            for (const each of parts) {
              if (each.kind === 'text') yield note(each.value)
              else if (each.kind === 'bytes') yield note(each.value)
              else if (each.kind === 'large') yield note(new Uint8Array(each.value).fill(each.value))
              else if (each.kind === 'turn') await turn()
              else {
                const whole = Uint8Array.from({ length: 100 }, (_, i) => i)
                let at = 0
                for (const size of each.value) yield note(whole.subarray(at, (at += size)))
              }
            }
          })(),
        )
        if (slow) {
          const { write } = sink
          sink.write = (chunk) => {
            write.call(sink, chunk)
            setImmediate(pump.resume)
            return false
          }
        }
        pump.start()
        await settled(sink)
        const sent = sink.writes.map((chunk) => (typeof chunk === 'string' ? encode(chunk) : chunk))
        expect(Buffer.concat(sent).equals(Buffer.concat(given))).toBe(true)
        expect(sink.events.at(-1)).toBe('end')
      }),
      { numRuns: 150 },
    )
  })

  test('what the sink was given is never written to again', async () => {
    const { sink, pump } = pumpOf(
      (async function* () {
        for (let round = 0; round < 20; round++) {
          for (let i = 0; i < 50; i++) yield encode(`${round}:${i};`)
          if (round % 3 === 0) await turn()
        }
      })(),
    )
    const copies: string[] = []
    const { write } = sink
    sink.write = (chunk) => {
      copies.push(new TextDecoder().decode(chunk as Uint8Array))
      return write.call(sink, chunk)
    }
    pump.start()
    await settled(sink)
    expect(sink.text).toBe(copies.join(''))
  })
})

describe('pace', () => {
  for (const [name, make] of [
    [
      'async',
      async function* (produced: { count: number }) {
        for (;;) {
          produced.count++
          yield 'x'.repeat(1000)
        }
      },
    ],
    [
      'sync',
      function* (produced: { count: number }) {
        for (;;) {
          produced.count++
          yield 'x'.repeat(1000)
        }
      },
    ],
  ] as const) {
    test(`nothing is pulled while the sink is full: ${name}`, async () => {
      const produced = { count: 0 }
      const { sink, pump, source } = pumpOf(make(produced))
      sink.capacity = 1
      pump.start()
      for (let i = 0; i < 20; i++) await turn()
      const full = produced.count
      expect(full).toBeLessThanOrEqual(18)
      for (let i = 0; i < 20; i++) await turn()
      expect(produced.count).toBe(full)
      sink.capacity = 1
      pump.resume()
      await turn()
      expect(produced.count).toBeGreaterThan(full)
      pump.close('disconnect', 0)
      await source.stop(undefined, { now: () => 0, after: () => () => {} }, 100)
    })
  }

  test('next() is called once at a time, and never while a chunk is encoded', async () => {
    let open = 0
    let most = 0
    let left = 50
    const { sink, pump, source } = pumpOf({
      [Symbol.asyncIterator]: () => ({
        async next() {
          most = Math.max(most, ++open)
          await turn()
          open--
          return left-- > 0 ? { done: false, value: 'x' } : { done: true, value: undefined }
        },
      }),
    })
    let encoding = 0
    source.encoding = {
      async encode(item) {
        expect(++encoding).toBe(1)
        expect(open).toBe(0)
        await turn()
        encoding--
        return item as string
      },
    }
    pump.start()
    pump.resume()
    pump.resume()
    await settled(sink)
    expect([most, sink.text]).toEqual([1, 'x'.repeat(50)])
  })

  test('resume() without need changes nothing', async () => {
    const { sink, pump } = pumpOf(['a', 'b'])
    pump.start()
    for (let i = 0; i < 5; i++) pump.resume()
    await settled(sink)
    expect([sink.text, sink.events.filter((event) => event === 'end')]).toEqual(['ab', ['end']])
  })

  test('the head may go when the first item is not there at once', async () => {
    let go = () => {}
    const { sink, pump } = pumpOf(
      (async function* () {
        await new Promise<void>((resolve) => {
          go = resolve
        })
        yield 'late'
      })(),
    )
    pump.start()
    expect(sink.events).toEqual(['open'])
    go()
    await settled(sink)
    expect(sink.events).toEqual(['open', 'write', 'end'])
  })
})

describe('fairness', () => {
  const GREEDY = {
    'async generator': async function* () {
      for (;;) yield 'x'
    },
    'sync generator': function* () {
      for (;;) yield 'x'
    },
  }

  for (const [name, greedy] of Object.entries(GREEDY)) {
    test(`timers and setImmediate run beside an endless ${name}`, async () => {
      const pumps = Array.from({ length: 3 }, () => pumpOf(greedy()))
      for (const { sink, pump } of pumps) {
        // A sink that takes everything and keeps nothing.
        sink.write = () => true
        pump.start()
      }
      for (let i = 0; i < 10; i++) await turn()
      await new Promise((resolve) => setTimeout(resolve, 5))
      for (const { pump } of pumps) pump.close('disconnect', 0)
      // Nobody is starved: each of them got on.
      for (const { endings } of pumps) expect(endings[0]!.items).toBeGreaterThan(100)
    })
  }
})
