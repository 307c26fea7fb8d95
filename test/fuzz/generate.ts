/** Inputs by their number: the same seed gives the same inputs, in whatever order they are asked for. */
import { Random } from '../promise/random.ts'
import type { Seed } from './corpus.ts'
import { http1 } from './grammar/http1.ts'
import { http2 } from './grammar/http2.ts'
import { tls } from './grammar/tls.ts'
import { websocket } from './grammar/websocket.ts'
import { bytesOf, type Grammar, type Input } from './input.ts'
import { cut, mutate } from './mutation.ts'

const GENERATORS: Readonly<Record<Grammar, (random: Random) => Input>> = { http1, http2, websocket, tls }

/** How often each grammar is chosen; a handshake of TLS costs as much as many requests. */
const WEIGHTS: readonly Grammar[] = [
  ...Array<Grammar>(10).fill('http1'),
  ...Array<Grammar>(6).fill('http2'),
  ...Array<Grammar>(4).fill('websocket'),
  'tls',
]

export interface Generation {
  readonly seed: number
  readonly grammars: readonly Grammar[]
  /** Inputs to play first, and to mutate later. */
  readonly corpus: readonly Seed[]
  /** Inputs whose bytes match are replaced by others. */
  readonly without?: RegExp | undefined
  /** Only what is right, and must be answered. */
  readonly isHonest?: boolean
}

export function generate(generation: Generation, n: number): Input {
  const { corpus, grammars, without, isHonest = false } = generation
  if (n < corpus.length) return corpus[n]!.input
  for (let attempt = 0; ; attempt++) {
    const input = make(generation, new Random(mix(generation.seed, n, attempt)), grammars)
    const isWanted = !isHonest || input.expects !== undefined
    if (isWanted && (without === undefined || !matches(without, input))) return input
  }
}

export const matches = (pattern: RegExp, input: Input): boolean =>
  pattern.test(`${input.port} ${bytesOf(input).toString('latin1')}`)

function make({ corpus }: Generation, random: Random, grammars: readonly Grammar[]): Input {
  const weights = WEIGHTS.filter((each) => grammars.includes(each))
  const fresh = GENERATORS[random.pick(weights)](random)
  const known = corpus.filter(({ input }) => grammars.includes(input.grammar))
  const input = known.length > 0 && random.chance(0.05) ? random.pick(known).input : fresh
  const isMutated = input !== fresh || random.chance(0.3)
  const changed = isMutated ? mutate(input, random, bytesOf(GENERATORS[random.pick(weights)](random))) : input
  return random.chance(0.15) ? cut(changed, random) : changed
}

/** One number of three, so that neighbours differ in all bits. */
function mix(seed: number, n: number, attempt: number): number {
  let hash = seed ^ Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(attempt, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return hash ^ (hash >>> 16)
}
