/** Routes that differ by what they read. */
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { bytes, file, form, jsonl, multipart, resumable, text } from 'millrace'
import { z } from 'zod'
import { counted, streamed } from './live.mjs'

const Tree = z.object({
  get child() {
    return Tree.optional()
  },
})
const Person = z.object({
  name: z.string().max(50),
  age: z.number().optional(),
  tags: z.array(z.string()).optional(),
})
const Photo = form({
  title: z.string().optional(),
  tags: z.array(z.string()).default([]),
  photo: file({ maxBytes: 20_000, optional: true }),
})
let serial = 0

export function bodyRoutes(app, { place, resource, store }) {
  const post = (path, body, handler, options = {}) => app.post(path, { body, ...options }, counted(handler))
  post('/echo', text, ({ body }) => body)
  post('/json', Person, ({ body }) => body)
  post('/tree', Tree, () => 'read')
  post('/free', z.json(), () => 'read')
  post('/form', Photo, ({ body }) => ({ ...body, photo: body.photo?.size }), { use: { resource } })
  post('/parts', multipart({ title: z.string(), photo: file({ many: true }) }), readParts)
  post('/any-parts', multipart(), readParts)
  post('/save', bytes(), ({ body }) => saveOnce(place, body))
  post('/lines', jsonl(Person), async ({ body }) => {
    let lines = 0
    for await (const _ of body) lines++
    return { lines }
  })
  app.post(
    '/unread',
    counted(() => 'unread'),
  )
  app.post(
    '/raw',
    counted(async ({ body }) => String((await body.bytes()).length)),
  )
  app.put(
    '/items/:id',
    counted(({ params }) => params),
  )
  app.delete(
    '/items/:id',
    counted(() => undefined),
  )
  app.post(
    '/relay',
    { streams: bytes() },
    streamed(async function* ({ body }) {
      for await (const chunk of body) yield chunk
    }),
  )
  app.include(
    resumable('/uploads', {
      store,
      maxBytes: 50_000,
      maxAge: 2000,
      onComplete: async (upload) => ({ size: (await upload.bytes()).length, name: upload.filename }),
    }),
  )
}

async function readParts({ body }) {
  const seen = []
  for await (const part of body) seen.push(part.kind === 'field' ? part.name : (await part.bytes()).length)
  return { seen }
}

async function saveOnce(place, body) {
  const path = join(place.saved, `saved-${serial++}`)
  const { bytes } = await body.saveTo(path, { digest: 'sha-256' })
  await unlink(path)
  return { bytes }
}
