import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, file, multipart } from 'millrace'
import { z } from 'zod'

const app = new App()
const directory = join(tmpdir(), 'millrace-videos')
await mkdir(directory, { recursive: true })

const Videos = multipart({
  title: z.string(),
  video: file({ maxBytes: 4_000_000_000, types: ['video/*'], many: true }),
})

app.post('/videos', { body: Videos }, async ({ body }) => {
  const saved: unknown[] = []
  let title = ''
  for await (const part of body) {
    if (part.kind === 'field') title = part.value
    else {
      const { bytes, digest } = await part.saveTo(join(directory, part.filename), { digest: 'sha-256' })
      saved.push({ name: part.filename, bytes, digest })
    }
  }
  return { title, saved }
})

await app.listen()
