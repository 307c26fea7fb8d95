import { App, jsonl } from 'millrace'
import { z } from 'zod'

const app = new App()
const Reading = z.object({ sensor: z.string(), value: z.number() })

app.post(
  '/readings',
  { body: jsonl(Reading), bodyLimit: 1_000_000_000, timeouts: { body: 0 } },
  async ({ body }) => {
    let sum = 0
    for await (const { value } of body) sum += value
    return { sum }
  },
)

await app.listen()
