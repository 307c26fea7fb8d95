import { App, httpFile, reply } from 'millrace'
import { z } from 'zod'

const app = new App()
const store = process.env['STORE_URL'] ?? 'https://bucket.s3.eu-central-1.amazonaws.com'

/** A store that is not public wants every request signed: give it the `fetch` of a library that does. */
const signed = (url: URL, init: RequestInit) =>
  fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), authorization: 'secret' } })

app.get('/films/:id', { params: z.object({ id: z.uuid() }) }, ({ params }) =>
  reply.file(httpFile(`${store}/films/${params.id}.mp4`, { fetch: signed })),
)

await app.listen()
