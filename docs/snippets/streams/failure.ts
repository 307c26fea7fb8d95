import { App, HttpError, jsonl, sse, text } from 'millrace'

const app = new App()

app.get('/rows', { streams: [jsonl(), sse()] }, async function* ({ sleep, after }) {
  after(({ outcome, error }) => console.log(outcome, String(error)))
  yield { n: 1 }
  await sleep(10)
  throw new HttpError(503, { detail: 'The database went away.' })
})

app.get('/lines', { streams: text }, async function* ({ sleep }) {
  yield 'line 1\n'
  await sleep(10)
  throw new Error('disk error on /dev/sda1')
})

await app.listen()
