import { App, jsonl, sse } from 'millrace'

const app = new App({ compress: true })

// Each row can be read by the client as soon as it is yielded.
app.get('/rows', { streams: jsonl() }, async function* () {
  for (let n = 0; n < 1000; n++) yield { n, name: `row ${n}` }
})

// A secret beside what the client chose: never compressed, with or without a cookie.
app.get('/form', { compress: false }, ({ query }) => ({ csrf: 'a1b2c3', search: query['search'] }))

// Its clients have tokens that no browser sends by itself, and its events are large.
app.get('/feed', { compress: { credentials: true, events: true }, streams: sse() }, async function* () {
  yield { text: 'a long one' }
})

await app.listen()
