import { Readable } from 'node:stream'
import { App, jsonl, text } from 'millrace'

const app = new App()

app.get('/array', { streams: jsonl() }, () => [{ n: 1 }, { n: 2 }])
app.get('/node-stream', { streams: text }, () => Readable.from(['a', 'b']))
app.get('/web-stream', () => new Blob(['a', 'b']).stream())
app.get('/sync', { streams: text }, function* () {
  for (let i = 0; i < 1000; i++) yield 'x'
})

await app.listen()
