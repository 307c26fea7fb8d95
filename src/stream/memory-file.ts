import type { DigestAlgorithm } from '../wire/digest.ts'
import type { FileSource } from './file-source.ts'

export interface MemoryFileOptions {
  /** For `Last-Modified`. Default: none. */
  readonly modified?: Date
  /** An entity tag. Default: made of the contents. */
  readonly etag?: string
}

/**
 * A file that is in memory, for `reply.file`: with a tag, conditions, ranges and a name, which `reply.bytes`
 * does not have.
 *
 * @param name for the media type, for example `report.pdf`.
 * @param contents a string is sent as UTF-8.
 * @example
 * const icon = memoryFile('icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
 * app.get('/icon.svg', () => reply.file(icon))
 */
export function memoryFile(
  name: string,
  contents: string | Uint8Array,
  { modified, etag }: MemoryFileOptions = {},
): FileSource {
  const bytes = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents
  let tag: Promise<string> | undefined
  const digest = async (algorithm: DigestAlgorithm, start: number, length: number) =>
    new Uint8Array(
      await crypto.subtle.digest(algorithm, bytes.subarray(start, start + length) as Uint8Array<ArrayBuffer>),
    )
  const read = async (target: Uint8Array, position: number) => {
    const part = bytes.subarray(position, position + target.byteLength)
    target.set(part)
    return part.byteLength
  }
  return {
    name,
    open: async () => ({
      size: bytes.byteLength,
      modified,
      etag: etag ?? (await (tag ??= digest('sha-256', 0, bytes.byteLength).then(toTag))),
      read,
      digest,
      close: async () => {},
    }),
  }
}

function toTag(digest: Uint8Array): string {
  return `"${btoa(String.fromCharCode(...digest.subarray(0, 18)))}"`
}
