import { randomBytes } from 'node:crypto'
import { mkdir, open, opendir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredUpload, UploadAppender, UploadInfo, UploadStore } from '../../upload/store.ts'
import { Appender, rethrow } from './disk.ts'
import { readChunks } from './file.ts'

export interface DiskStoreOptions {
  /** Whether an offset is told only when its bytes have reached the disk itself. Default true. */
  readonly fsync?: boolean
}

const READ = 64 * 1024

/**
 * Keeps uploads in a directory, for one process: their bytes in `<id>.part`, what is known of them in
 * `<id>.json`. The offset is the size of the file, so that there are no two truths, also after a crash.
 *
 * @param directory made if need be. Nothing else belongs there, and nothing in it should be served.
 */
export function diskStore(directory: string, options: DiskStoreOptions = {}): UploadStore {
  const { fsync = true } = options
  const bytesOf = (id: string) => join(directory, `${id}.part`)
  const infoOf = (id: string) => join(directory, `${id}.json`)

  const write = async (info: UploadInfo): Promise<void> => {
    const temporary = join(directory, `.${info.id}.${randomBytes(6).toString('hex')}`)
    await writeFile(temporary, JSON.stringify(info), { flag: 'wx' }).catch(rethrow)
    await rename(temporary, infoOf(info.id))
  }

  return {
    async create(info) {
      await mkdir(directory, { recursive: true })
      await writeFile(bytesOf(info.id), '', { flag: 'wx' }).catch(rethrow)
      await write(info)
    },
    update: write,
    async find(id): Promise<StoredUpload | undefined> {
      const text = await unlessMissing(readFile(infoOf(id), 'utf8'))
      if (text === undefined) return undefined
      const info = JSON.parse(text) as UploadInfo
      const stats = await unlessMissing(stat(bytesOf(id)))
      if (stats !== undefined) return { info, offset: stats.size }
      // A complete one may have been moved.
      return info.complete ? { info, offset: info.length ?? 0 } : undefined
    },
    async append(id, offset): Promise<UploadAppender> {
      const handle = await open(bytesOf(id), 'r+')
      const { size } = await handle.stat()
      if (size !== offset) {
        await handle.close()
        throw new Error('Two processes write to the same upload. Give each a store of its own.')
      }
      const appender = new Appender(handle, offset)
      let closed: Promise<void> | undefined
      const close = async () => {
        try {
          await appender.flush()
          if (fsync) await handle.sync()
        } finally {
          await appender.close()
        }
      }
      return { write: (bytes) => appender.write(bytes), close: () => (closed ??= close()) }
    },
    read: (id) => readChunks(bytesOf(id), READ),
    async remove(id) {
      // First what makes it an upload; the bytes alone are none.
      await unlessMissing(unlink(infoOf(id)))
      await unlessMissing(unlink(bytesOf(id)))
    },
    async *olderThan(time) {
      const entries = await unlessMissing(opendir(directory))
      if (entries === undefined) return
      for await (const { name } of entries) {
        const id = /^([0-9a-f-]{36})\.(json|part)$/.exec(name)?.[1]
        if (id === undefined) continue
        const stats = await unlessMissing(stat(join(directory, name)))
        if (stats !== undefined && stats.birthtimeMs < time && stats.mtimeMs < time) yield id
      }
    },
    async move(id, path) {
      try {
        await rename(bytesOf(id), path)
        return true
      } catch (error) {
        // Another disk.
        if ((error as NodeJS.ErrnoException).code === 'EXDEV') return false
        throw error
      }
    },
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
