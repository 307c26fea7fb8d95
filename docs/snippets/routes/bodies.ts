import { createHash } from 'node:crypto'
import { App, bytes, text } from 'millrace'
import { z } from 'zod'

const app = new App()
const Contact = z.object({ name: z.string(), age: z.coerce.number() })

// JSON or an urlencoded form, by its content-type
app.post('/contacts', { body: Contact }, ({ body }) => body)

// a string
app.post('/shout', { body: text }, ({ body }) => body.toUpperCase())

// raw bytes of one media type, piece by piece as they arrive
app.put('/images/:name', { body: bytes('image/png'), bodyLimit: 10_000_000 }, async ({ body }) => {
  const hash = createHash('sha256')
  for await (const piece of body) hash.update(piece)
  return hash.digest('hex')
})

// whatever was sent: read it as you like
app.post('/anything', async ({ body }) => ({ type: body.mediaType, bytes: (await body.bytes()).byteLength }))

await app.listen()
