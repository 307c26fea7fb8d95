import { App, jsonl, sse } from 'millrace'
import { z } from 'zod'

const app = new App()
const Tick = z.object({ n: z.int() })

app.get('/ticks', { streams: [jsonl(Tick), sse(Tick)] }, async function* ({ sleep }) {
  for (let n = 1; n <= 3; n++) {
    yield { n }
    await sleep(100)
  }
})

await app.listen()
