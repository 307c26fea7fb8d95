import { App, jsonl, sse } from 'millrace'
import { createClient } from 'millrace/client'
import { z } from 'zod'

const app = new App({ title: 'Ticker' })
const Tick = z.object({ n: z.int(), price: z.number() })
const Count = z.object({ count: z.coerce.number().int().max(1000).default(10) })

const ticks = app.get(
  '/ticks',
  { query: Count, streams: [jsonl(Tick), sse(Tick)] },
  async function* ({ query, sleep }) {
    for (let n = 0; n < query.count; n++) {
      yield { n, price: 100 + n }
      await sleep(100)
    }
  },
)
const { port } = await app.listen({ port: 8000 })

// Elsewhere this is createClient<typeof import('./server.ts')>(...): types cross over, no code does.
const api = createClient<{ ticks: typeof ticks }>(`http://127.0.0.1:${port}`)

for await (const tick of api.get('/ticks', { query: { count: 3 } })) console.log(tick.price)
