import { App, bytes } from 'millrace'
import { readChunks } from 'millrace/node'
import { z } from 'zod'

const app = new App()
const Options = z.object({ chunk: z.coerce.number().int().min(1).max(4_194_304).default(1024) })

app.get('/async-download', { query: Options, streams: bytes('application/zip') }, ({ query }) =>
  readChunks('large_file.zip', query.chunk),
)

await app.listen({ port: 8000 })
