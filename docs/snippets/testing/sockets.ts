import assert from 'node:assert/strict'
import { connect } from 'millrace/testing'
import { createTicker } from './ticker.ts'

await using connection = connect(createTicker(), { over: 'http' })
const reply = await connection.request('GET', '/ticks')
assert.equal(reply.headers['transfer-encoding'], 'chunked')

const [first] = await reply.disconnectAfter(1)
assert.match(first ?? '', /"n":0/)
assert.equal((await reply.ended).outcome, 'disconnect')
