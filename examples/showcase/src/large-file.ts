import { createCipheriv, randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

export const MEBIBYTE = 1024 * 1024

/**
 * The file that `/download` sends: `megabytes` MiB, written on the first start and reused afterwards.
 *
 * It is written under a temporary name and renamed when complete, so a start that was interrupted
 * leaves no half file behind that a later start would take for a whole one.
 */
export async function ensureLargeFile(folder: string, megabytes: number): Promise<string> {
  const size = megabytes * MEBIBYTE
  const path = join(folder, `large-file-${megabytes}mb.bin`)
  if ((await sizeOf(path)) === size) return path

  await mkdir(folder, { recursive: true })
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      for (const block of largeFileContent(size)) await file.writeFile(block)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return path
}

/** Bytes that look random and are the same every time (AES-CTR over zeros), so a download can be verified. */
export function* largeFileContent(size: number): Generator<Buffer, void, void> {
  const cipher = createCipheriv('aes-128-ctr', 'millrace-showcas', Buffer.alloc(16))
  const zeros = Buffer.alloc(MEBIBYTE)
  for (let left = size; left > 0; left -= zeros.length) {
    yield cipher.update(left < zeros.length ? zeros.subarray(0, left) : zeros)
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}
