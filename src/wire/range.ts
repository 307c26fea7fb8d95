/**
 * Range requests (RFC 9110 section 14), of bytes.
 *
 * A `Range` is a wish: what is no range of bytes is ignored, and the whole is sent. What overlaps or
 * touches is sent once, so that no request gets more than the file and some part heads.
 */

/** A part of a representation, in bytes. Never empty. */
export interface ByteRange {
  readonly start: number
  readonly length: number
}

/** Who asks for more ranges than this gets the whole. */
export const MAX_RANGES = 100

const FROM = /^[ \t]*(\d+)-(\d*)[ \t]*$/
const LAST = /^[ \t]*-(\d+)[ \t]*$/

/**
 * Reads a `Range` field against a representation of `size` bytes.
 *
 * Specs that are malformed or inverted are skipped, as long as there is another one.
 *
 * @returns the ranges in the order they were asked for, none if not one of them lies inside (a 416), or
 *   `undefined` where the field is to be ignored: another unit, nothing well-formed, or more than
 *   `MAX_RANGES` specs.
 */
export function parseRange(field: string, size: number): ByteRange[] | undefined {
  const set = /^[ \t]*bytes[ \t]*=(.*)$/i.exec(field)?.[1]
  if (set === undefined || hasTooMany(set)) return undefined
  let wellFormed = false
  const ranges: ByteRange[] = []
  for (const spec of set.split(',')) {
    const range = parseSpec(spec, size)
    if (range === undefined) continue
    wellFormed = true
    if (range.length > 0) ranges.push(range)
  }
  return wellFormed ? coalesce(ranges) : undefined
}

/** One spec: a length of 0 lies outside, `undefined` is malformed. */
function parseSpec(spec: string, size: number): ByteRange | undefined {
  const from = FROM.exec(spec)
  if (from !== null) {
    const start = Number(from[1])
    const last = from[2] === '' ? Infinity : Number(from[2])
    return last < start ? undefined : { start, length: Math.max(0, Math.min(last + 1, size) - start) }
  }
  const suffix = LAST.exec(spec)
  if (suffix === null) return undefined
  const length = Number(suffix[1])
  // The last bytes of nothing are all there is of it, which no Content-Range can say.
  if (size === 0 && length > 0) return undefined
  return { start: Math.max(0, size - length), length: Math.min(length, size) }
}

function hasTooMany(specs: string): boolean {
  let at = -1
  for (let count = 1; count <= MAX_RANGES; count++) {
    at = specs.indexOf(',', at + 1)
    if (at === -1) return false
  }
  return true
}

/** Merges what overlaps or touches; the merged one stands where the first of its parts stood. */
function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: { start: number; length: number; index: number }[] = []
  const sorted = ranges.map((range, index) => ({ ...range, index })).sort((a, b) => a.start - b.start)
  for (const range of sorted) {
    const last = merged.at(-1)
    if (last === undefined || range.start > last.start + last.length) merged.push(range)
    else {
      last.length = Math.max(last.length, range.start + range.length - last.start)
      last.index = Math.min(last.index, range.index)
    }
  }
  return merged.sort((a, b) => a.index - b.index).map(({ start, length }) => ({ start, length }))
}

/** The value of `Content-Range` for a part, or for none at all. */
export function contentRange(range: ByteRange | undefined, size: number): string {
  if (range === undefined) return `bytes */${size}`
  return `bytes ${range.start}-${range.start + range.length - 1}/${size}`
}
