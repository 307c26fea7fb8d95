import assert from 'node:assert/strict'
import { dependency } from 'millrace'
import { connect } from 'millrace/testing'
import { createTicker, market } from './ticker.ts'

const app = createTicker()
const restore = app.override(
  market,
  dependency(() => ({ price: async () => 42 })),
)

await using connection = connect(app)
const items = (await connection.request('GET', '/ticks')).items()
assert.deepEqual(await items.next(), { data: { n: 0, price: 42 } })
restore()
