import { link, mkdir, open, opendir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SaveOptions } from '../../core/body/sink.ts'
import type { StoredUpload, UploadAppender, UploadInfo, UploadStore } from '../../upload/store.ts'
import { Appender, rethrow, syncDirectory, temporaryName } from './disk.ts'
import { readChunks } from './file.ts'

export interface DiskStoreOptions {
  /** Whether what is told of an upload has reached the disk itself before. Default true. */
  readonly fsync?: boolean
}

const READ = 64 * 1024

/**
 * Keeps uploads in a directory, for one process: their bytes in `<id>.part`, what is known of them in
 * `<id>.json`, for a moment also in `.<id>.json`. The offset is the size of the file, so that there are no
 * two truths, also after a crash.
 *
 * @param directory made if need be. Nothing else belongs there, and nothing in it should be served.
 */
export function diskStore(directory: string, options: DiskStoreOptions = {}): UploadStore {
  const { fsync = true } = options
  const bytesOf = (id: string) => join(directory, `${id}.part`)
  const infoOf = (id: string) => join(directory, `${id}.json`)
  const beginningOf = (id: string) => join(directory, `.${id}.json`)

  const write = async (info: UploadInfo): Promise<void> => {
    // One name, since an upload has one writer at a time: what a crash leaves is found by it, and replaced.
    const temporary = beginningOf(info.id)
    try {
      await writeFile(temporary, JSON.stringify(info), { flush: fsync })
      await rename(temporary, infoOf(info.id))
    } catch (error) {
      await removeAll(temporary)
      rethrow(error)
    }
    if (fsync) await syncDirectory(directory)
  }

  return {
    async create(info) {
      await mkdir(directory, { recursive: true })
      await writeFile(bytesOf(info.id), '', { flag: 'wx' }).catch(rethrow)
      try {
        await write(info)
      } catch (error) {
        // Bytes without an info are no upload, and nobody knows its id.
        await removeAll(infoOf(info.id), bytesOf(info.id))
        throw error
      }
    },
    async update(info) {
      await write(info)
      // What was placed somewhere has a name there, and needs none here any more.
      if (info.complete && ((await unlessMissing(stat(bytesOf(info.id))))?.nlink ?? 0) > 1)
        await unlink(bytesOf(info.id))
    },
    async find(id): Promise<StoredUpload | undefined> {
      const text = await unlessMissing(readFile(infoOf(id), 'utf8'))
      if (text === undefined) return undefined
      const info = JSON.parse(text) as UploadInfo
      const stats = await unlessMissing(stat(bytesOf(id)))
      if (stats !== undefined) return { info, offset: stats.size }
      // A complete one may have been placed somewhere.
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
      for (const path of [infoOf(id), bytesOf(id), beginningOf(id)]) await unlessMissing(unlink(path))
    },
    async *olderThan(time) {
      const entries = await unlessMissing(opendir(directory))
      if (entries === undefined) return
      for await (const { name } of entries) {
        const id = /^\.?([0-9a-f-]{36})\.(json|part)$/.exec(name)?.[1]
        if (id === undefined) continue
        const stats = await unlessMissing(stat(join(directory, name)))
        if (stats !== undefined && stats.birthtimeMs < time && stats.mtimeMs < time) yield id
      }
    },
    place: (id, path, placing) => place(bytesOf(id), path, placing),
  }
}

/** What a system says that cannot give a file a second name: another disk, or one without such names. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Gives a file a second name, under which it appears whole. */
async function place(bytes: string, path: string, options: SaveOptions): Promise<boolean> {
  const { overwrite = true, fsync = false } = options
  if (fsync) await syncFile(bytes)
  const name = overwrite ? temporaryName(path) : path
  try {
    await link(bytes, name)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (UNLINKABLE.has(code)) return false
    // What is there may be this very file, placed by work that failed later.
    if (code !== 'EEXIST' || !(await isSameFile(bytes, path))) rethrow(error)
  }
  if (overwrite) {
    try {
      await rename(name, path)
    } finally {
      // Two names of one file: then a rename leaves both.
      await unlessMissing(unlink(name))
    }
  }
  if (fsync) await syncDirectory(dirname(path))
  return true
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = [await stat(one, { bigint: true }), await stat(other, { bigint: true })]
  return first.ino === second.ino && first.dev === second.dev
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  await handle.sync().finally(() => handle.close())
}

/** Removes files as well as it can: what is told is the error that made it necessary. */
async function removeAll(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await unlink(path).catch(() => {})
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
