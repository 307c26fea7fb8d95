import { App, jsonl } from 'millrace'
import { z } from 'zod'

const app = new App({ bodyLimit: 10 * 1024 * 1024 })

app.post('/rows', { body: jsonl(z.object({ n: z.int() })) }, async ({ body }) => {
  let sum = 0
  for await (const { n } of body) sum += n
  return { sum }
})

// What it stores is what was sent: a Content-Encoding is refused.
app.put('/blobs/:id', { decompress: false }, async ({ body }) => ({ bytes: (await body.bytes()).byteLength }))

await app.listen()
