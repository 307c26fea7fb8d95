import { App, jsonl, sse } from 'millrace'
import { z } from 'zod'

export const Tick = z.object({ n: z.int(), price: z.number() })

export const app = new App({ title: 'Ticker', version: '1.0.0', description: 'Prices as they *move*.' })

export const watchTicks = app.get(
  '/ticks',
  {
    query: z.object({ count: z.coerce.number().int().max(1000).default(10) }),
    streams: [jsonl(Tick), sse(Tick)],
  },
  async function* ({ query }) {
    for (let n = 0; n < query.count; n++) yield { n, price: 100 + n }
  },
)
