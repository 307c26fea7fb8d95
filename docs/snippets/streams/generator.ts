import { App, text } from 'millrace'

const app = new App()

app.get('/countdown', { streams: text }, async function* ({ sleep }) {
  try {
    for (let i = 3; i > 0; i--) {
      yield `${i}\n`
      await sleep(200)
    }
    yield 'lift-off\n'
  } finally {
    console.log('done')
  }
})

await app.listen()
