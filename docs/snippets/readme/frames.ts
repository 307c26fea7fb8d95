import { App, text } from 'millrace'

const app = new App()

app.get('/video', { streams: text }, async function* ({ sleep }) {
  for (let i = 0; i < 10; i++) {
    yield `frame ${i}\n`
    await sleep(1000)
  }
})

await app.listen({ port: 8000 })
