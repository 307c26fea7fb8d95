import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, channel, file, multipart, sse } from 'millrace'
import { z } from 'zod'

const app = new App()
const Upload = z.object({ id: z.uuid() })
const Progress = z.object({
  received: z.number(),
  length: z.number().optional(),
  outcome: z.string().optional(),
})
const progress = channel('progress', Upload.extend(Progress.shape), { slow: 'drop-oldest' })

const upload = { params: Upload, body: multipart({ video: file() }) }
app.post('/uploads/:id', upload, async ({ params: { id }, body, after }) => {
  const tell = (outcome?: string) =>
    progress.publish({ id, received: body.received, length: body.length, outcome })
  body.onProgress(() => tell())
  after(({ outcome }) => tell(outcome))
  for await (const part of body) await part.saveTo(join(tmpdir(), id))
})

const watch = { params: Upload, streams: sse(Progress) }
app.get('/uploads/:id/progress', watch, async function* ({ params, signal }) {
  for await (const each of progress.subscribe({ replay: 256, signal })) {
    if (each.id !== params.id) continue
    yield each
    if (each.outcome !== undefined) return
  }
})

await app.listen()
