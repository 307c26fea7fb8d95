/** Changes of an input that no grammar makes: each is a function of the steps and of the random numbers. */
import type { Random } from '../promise/random.ts'
import { ENDS, type Input, pause, type Step, send } from './input.ts'

/** The most bytes that an input may grow to. */
const LARGEST = 256 * 1024
/** The most pieces that bytes are cut into. */
const PIECES = 12

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer

const flip: Mutation = (bytes, random) => {
  const changed = Buffer.from(bytes)
  for (let n = random.between(1, 4); n > 0; n--) {
    const at = random.below(changed.length)
    changed[at] = random.chance(0.5) ? changed[at]! ^ (1 << random.below(8)) : random.below(256)
  }
  return changed
}

/** A place in the bytes, and one behind it. */
function range(bytes: Buffer, random: Random): [number, number] {
  const start = random.below(bytes.length)
  const most = random.chance(0.7) ? 32 : bytes.length
  return [start, Math.min(bytes.length, start + 1 + random.below(most))]
}

const drop: Mutation = (bytes, random) => {
  const [start, end] = range(bytes, random)
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
}

const duplicate: Mutation = (bytes, random) => {
  const [start, end] = range(bytes, random)
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
}

const repeat: Mutation = (bytes, random) => {
  const [start, end] = range(bytes, random)
  const count = random.pick([2, 5, 50, 500])
  const part = bytes.subarray(start, end)
  return Buffer.concat([
    bytes.subarray(0, start),
    ...Array.from({ length: count }, () => part),
    bytes.subarray(end),
  ])
}

const truncate: Mutation = (bytes, random) => bytes.subarray(0, 1 + random.below(bytes.length))

const splice: Mutation = (bytes, random, other) => {
  const [start, end] = range(other, random)
  const at = random.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at)])
}

/** Bytes that mean something to a parser. */
const SPECIAL = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '%',
  '\xff',
  '\x7f',
  '-1',
  '0x10',
  '4294967296',
]

const insert: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1)
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(random.pick(SPECIAL), 'latin1'),
    bytes.subarray(at),
  ])
}

/** Pieces of both in turn. */
const interleave: Mutation = (bytes, random, other) => {
  const size = random.between(1, 40)
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length && parts.length < 100; at += size)
    parts.push(bytes.subarray(at, at + size), other.subarray(at, at + size))
  return Buffer.concat([...parts, bytes.subarray((parts.length / 2) * size)])
}

const MUTATIONS = [interleave, flip, flip, drop, duplicate, repeat, truncate, splice, insert, insert]

/** @param other bytes of another input, for what is spliced in. */
export function mutate(input: Input, random: Random, other: Buffer): Input {
  const steps = input.steps.map((step) => {
    if (step.kind === 'pause' || step.bytes.length === 0 || !random.chance(0.6)) return step
    let { bytes } = step
    for (let n = random.between(1, 3); n > 0 && bytes.length > 0; n--)
      bytes = random
        .pick(MUTATIONS)(bytes, random, other.length === 0 ? bytes : other)
        .subarray(0, LARGEST)
    return send(bytes)
  })
  const { expects: _, ...rest } = input
  return { ...rest, steps: random.chance(0.3) ? shuffle(steps, random) : steps }
}

/** Swaps, repeats or leaves out whole steps. */
function shuffle(steps: readonly Step[], random: Random): Step[] {
  const shuffled = [...steps]
  const at = random.below(shuffled.length)
  const [step] = shuffled.splice(at, 1)
  if (step === undefined || random.chance(0.3)) return shuffled
  shuffled.splice(random.below(shuffled.length + 1), 0, step)
  if (random.chance(0.3)) shuffled.push(step)
  return shuffled
}

/** Cuts what is sent at once into pieces, some with pauses between them. */
export function cut(input: Input, random: Random): Input {
  const steps = input.steps.flatMap((step) => (step.kind === 'send' ? pieces(step.bytes, random) : [step]))
  return { ...input, steps }
}

function pieces(bytes: Buffer, random: Random): Step[] {
  const steps: Step[] = []
  const count = random.between(2, PIECES)
  const most = Math.max(1, Math.ceil((bytes.length / count) * 2))
  for (let at = 0; at < bytes.length;) {
    const size = random.chance(0.2) ? 1 : random.between(1, most)
    steps.push(send(bytes.subarray(at, at + size)))
    at += size
    if (random.chance(0.4)) steps.push(pause(random.pick([0, 1, 5])))
    // What is left after many pieces goes at once.
    if (steps.length < PIECES * 2) continue
    steps.push(send(bytes.subarray(at)))
    break
  }
  return steps
}

/** How a client behaves that sends this. */
export function manners(random: Random): Pick<Input, 'end' | 'reads' | 'patience'> {
  return {
    end: random.chance(0.02) ? 'wait' : random.pick(ENDS.filter((end) => end !== 'wait')),
    reads: !random.chance(0.1),
    patience: random.pick([1, 5, 5, 10, 10, 20, 40]),
  }
}
