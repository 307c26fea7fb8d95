import assert from 'node:assert/strict'
import { App, event, sse } from 'millrace'
import { connect } from 'millrace/testing'
import { z } from 'zod'

const app = new App()
app.get('/news', { streams: sse() }, async function* ({ lastEventId = '0' }) {
  for (let id = Number(lastEventId) + 1; ; id++) yield event({ headline: `News ${id}` }, { id: String(id) })
})

await using connection = connect(app)
const reply = await connection.request('GET', '/news', { headers: { 'last-event-id': '41' } })
const items = reply.items(z.object({ headline: z.string() }))

assert.deepEqual(await items.next(), { data: { headline: 'News 42' }, id: '42' })
assert.equal((await items.next())?.data.headline, 'News 43')
assert.equal((await items.disconnectAfter(5)).length, 5)
