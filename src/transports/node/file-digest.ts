import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { DigestAlgorithm } from '../../wire/digest.ts'

/** A block takes the processor for about a millisecond; others have their turn behind each. */
const BLOCK = 1024 * 1024

/** Digests of whole files that are known, and of those on their way: nobody reads a file twice for one. */
const KNOWN_LIMIT = 1000
const known = new Map<string, Promise<Uint8Array>>()

/**
 * The digest of a part of an open file.
 *
 * @param key of a whole file that has not changed as long as its key is the same.
 * @throws {Error} when the file has become shorter.
 */
export function digestFile(
  handle: FileHandle,
  algorithm: DigestAlgorithm,
  start: number,
  length: number,
  key: string | undefined,
): Promise<Uint8Array> {
  if (key === undefined) return computeDigest(handle, algorithm, start, length)
  const name = `${algorithm} ${key}`
  const before = known.get(name)
  if (before !== undefined) return before
  const digest = computeDigest(handle, algorithm, start, length)
  known.set(name, digest)
  // Whoever waits for it is told; the next one tries again.
  digest.catch(() => known.delete(name))
  for (const oldest of known.keys()) {
    if (known.size <= KNOWN_LIMIT) break
    known.delete(oldest)
  }
  return digest
}

async function computeDigest(
  handle: FileHandle,
  algorithm: DigestAlgorithm,
  start: number,
  length: number,
): Promise<Uint8Array> {
  const hash = createHash(algorithm.replace('-', ''))
  const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(BLOCK, length)))
  for (let read = 0; read < length;) {
    const { bytesRead } = await handle.read(block, 0, Math.min(block.byteLength, length - read), start + read)
    if (bytesRead === 0) throw new Error('The file became shorter while it was read.')
    hash.update(block.subarray(0, bytesRead))
    read += bytesRead
  }
  return hash.digest()
}
