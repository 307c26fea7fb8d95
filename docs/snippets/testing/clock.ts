import assert from 'node:assert/strict'
import { connect } from 'millrace/testing'
import { createTicker } from './ticker.ts'

let now = 0
const timers = new Set<{ at: number; fn: () => void }>()
const clock = {
  now: () => now,
  after(ms: number, fn: () => void) {
    const timer = { at: now + ms, fn }
    timers.add(timer)
    return () => void timers.delete(timer)
  },
}

const reply = await connect(createTicker({ clock })).request('GET', '/ticks')
assert.match((await reply.next()) ?? '', /"n":0/)

const second = reply.next()
await new Promise(setImmediate) // lets the handler reach its sleep
now += 60_000
for (const timer of timers) if (timer.at <= now) timer.fn()
assert.match((await second) ?? '', /"n":1/)

reply.disconnect()
