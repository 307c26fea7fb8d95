import assert from 'node:assert/strict'
import { connect, createTestClock } from 'millrace/testing'
import { createTicker } from './ticker.ts'

const clock = createTestClock()
await using connection = connect(createTicker({ clock }))
const reply = await connection.request('GET', '/ticks')
assert.match((await reply.next()) ?? '', /"n":0/)

const second = reply.next()
await clock.advance(60_000)
assert.match((await second) ?? '', /"n":1/)
