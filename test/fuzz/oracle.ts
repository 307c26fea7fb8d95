/** What must hold between two batches of inputs, when all clients have left. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from './judge.ts'
import type { Census, Look, Target } from './target-process.ts'

/** Everything that is asked of a target. */
const ORACLES = [
  'alive',
  'probe',
  'loop',
  'size',
  'log',
  'reply',
  'order',
  'answer',
  'handlers',
  'dependencies',
  'afters',
  'connections',
  'timers',
  'work',
  'files',
  'descriptors',
  'memory',
  'exit',
]

/** For a control of one oracle. */
export const allBut = (oracle: string): ReadonlySet<string> =>
  new Set(ORACLES.filter((each) => each !== oracle))

/** How long the loop may be held at a time, in milliseconds. */
const LOOP_MS = 500
/** How large the process may get, in MiB. */
const RSS_MIB = 700
/** How much memory may be left more than after the first batches, in MiB: code that was compiled, caches that fill. */
const MEMORY_MIB = 24
/** Descriptors that Node opens when it needs them. */
const DESCRIPTORS = 4
/** How often the target is asked whether it has settled, in milliseconds. */
const ASK_MS = 150

export function judgeLook({ loopMs, rssMiB, errors }: Look): Fault | undefined {
  if (loopMs > LOOP_MS) return { oracle: 'loop', what: `the loop was held for ${Math.round(loopMs)} ms` }
  if (rssMiB > RSS_MIB) return { oracle: 'size', what: `the process has ${Math.round(rssMiB)} MiB` }
  if (errors.length > 0) return { oracle: 'log', what: errors.join('\n') }
  return undefined
}

/** What is open that was not open at the start. */
function judgeOpen(census: Census, start: Census): Fault[] {
  const faults: Fault[] = []
  for (const name of ['handlers', 'dependencies', 'afters', 'connections', 'timers', 'work'] as const)
    if (census[name] > start[name])
      faults.push({
        oracle: name,
        what: `${census[name]} ${name} are left, ${JSON.stringify(census.resources)}`,
      })
    else if (census[name] < start[name])
      faults.push({ oracle: name, what: `${census[name]} ${name}: more were closed than opened` })
  if (census.files.length > 0)
    faults.push({ oracle: 'files', what: `files are left: ${census.files.join(', ')}` })
  if (census.descriptors > start.descriptors + DESCRIPTORS)
    faults.push({
      oracle: 'descriptors',
      what: `${census.descriptors} descriptors, ${start.descriptors} at the start`,
    })
  return faults
}

export class Settling {
  readonly #target: Target
  readonly #start: Census
  readonly #ms: number
  /** What is left after the first batches, and after the last one, in MiB. */
  #firstMiB = 0
  #lastMiB = 0
  #batches = 0

  private constructor(target: Target, start: Census, ms: number) {
    this.#target = target
    this.#start = start
    this.#ms = ms
  }

  /** @param ms how long the target may take until nothing is open. */
  static async of(target: Target, ms: number): Promise<Settling> {
    const start = await target.census()
    if (start === undefined) throw new Error(`The target does not answer: ${target.output}`)
    return new Settling(target, start, ms)
  }

  /** Waits until nothing is open that was not open at the start. */
  async settle(ignored: ReadonlySet<string>): Promise<Fault | undefined> {
    const deadline = performance.now() + this.#ms
    for (;;) {
      const census = await this.#target.census()
      if (census === undefined)
        return this.#target.end === undefined
          ? { oracle: 'alive', what: 'the target does not answer' }
          : undefined
      const open = judgeOpen(census, this.#start).find(({ oracle }) => !ignored.has(oracle))
      if (open === undefined) return this.#judgeMemory(census)
      if (performance.now() > deadline) return open
      await wait(ASK_MS)
    }
  }

  #judgeMemory({ memoryMiB }: Census): Fault | undefined {
    this.#lastMiB = memoryMiB
    // The first two batches compile and load what is used from then on.
    if (++this.#batches <= 2) this.#firstMiB = Math.max(this.#firstMiB, memoryMiB)
    const grown = memoryMiB - this.#firstMiB
    if (grown <= MEMORY_MIB) return undefined
    return { oracle: 'memory', what: `${Math.round(grown)} MiB more than after the first batches` }
  }

  get memory(): string {
    return `memory ${this.#lastMiB.toFixed(1)} MiB, ${this.#firstMiB.toFixed(1)} at first`
  }
}
