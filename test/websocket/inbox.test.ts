/** What waits between a peer and its reader: nothing is lost unsaid, nothing grows without bound. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Inbox } from '../../src/core/socket/inbox.ts'
import { ManualClock } from './scene.ts'

const CAPACITY = 256 * 1024

function open() {
  const clock = new ManualClock()
  const flow = { paused: false, changes: 0 }
  const set = (paused: boolean) => () => {
    expect(flow.paused).toBe(!paused)
    flow.paused = paused
    flow.changes++
  }
  const inbox = new Inbox({ pause: set(true), resume: set(false) }, clock)
  const fill = () => {
    let count = 0
    for (; !flow.paused; count++) inbox.push(new Uint8Array(1024))
    return count
  }
  return { clock, flow, inbox, fill }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('backpressure', () => {
  test('the peer waits from 256 KiB on, until half of it is read', async () => {
    const { flow, inbox, fill } = open()
    const count = fill()
    expect(count).toBe(Math.ceil(CAPACITY / (1024 + 64)))
    const reader = inbox[Symbol.asyncIterator]()
    let read = 0
    for (; flow.paused; read++) await reader.next()
    expect(read).toBeGreaterThanOrEqual(count / 2)
    expect(read).toBeLessThan(count / 2 + 2)
  })

  test('messages of nothing are bounded too', () => {
    const { flow, inbox } = open()
    for (let i = 0; i < 5000; i++) inbox.push('')
    expect(flow.paused).toBe(true)
  })

  test('whatever the sizes and the pace, a reader gets all of it in order, and the flow is free at the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ size: fc.integer({ min: 0, max: 200_000 }), reads: fc.nat(3), pauseMs: fc.nat(2000) }),
          { maxLength: 30 },
        ),
        async (steps) => {
          const { clock, flow, inbox } = open()
          const reader = inbox[Symbol.asyncIterator]()
          const got: number[] = []
          let pushed = 0
          const first = reader.next() // it has begun to iterate
          await turn()
          for (const { size, reads, pauseMs } of steps) {
            inbox.push('x'.repeat(size))
            pushed++
            for (let i = 0; i < reads && got.length < pushed - 1; i++)
              got.push(String((await reader.next()).value).length)
            clock.advance(pauseMs)
          }
          inbox.end()
          const { value, done } = await first
          const rest: number[] = []
          for await (const message of reader) rest.push(String(message).length)
          const all = done === true ? [] : [String(value).length, ...got, ...rest]
          expect(all).toEqual(steps.map(({ size }) => size))
          expect(flow.paused).toBe(false)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('patience', () => {
  test('nobody iterates: after half a second everything is dropped, and the flow is free for good', () => {
    const { clock, flow, inbox, fill } = open()
    fill()
    clock.advance(499)
    expect(flow.paused).toBe(true)
    clock.advance(1)
    expect(flow.paused).toBe(false)
    for (let i = 0; i < 1000; i++) inbox.push(new Uint8Array(1024))
    expect([flow.paused, flow.changes]).toEqual([false, 2])
  })

  test('who iterates after that is told how much was lost', async () => {
    const { clock, inbox, fill } = open()
    const count = fill()
    clock.advance(500)
    inbox.push('one more')
    for (let i = 0; i < 2; i++)
      await expect(inbox[Symbol.asyncIterator]().next()).rejects.toThrow(`${count + 1} messages were dropped`)
  })

  test('who has begun may take its time', async () => {
    const { clock, flow, inbox, fill } = open()
    const reader = inbox[Symbol.asyncIterator]()
    inbox.push('first')
    await reader.next()
    fill()
    clock.advance(60_000)
    expect(flow.paused).toBe(true)
    expect((await reader.next()).value).toBeInstanceOf(Uint8Array)
  })

  test('who has left its loop has half a second to begin another one', async () => {
    const { clock, flow, inbox, fill } = open()
    for await (const _ of (inbox.push('first'), inbox)) break
    fill()
    clock.advance(400)
    const again = inbox[Symbol.asyncIterator]()
    await again.next()
    clock.advance(60_000)
    expect(flow.paused).toBe(true)
    await again.return()
    clock.advance(500)
    expect(flow.paused).toBe(false)
  })

  test('no timer is left when it is over', () => {
    for (const end of ['stop', 'end'] as const) {
      const { clock, inbox, fill } = open()
      fill()
      inbox[end]()
      expect(clock.pending).toBe(0)
    }
  })
})

test('after a stop nothing comes in any more, and what waits can still be read', async () => {
  const { inbox, flow } = open()
  inbox.push('waits')
  inbox.stop()
  inbox.push('late')
  inbox.end()
  const got: unknown[] = []
  for await (const message of inbox) got.push(message)
  expect([got, flow.changes]).toEqual([['waits'], 0])
})
