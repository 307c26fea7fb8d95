/**
 * JSON that is read in several turns of the event loop. `JSON.parse` holds the loop for as long as it takes: 75 to
 * 300 ms for 1 MiB of empty objects, 90 ms for one object with 90 000 names (Node 20.20, issue 11).
 */
import { endOfString } from './json.ts'

/** How much of an array or an object is parsed at once, in UTF-16 code units: 1 to 4 ms of the densest JSON. */
const SLICE = 16_384
/** How long a turn may take, in milliseconds. */
const TURN_MS = 10

const QUOTE = 0x22
const COMMA = 0x2c
const BLANK = /^[ \t\r\n]*$/

/**
 * Parses as `JSON.parse` does, and lets the loop have a turn between two slices of a long text.
 *
 * @param text is not nested deeper than `parseJson` allows.
 * @param nextTurn waits for the next turn of the loop.
 * @throws {SyntaxError} for what is not JSON. The message may quote the text.
 */
export async function parseInTurns(text: string, nextTurn: () => Promise<void>): Promise<unknown> {
  const slices = new JsonSlices(text)
  let turnEnd = performance.now() + TURN_MS
  while (slices.next()) {
    if (performance.now() < turnEnd) continue
    await nextTurn()
    turnEnd = performance.now() + TURN_MS
  }
  return slices.value
}

/** Reads the members of long arrays and objects some at a time. `JSON.parse` reads everything that is short. */
class JsonSlices {
  value: unknown
  readonly #text: string
  /** Arrays and objects that have begun and not ended, the outermost first. */
  readonly #open: object[] = []
  #at = 0
  /** What came before this place, in the innermost of them. */
  #behind: 'bracket' | 'comma' | 'member' = 'bracket'

  constructor(text: string) {
    this.#text = text
  }

  /** Reads one slice; false when the text is at its end. */
  next(): boolean {
    const container = this.#open.at(-1)
    if (container === undefined) return this.#begin()
    if (this.#behind === 'member') return this.#afterMember()
    return this.#read(container)
  }

  #begin(): boolean {
    const start = this.#skipBlank()
    const first = this.#text[start]
    if (this.#text.length <= SLICE || (first !== '[' && first !== '{')) {
      this.value = JSON.parse(this.#text)
      return false
    }
    this.#enter(start)
    this.value = this.#open[0]
    return true
  }

  /** Behind a member that was read by itself there is a comma, or the end of its container. */
  #afterMember(): boolean {
    const at = this.#skipBlank()
    if (this.#text.charCodeAt(at) === COMMA) {
      this.#at = at + 1
      this.#behind = 'comma'
      return true
    }
    return this.#leave(at)
  }

  /** Takes members until there are enough, one is too long, or the container ends. */
  #read(container: object): boolean {
    const text = this.#text
    let depth = 0
    let comma = -1
    let opening = -1
    for (let at = this.#at; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) at = endOfString(text, at)
      // Both brackets differ from both braces in the bit 0x20 alone.
      else if ((code | 0x20) === 0x7b) {
        if (depth++ === 0) opening = at
      } else if ((code | 0x20) === 0x7d) {
        if (depth-- === 0) {
          if (this.#behind === 'comma' || !BLANK.test(text.slice(this.#at, at))) this.#take(container, at)
          return this.#leave(at)
        }
      } else if (code === COMMA && depth === 0) {
        comma = at
        opening = -1
      }
      if (at - this.#at < SLICE) continue
      if (comma !== -1) return this.#takeTo(container, comma)
      if (depth > 0) return this.#descend(container, opening)
    }
    throw cutOff()
  }

  #takeTo(container: object, comma: number): true {
    this.#take(container, comma)
    this.#at = comma + 1
    this.#behind = 'comma'
    return true
  }

  /** Adds the members up to `end`. There is at least one. */
  #take(container: object, end: number): void {
    const members = this.#text.slice(this.#at, end)
    if (BLANK.test(members)) throw new SyntaxError('A member of the JSON is missing.')
    if (Array.isArray(container))
      for (const each of JSON.parse(`[${members}]`) as unknown[]) container.push(each)
    else
      for (const [name, each] of Object.entries(JSON.parse(`{${members}}`) as object))
        add(container, name, each)
  }

  /** Enters a member that is too long to be read at once. */
  #descend(container: object, opening: number): true {
    const before = this.#text.slice(this.#at, opening)
    this.#enter(opening)
    const child = this.#open.at(-1)
    if (Array.isArray(container)) {
      if (!BLANK.test(before)) throw new SyntaxError('A comma of the JSON is missing.')
      container.push(child)
    } else for (const name of Object.keys(JSON.parse(`{${before}0}`) as object)) add(container, name, child)
    return true
  }

  #enter(opening: number): void {
    this.#open.push(this.#text[opening] === '[' ? [] : {})
    this.#at = opening + 1
    this.#behind = 'bracket'
  }

  /** Ends the innermost container; false when it was the outermost. */
  #leave(at: number): boolean {
    const closing = Array.isArray(this.#open.pop()) ? ']' : '}'
    if (this.#text[at] !== closing) throw cutOff()
    this.#at = at + 1
    this.#behind = 'member'
    if (this.#open.length > 0) return true
    if (!BLANK.test(this.#text.slice(this.#at))) throw new SyntaxError('Something stands behind the JSON.')
    return false
  }

  #skipBlank(): number {
    let at = this.#at
    while (' \t\r\n'.includes(this.#text[at] ?? '.')) at++
    return at
  }
}

/** Adds a member as `JSON.parse` does, also one that is called `__proto__`. */
function add(container: object, name: string, value: unknown): void {
  if (name !== '__proto__') (container as Record<string, unknown>)[name] = value
  else Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true })
}

const cutOff = () => new SyntaxError('An array or an object of the JSON does not end.')
