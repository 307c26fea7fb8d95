import { App, text } from 'millrace'

const app = new App()

app.get('/data', { streams: text }, async function* ({ after }) {
  after(({ outcome, items }) => console.log(`${items} items, ${outcome}`))
  for (let i = 0; i < 10; i++) yield `data ${i}\n`
})

await app.listen({ port: 8000 })
