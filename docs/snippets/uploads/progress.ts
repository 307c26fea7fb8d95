import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, channel, file, HttpError, multipart, sse } from 'millrace'
import { z } from 'zod'

const app = new App()
const Id = z.object({ id: z.uuid() })
const Progress = z.object({ received: z.number(), length: z.number().optional(), done: z.boolean() })
const uploads = new Map<string, ReturnType<typeof open>>()
const open = (id: string) => channel(id, Progress, { history: 1, slow: 'drop-oldest' })

// Whoever comes first opens it: the one who sends, or the one who watches.
function progressOf(id: string) {
  const present = uploads.get(id) ?? open(id)
  if (uploads.size > 10_000) throw new HttpError(503)
  uploads.set(id, present)
  return present
}

app.post('/uploads/:id', { params: Id, body: multipart({ f: file() }) }, async ({ params, body, after }) => {
  const progress = progressOf(params.id)
  after(() => uploads.delete(params.id))
  body.onProgress(({ received, length }) => progress.publish({ received, length, done: false }))
  for await (const part of body) if (part.kind === 'file') await part.saveTo(join(tmpdir(), params.id))
  progress.publish({ received: body.received, length: body.length, done: true })
})

app.get(
  '/uploads/:id/progress',
  { params: Id, streams: sse(Progress) },
  async function* ({ params, signal }) {
    for await (const each of progressOf(params.id).subscribe({ replay: 1, signal })) {
      yield each
      if (each.done) return
    }
  },
)

await app.listen()
