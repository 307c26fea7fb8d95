import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, bytes } from 'millrace'
import { z } from 'zod'

const app = new App()
const directory = join(tmpdir(), 'millrace-backups')
await mkdir(directory, { recursive: true })
const Name = z.object({ name: z.string().regex(/^[a-z0-9-]{1,40}$/) })

app.put('/backups/:name', { params: Name, body: bytes(), bodyLimit: 10_000_000_000 }, ({ body, params }) =>
  body.saveTo(join(directory, params.name), { digest: 'sha-256', overwrite: false, fsync: true }),
)

await app.listen()
