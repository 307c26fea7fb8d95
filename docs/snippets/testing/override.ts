import assert from 'node:assert/strict'
import { dependency } from 'millrace'
import { connect } from 'millrace/testing'
import { createTicker, market } from './ticker.ts'

const app = createTicker()
const restore = app.override(
  market,
  dependency(() => ({ price: async () => 42 })),
)

const reply = await connect(app).request('GET', '/ticks')
assert.equal(await reply.next(), '{"n":0,"price":42}\n')

reply.disconnect()
restore()
