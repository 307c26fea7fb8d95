import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, dependency, HttpError, resumable } from 'millrace'
import { diskStore } from 'millrace/node'

const app = new App()
const directory = join(tmpdir(), 'millrace-films')
await mkdir(directory, { recursive: true })

const user = dependency(({ headers }) => {
  if (headers['authorization'] !== 'Bearer secret') throw new HttpError(401)
  return { name: 'Ada' }
})

app.include(
  resumable('/films', {
    store: diskStore(join(directory, 'incoming')),
    use: { user },
    maxBytes: 20_000_000_000,
    onComplete: async (upload, { user: { name } }) => {
      await upload.saveTo(join(directory, upload.id))
      return { film: upload.id, title: upload.sentFilename, from: name, size: upload.size }
    },
  }),
)

await app.listen()
