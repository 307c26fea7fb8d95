/** What no name may have on some system: separators, wildcards, controls, and marks that turn text round. */
// oxlint-disable-next-line no-control-regex
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/gu
/** Devices of Windows, in every folder and with any extension; `CONIN$` and `CONOUT$` are two more. */
export const DEVICE =
  /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$) *(\.|$)/i
/**
 * More marks on one letter than any script has: UAX 15 section 13 allows 30. NFC sorts them, and that takes
 * the square of their number: 250 ms for a name of 32 KiB.
 */
const PILED_MARKS = /(\p{M}{30})\p{M}+/gu
/** Most file systems allow 255 bytes; some are left for what a program puts in front. */
const MAX_BYTES = 200
const MAX_EXTENSION = 20

/**
 * A name that can be joined to a directory on any system: the last segment of what was sent, without
 * characters that mean something to a file system, no dot in front, of 200 bytes at the most.
 *
 * @returns `file` when nothing is left.
 */
export function safeFilename(sent: string): string {
  const last = sent.slice(Math.max(sent.lastIndexOf('/'), sent.lastIndexOf('\\')) + 1)
  const name = withoutEdges(last.replace(PILED_MARKS, '$1').normalize('NFC').replace(UNSAFE, '_'))
  if (name === '') return 'file'
  // Looked at last, since a shorter name may have become one.
  const short = shorten(name)
  return DEVICE.test(short) ? shorten(`_${short}`) : short
}

/** A name without dots and blanks at its ends. A search for `[. ]+$` takes quadratic time (issue 11). */
function withoutEdges(name: string): string {
  let start = 0
  let end = name.length
  while (start < end && '. '.includes(name[start]!)) start++
  while (end > start && '. '.includes(name[end - 1]!)) end--
  return name.slice(start, end)
}

/** Cuts a name in front of its extension. */
function shorten(name: string): string {
  const bytes = (text: string) => new TextEncoder().encode(text).byteLength
  if (bytes(name) <= MAX_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= MAX_EXTENSION ? name.slice(dot) : ''
  const room = MAX_BYTES - bytes(extension)
  let stem = ''
  let size = 0
  for (const character of name.slice(0, name.length - extension.length)) {
    size += bytes(character)
    if (size > room) break
    stem += character
  }
  return stem.trimEnd() + extension
}
