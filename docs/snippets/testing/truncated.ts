import assert from 'node:assert/strict'
import { App, HttpError, jsonl } from 'millrace'
import { connect, StreamTruncated } from 'millrace/testing'

const app = new App()
app.get('/export', { streams: jsonl() }, async function* () {
  yield { row: 1 }
  throw new HttpError(503, { detail: 'The database is gone.' })
})

await using connection = connect(app)
const items = (await connection.request('GET', '/export')).items()
assert.deepEqual(await items.next(), { data: { row: 1 } })

const error = await items.next().catch((thrown: unknown) => thrown)
assert(error instanceof StreamTruncated)
assert.equal(error.problem?.['detail'], 'The database is gone.')
