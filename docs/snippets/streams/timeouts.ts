import { App, text } from 'millrace'
import { z } from 'zod'

const app = new App({ timeouts: { first: 10_000, stall: 5000 } })
const Waits = z.object({ before: z.coerce.number().default(0), between: z.coerce.number().default(0) })

app.get(
  '/report',
  { query: Waits, streams: text, timeouts: { first: 200, idle: 200 } },
  async function* ({ query, sleep }) {
    await sleep(query.before)
    yield 'line 1\n'
    await sleep(query.between)
    yield 'line 2\n'
  },
)

await app.listen()
