import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, file, form } from 'millrace'
import { z } from 'zod'

const app = new App()
const directory = join(tmpdir(), 'millrace-photos')
await mkdir(directory, { recursive: true })

const Photo = form({
  title: z.string().max(100),
  tags: z.array(z.string()).default([]),
  photo: file({ types: ['image/*'], maxBytes: 5_000_000 }),
  more: file({ many: true, maxCount: 3, optional: true }),
})

app.post('/photos', { body: Photo, status: 201 }, async ({ body }) => {
  const id = crypto.randomUUID()
  await body.photo.saveTo(join(directory, id))
  return { id, title: body.title, size: body.photo.size, more: body.more.map(({ filename }) => filename) }
})

await app.listen()
