/**
 * Texts that may be hard for a regular expression, derived from it: short texts that its parts match, each
 * with a text that the parts in front of it match.
 */

/** A text that some parts match, and what may stand in front of them. */
export interface Piece {
  readonly text: string
  readonly prefixes: ReadonlySet<string>
}

/** Characters to try on a class, the usual ones first. */
const CANDIDATES = [
  ...'a0 .\t"\\-_/=,:;A1%+*',
  ...Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)),
  ...'\u0301\u0323\u200b\u2028\u202e\ufeff\ud800\u4e00',
]

/** The pieces of a pattern: of its atoms, its groups and its sequences. */
export function piecesOf(pattern: RegExp): Piece[] {
  return new PatternReader(pattern).pieces()
}

/** What a part of a pattern matches: once, and repeated. A class that has two characters is repeated with both. */
interface Part {
  readonly once: string
  readonly run: string
}

const NOTHING: Part = { once: '', run: '' }

const ATOM = /\[(?:\\.|[^\]\\])*\]|\\(?:u[\da-f]{4}|x[\da-f]{2}|[pP]\{[^}]+\}|.)|[^*+?{}()[\]|]/iy

class PatternReader {
  readonly #source: string
  readonly #flags: string
  readonly #prefixes = new Map<string, Set<string>>()
  #at = 0

  constructor({ source, flags }: RegExp) {
    this.#source = source
    this.#flags = flags.replace(/[gy]/g, '')
  }

  pieces(): Piece[] {
    this.#alternatives('')
    if (this.#at < this.#source.length) throw this.#unknown()
    return [...this.#prefixes].map(([text, prefixes]) => ({ text, prefixes }))
  }

  #alternatives(prefix: string): string {
    const samples = [this.#sequence(prefix)]
    while (this.#source[this.#at] === '|') {
      this.#at++
      samples.push(this.#sequence(prefix))
    }
    return samples.find((sample) => sample !== '') ?? ''
  }

  #sequence(prefix: string): string {
    let sample = ''
    let literal = ''
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!)) {
      const { text, isLiteral } = this.#part(prefix + sample)
      if (!isLiteral) literal = this.#keep(literal, prefix)
      else literal += text
      sample += text
    }
    this.#keep(literal, prefix)
    this.#keep(sample, prefix)
    return sample
  }

  /** An atom or a group with its quantifier: what it matches with as few repetitions as it allows. */
  #part(prefix: string): { readonly text: string; readonly isLiteral: boolean } {
    const isGroup = this.#source[this.#at] === '('
    const { once, run } = isGroup ? this.#group(prefix) : this.#atom()
    const least = this.#quantifier()
    const isLiteral = !isGroup && least === undefined && once === run && once !== ''
    if (isLiteral) return { text: once, isLiteral }
    this.#keep(once, prefix)
    this.#keep(run, prefix)
    if (least === undefined) return { text: once, isLiteral }
    const text = repeat(run, Math.max(1, least))
    this.#keep(text, prefix)
    return { text: least === 0 ? '' : text, isLiteral }
  }

  /** A group; a look around it takes nothing, but what it looks for is a piece. */
  #group(prefix: string): Part {
    const [opening] = this.#take(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?/y)
    const sample = this.#alternatives(prefix)
    this.#take(/\)/y)
    return /[=!]$/.test(opening) ? NOTHING : { once: sample, run: sample }
  }

  #atom(): Part {
    const [atom] = this.#take(ATOM)
    if (/^(?:[\^$]|\\[bB])$/.test(atom)) return NOTHING
    const alone = new RegExp(`^(?:${atom})$`, this.#flags)
    const [once, other = ''] = CANDIDATES.filter((character) => alone.test(character))
    if (once === undefined) throw this.#unknown()
    const isClass = /^\[|^\.$|^\\[dwsDWSpP]/.test(atom)
    return { once, run: isClass ? once + other : once }
  }

  /** How often at least; undefined without a quantifier. */
  #quantifier(): number | undefined {
    const match = this.#match(/(?:([*?])|(\+)|\{(\d+)(?:,\d*)?\})\??/y)
    if (match === null) return undefined
    return match[1] === undefined ? Number(match[3] ?? 1) : 0
  }

  /** Gives the empty text, to go on with. */
  #keep(text: string, prefix: string): '' {
    if (text !== '') this.#prefixes.set(text, (this.#prefixes.get(text) ?? new Set()).add(prefix))
    return ''
  }

  #take(token: RegExp): RegExpExecArray {
    const match = this.#match(token)
    if (match === null) throw this.#unknown()
    return match
  }

  #match(token: RegExp): RegExpExecArray | null {
    token.lastIndex = this.#at
    const match = token.exec(this.#source)
    if (match !== null) this.#at = token.lastIndex
    return match
  }

  #unknown(): Error {
    return new Error(`Teach test/linear/pattern.ts to read /${this.#source}/ from ${this.#at} on.`)
  }
}

/** A text of at least so many characters, made of the characters of another in turn. */
function repeat(text: string, least: number): string {
  return text.length >= least ? text : text.repeat(Math.ceil(least / (text.length || 1))).slice(0, least)
}
