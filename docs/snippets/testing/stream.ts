import assert from 'node:assert/strict'
import { connect } from 'millrace/testing'
import { createTicker } from './ticker.ts'

await using connection = connect(createTicker())
const reply = await connection.request('GET', '/ticks')
assert.equal(reply.headers['content-type'], 'application/jsonl')

const first = await reply.next()
assert.match(first ?? '', /^\{"n":0,"price":.*\}\n$/)

reply.disconnect()
const { outcome, items } = await reply.ended
assert.deepEqual([outcome, items], ['disconnect', 1])
