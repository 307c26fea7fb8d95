import { App, bytes, reply } from 'millrace'
import { createClient } from 'millrace/client'

const app = new App()

const backup = app.get('/backup', { streams: bytes('application/zip') }, () => reply.file('backup.zip'))

const { port } = await app.listen({ port: 8000 })

const api = createClient<{ backup: typeof backup }>(`http://127.0.0.1:${port}`)

export async function sizeOfBackup(): Promise<number> {
  let size = 0
  for await (const chunk of api.get('/backup')) size += chunk.byteLength
  return size
}
