import { App, text } from 'millrace'

const app = new App()

app.get('/lines', { streams: text }, async function* ({ after, sleep }) {
  after(({ outcome, items, bytes, durationMs, error }) => {
    console.log(outcome, items, bytes, durationMs > 0, error)
  })
  yield 'one\n'
  await sleep(50)
  yield 'two\n'
})

await app.listen()
