import { App, HttpError, text } from 'millrace'

const app = new App()

app.get('/report', { streams: text }, async function* ({ headers, head, sleep }) {
  if (headers.authorization === undefined) throw new HttpError(401)
  await sleep(100) // asks the database
  head.set('x-rows', '2')
  yield 'row 1\n'
  yield 'row 2\n'
})

await app.listen()
