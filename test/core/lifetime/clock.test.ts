/** A timer that throws is reported (issue 11): the runtime has no caller that could catch it. */
import { expect, test } from 'vitest'
import { containedClock, systemClock } from '../../../src/core/lifetime/clock.ts'

test('what a timer throws is reported, and the next one fires', async () => {
  const reported: unknown[] = []
  const clock = containedClock(systemClock, (error) => reported.push(error))
  const fault = new Error('of a timer')
  clock.after(0, () => {
    throw fault
  })
  await new Promise<void>((resolve) => clock.after(5, resolve))
  expect(reported).toEqual([fault])
})

test('a timer that is taken back does not fire', async () => {
  const clock = containedClock(systemClock, () => {})
  let fired = false
  clock.after(0, () => (fired = true))()
  await new Promise<void>((resolve) => clock.after(5, resolve))
  expect(fired).toBe(false)
})
