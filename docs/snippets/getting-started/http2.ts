import { App, jsonl } from 'millrace'

const app = new App({ compress: true })

app.get('/rows', { streams: jsonl() }, function* () {
  for (let n = 0; n < 1000; n++) yield { n }
})

await app.listen({ port: 8000, http2: true })
