import assert from 'node:assert/strict'
import { connect } from 'millrace/testing'
import { createTicker } from './ticker.ts'

await using connection = connect(createTicker())

const made = await connection.request('POST', '/orders', {
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ price: 5 }),
})
assert.equal(made.status, 201)
assert.deepEqual(await made.json(), { price: 5 })

const refused = await connection.request('POST', '/orders', { body: '{"price":5}' })
assert.equal(refused.status, 415)
