import type { Chunk } from '../core/reply/source.ts'

const UTF8 = new TextEncoder()
/** The most bytes that one character has in UTF-8: a piece of a text has room for it. */
const LONGEST_CHARACTER = 4

/**
 * Cuts the first bytes off a chunk. A text is encoded only that far, and never cut within a character.
 *
 * @param most bytes, at least; a text needs 4 for some characters.
 */
export function cut(chunk: Chunk, most: number): { bytes: Uint8Array; rest: Chunk | undefined } {
  if (typeof chunk !== 'string') {
    const rest = chunk.byteLength > most ? chunk.subarray(most) : undefined
    return { bytes: chunk.subarray(0, most), rest }
  }
  const bytes = new Uint8Array(Math.max(most, LONGEST_CHARACTER))
  const { read, written } = UTF8.encodeInto(headOf(chunk, bytes.byteLength), bytes)
  return { bytes: bytes.subarray(0, written), rest: read < chunk.length ? chunk.slice(read) : undefined }
}

/** So many UTF-16 units, or one less where that would part a surrogate pair. */
function headOf(text: string, units: number): string {
  if (text.length <= units) return text
  const isPair = (text.charCodeAt(units - 1) & 0xfc00) === 0xd800
  return text.slice(0, isPair ? units - 1 : units)
}
