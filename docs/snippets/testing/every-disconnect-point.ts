import assert from 'node:assert/strict'
import { App, dependency, text } from 'millrace'
import { createTestClock, everyDisconnectPoint } from 'millrace/testing'

const pool = { taken: 0 }
const db = dependency(async function* () {
  pool.taken++
  try {
    yield 'a connection'
  } finally {
    pool.taken--
  }
})

function createApp() {
  const app = new App({ clock: createTestClock() })
  app.get('/good', { use: { db }, streams: text }, async function* ({ sleep }) {
    yield 'one'
    await sleep(1000)
    yield 'two'
  })
  app.get('/bad', { use: { db }, streams: text }, async function* () {
    yield 'one'
    await new Promise(() => {}) // nothing ends this wait
  })
  return app
}

const { points } = await everyDisconnectPoint(createApp, 'GET /good', {
  check: () => assert.equal(pool.taken, 0),
})
assert.equal(points.length, 11)

const error = await everyDisconnectPoint(createApp, 'GET /bad', { quietMs: 50, withinMs: 50 }).catch(String)
assert.match(String(error), /LeakError: Left over by a client that left at the end:/)
assert.match(String(error), /source of GET \/bad, for \d+ ms: it has not ended/)
