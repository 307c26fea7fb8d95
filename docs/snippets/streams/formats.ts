import { App, bytes, jsonl, sse, text } from 'millrace'
import { z } from 'zod'

const app = new App()
const Tick = z.object({ n: z.int() })

app.get('/text', { streams: text }, function* () {
  yield 'tick 1\n'
})

app.get('/csv', { streams: text('text/csv') }, function* () {
  yield 'n,tick\n'
  yield '1,2026-01-01\n'
})

app.get('/bytes', { streams: bytes('image/x-raw') }, function* () {
  yield new Uint8Array([1, 2, 3])
})

app.get('/jsonl', { streams: jsonl(Tick) }, function* () {
  yield { n: 1 }
})

app.get('/sse', { streams: sse(Tick) }, function* () {
  yield { n: 1 }
})

await app.listen()
