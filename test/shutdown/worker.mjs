/** A worker of a cluster: `VERSION` is what it answers with, `BROKEN` keeps it from starting. */
import { App, text } from 'millrace'

if (process.env.BROKEN === '1') process.exit(3)

const app = new App()
app.get('/', async ({ sleep }) => {
  await sleep(Math.random() * 20)
  return process.env.VERSION + ' ' + process.pid
})
app.get('/stream', { streams: text }, async function* ({ sleep }) {
  yield `${process.pid}\n`
  await sleep(60_000)
})
await app.listen({ port: Number(process.env.PORT), grace: 5000 })
