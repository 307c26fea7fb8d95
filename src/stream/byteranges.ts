/** Several parts of a file in one body: `multipart/byteranges` (RFC 9110 section 14.6). */
import type { Body, OpenFile } from '../core/reply/reply.ts'
import { Source } from '../core/reply/source.ts'
import { type ByteRange, contentRange } from '../wire/range.ts'
import { readPart } from './file-source.ts'

interface Part {
  readonly head: Uint8Array
  readonly range: ByteRange
}

/**
 * The body, its length known beforehand, and its media type.
 *
 * @param size of the whole file, in bytes.
 */
export function byteranges(
  file: OpenFile,
  ranges: readonly ByteRange[],
  size: number,
  partType: string | undefined,
): { readonly body: Body; readonly mediaType: string } {
  const boundary = crypto.randomUUID()
  const encoder = new TextEncoder()
  const type = partType === undefined ? '' : `content-type: ${partType}\r\n`
  const parts = ranges.map((range, index) => ({
    range,
    head: encoder.encode(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n${type}content-range: ${contentRange(range, size)}\r\n\r\n`,
    ),
  }))
  const closing = encoder.encode(`\r\n--${boundary}--\r\n`)
  const length = parts.reduce(
    (sum, { head, range }) => sum + head.byteLength + range.length,
    closing.byteLength,
  )
  const source = Source.from(readParts(file, parts, closing))!
  return {
    body: { kind: 'stream', source, length },
    mediaType: `multipart/byteranges; boundary=${boundary}`,
  }
}

async function* readParts(
  file: OpenFile,
  parts: readonly Part[],
  closing: Uint8Array,
): AsyncGenerator<Uint8Array> {
  try {
    for (const { head, range } of parts) {
      yield head
      yield* readPart(file, range.start, range.length)
    }
    yield closing
  } finally {
    await file.close()
  }
}
