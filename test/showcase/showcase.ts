import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createShowcase } from '../../examples/showcase/src/app.ts'
import { ensureLargeFile, MEBIBYTE } from '../../examples/showcase/src/large-file.ts'

export interface RunningShowcase {
  /** `http://127.0.0.1:<free port>`, without a slash at the end. */
  readonly url: string
  /** The size of the file behind `/download`, in bytes. */
  readonly fileSize: number
  /** The uploads that are kept, also in part. */
  uploaded(): string[]
  stop(): Promise<void>
}

/** Starts the showcase in this process, with its file in a folder of its own. */
export async function startShowcase(megabytes = 1): Promise<RunningShowcase> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-showcase-'))
  const uploads = join(folder, 'uploads')
  await mkdir(uploads)
  const app = createShowcase({ file: await ensureLargeFile(folder, megabytes), uploads })
  const { url } = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    fileSize: megabytes * MEBIBYTE,
    uploaded: () => readdirSync(uploads),
    async stop() {
      await app.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Asks again and again until `read` gives something, for what happens soon but not at once. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T | undefined>,
  timeoutMs = 5000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (value !== undefined) return value
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
