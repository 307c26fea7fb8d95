import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FileSource, OpenedFile } from '../../stream/file-source.ts'
import { digestFile } from './file-digest.ts'

/** A file on disk. Whoever chooses the path decides what may be read: never build it from raw input. */
export function diskFile(path: string): FileSource {
  return {
    name: basename(path),
    open: () => openFile(path),
    sibling: (extension) => diskFile(path + extension),
  }
}

/** A file that lies beside the built package, by its path below `dist`. */
export function packageFile(path: string): FileSource {
  return diskFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)))
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EISDIR', 'ELOOP', 'ENXIO'])

/** Whether an error says that there is nothing of this name, and not that something went wrong. */
export function isAbsence(error: unknown): boolean {
  return ABSENT.has((error as NodeJS.ErrnoException).code ?? '')
}

async function openFile(path: string): Promise<OpenedFile | undefined> {
  let handle: FileHandle
  try {
    // Not blocking: opening a FIFO would otherwise hold a thread until somebody writes to it.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
  const stats = await handle.stat({ bigint: true })
  if (!stats.isFile()) {
    await handle.close()
    return undefined
  }
  const size = Number(stats.size)
  const etag = entityTag(stats)
  return {
    size,
    modified: stats.mtime,
    etag,
    digest(algorithm, start, length) {
      const isKnown = start === 0 && length === size && !etag.startsWith('W/')
      return digestFile(handle, algorithm, start, length, isKnown ? `${path} ${etag}` : undefined)
    },
    read: async (target, position) => (await handle.read(target, 0, target.byteLength, position)).bytesRead,
    readMany: async (targets, position) => (await handle.readv(targets, position)).bytesRead,
    close: () => handle.close(),
  }
}

/** How exact the clocks of file systems are, in milliseconds: the usual ones, and those with whole seconds. */
const FINE_TICK = 20
const COARSE_TICK = 2000

/**
 * Size and date of a file make a strong tag, unless the file is so new that it can change once more
 * within the same tick of its clock.
 */
function entityTag({ size, mtimeNs, mtimeMs }: BigIntStats): string {
  const tick = mtimeNs % 1_000_000_000n === 0n ? COARSE_TICK : FINE_TICK
  const isFresh = Math.abs(Date.now() - Number(mtimeMs)) < tick
  return `${isFresh ? 'W/' : ''}"${size.toString(36)}-${mtimeNs.toString(36)}"`
}

/** How much is read at a time, whatever size of chunks is asked for. */
const BLOCK = 256 * 1024

/**
 * Reads a file asynchronously and gives it in chunks of a size of your choice. Reads are large and
 * one ahead of the chunks, so that small chunks cost no more system calls than big ones.
 *
 * @param size bytes per chunk; only the last one may be shorter.
 * @example app.get('/log', { streams: bytes('text/plain') }, () => readChunks('big.log', 1024))
 * @throws {RangeError} for a size below 1.
 */
export async function* readChunks(path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`A chunk has at least one byte, not ${size}.`)
  const handle = await open(path)
  const block = Math.ceil(BLOCK / size) * size
  let reading: Promise<Buffer> | undefined
  try {
    let next: Promise<Buffer> = (reading = readBlock(handle, block, 0))
    for (let position = block; ; position += block) {
      const bytes: Buffer = await next
      const last: boolean = bytes.byteLength < block
      if (!last) reading = next = readBlock(handle, block, position)
      for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
      if (last) return
    }
  } finally {
    // The handle must not be closed under a read.
    await reading?.catch(() => {})
    await handle.close()
  }
}

/** Fills a whole block, or as much of it as the file still has. */
async function readBlock(handle: FileHandle, size: number, position: number): Promise<Buffer> {
  const target = Buffer.allocUnsafeSlow(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await handle.read(target, filled, size - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return target.subarray(0, filled)
}
