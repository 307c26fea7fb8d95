/** JSON that comes from somebody else, with a bound on how deep it is nested. */

/**
 * How many arrays and objects may stand inside each other. `JSON.parse` takes any number, but validators and
 * handlers recurse: a few kilobytes of brackets would overflow the stack. Rust's serde_json stops at 128, too;
 * .NET at 64, Jackson at 1000.
 */
export const MAX_JSON_DEPTH = 128

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The text is JSON that nobody is going to read. */
export class JsonTooDeep extends SyntaxError {
  override readonly name = 'JsonTooDeep'

  constructor(maxDepth: number) {
    super(`JSON may be nested ${maxDepth} levels deep, and this is deeper.`)
  }
}

/**
 * Parses JSON that is not deeper than `maxDepth`.
 *
 * @throws {JsonTooDeep} for what is deeper.
 * @throws {SyntaxError} for what is not JSON. The message is the engine's, and may quote the text.
 */
export function parseJson(text: string, maxDepth = MAX_JSON_DEPTH): unknown {
  assertDepth(text, maxDepth)
  return JSON.parse(text) as unknown
}

/** @throws {JsonTooDeep} for JSON that is deeper than `maxDepth`. */
export function assertDepth(text: string, maxDepth = MAX_JSON_DEPTH): void {
  // Each level takes an opening and a closing bracket, so most texts are too short to be too deep.
  if (text.length > 2 * maxDepth && isDeeper(text, maxDepth)) throw new JsonTooDeep(maxDepth)
}

/** Whether more brackets than `maxDepth` are open at any place. Looks at every character once. */
function isDeeper(text: string, maxDepth: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    // Both brackets differ from both braces in the bit 0x20 alone: [ ] are 5b 5d, { } are 7b 7d.
    else if ((code | 0x20) === 0x7b) {
      if (++depth > maxDepth) return true
    } else if ((code | 0x20) === 0x7d) depth--
  }
  return false
}

/** Where the string ends that begins at `start`; the end of the text if it does not. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

/** Whether an odd number of backslashes stands in front. */
function isEscaped(text: string, at: number): boolean {
  let from = at
  while (text.charCodeAt(from - 1) === BACKSLASH) from--
  return (at - from) % 2 === 1
}
