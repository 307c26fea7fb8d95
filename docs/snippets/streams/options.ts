import { App, jsonArray, jsonl, jsonSeq, sse } from 'millrace'
import { z } from 'zod'

const app = new App()
const Row = z.object({ n: z.int() })
const rows = [{ n: 1 }, { n: 2.5 }, { n: 3 }]

app.get('/lines', { streams: jsonl(Row, { end: true, invalid: 'drop' }) }, () => rows)
app.get('/sequence', { streams: jsonSeq() }, () => rows)
app.get('/array', { streams: jsonArray() }, () => rows)

app.get(
  '/quiet',
  { streams: sse(Row, { retry: 3000, heartbeat: 100, maxAge: 350 }) },
  async function* ({ sleep }) {
    await sleep(60_000)
    yield { n: 1 }
  },
)

await app.listen()
