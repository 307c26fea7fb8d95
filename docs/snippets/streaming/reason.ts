import { App, StreamCancelled, text } from 'millrace'

const app = new App()

app.get('/import', { streams: text }, async function* ({ sleep }) {
  let row = 0
  try {
    for (; row < 1000; row++) {
      yield `row ${row}\n`
      await sleep(20)
    }
  } catch (error) {
    if (error instanceof StreamCancelled) console.log(`stopped by ${error.reason}`)
    throw error
  } finally {
    console.log(`saved ${row > 0}`)
  }
})

await app.listen()
