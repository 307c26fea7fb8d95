import { App, event, sse } from 'millrace'
import { z } from 'zod'

const app = new App()
const Row = z.object({ n: z.int() })

app.get('/rows', { streams: sse(Row) }, async function* ({ lastEventId }) {
  const last = Number(lastEventId ?? 0)
  for (let n = last + 1; n <= 5; n++) yield event({ n }, { id: String(n), event: 'row', retry: 2000 })
})

await app.listen()
