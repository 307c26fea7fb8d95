/**
 * Plays inputs against a target, many at a time, and asks it all the while whether it is well.
 *
 * A batch is a few seconds of inputs. Behind each of them all clients have left, and nothing may be open.
 * The first fault ends the run: it is narrowed down to few inputs (shrink.ts).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Generation, generate } from './generate.ts'
import { GRAMMARS, type Grammar, type Input } from './input.ts'
import { type Fault, isAnswered, judge } from './judge.ts'
import { judgeLook, Settling } from './oracle.ts'
import { probe } from './probe.ts'
import { Target } from './target-process.ts'
import { visit } from './visit.ts'

/** Clients at a time. */
const CLIENTS = 48
/** How often the target is looked at, in milliseconds. */
const LOOK_MS = 250
/** How long the client of an input may have left before its fault is seen, in milliseconds. */
const RECENT_MS = 1000
/** How long it may take until the end of a process is known, in milliseconds. */
const EXIT_NEWS_MS = 500
/** How long the closed target may take to end by itself, in milliseconds. */
const EXIT_MS = 8000

export interface FuzzOptions extends Generation {
  /** How long inputs are played, in milliseconds. */
  readonly ms: number
  /** How long a batch is, in milliseconds. */
  readonly batchMs: number
  /** How long the target may take to settle behind a batch, in milliseconds. */
  readonly settleMs: number
  /** Oracles that are not asked. */
  readonly ignored?: ReadonlySet<string>
  /** One of target/fault.mjs, for a control. */
  readonly fault?: string | undefined
  /** Called behind each batch; `memory` tells what is left of it in the target. */
  readonly onBatch?: (counts: Counts, memory: string) => void
}

export type Counts = Record<Grammar, number>

export interface Finding extends Fault {
  /** The inputs that may have brought it about, the latest last. */
  readonly suspects: readonly Input[]
}

export interface Outcome {
  readonly counts: Counts
  readonly finding: Finding | undefined
}

export async function fuzz(options: FuzzOptions): Promise<Outcome> {
  const target = await Target.start(options.fault)
  const run = new Run(target, options)
  try {
    return await run.play()
  } finally {
    await target.kill()
  }
}

/**
 * Plays inputs once, in their order: to see whether they bring a fault about.
 *
 * @param oracle the one whose fault is looked for; without it all of them are asked.
 */
export async function replay(
  inputs: readonly Input[],
  { fault, settleMs, ignored }: Pick<FuzzOptions, 'fault' | 'settleMs' | 'ignored'>,
  oracle?: string,
): Promise<Fault | undefined> {
  const corpus = inputs.map((input, i) => ({ name: String(i), input }))
  const generation = { seed: 0, grammars: GRAMMARS, corpus }
  const options = {
    ...generation,
    ms: Infinity,
    batchMs: Infinity,
    settleMs,
    ignored: ignored ?? new Set<string>(),
    fault,
  }
  const target = await Target.start(fault)
  try {
    return await new Run(target, options).once(inputs.length, oracle)
  } finally {
    await target.kill()
  }
}

class Run {
  readonly #target: Target
  readonly #options: FuzzOptions
  readonly #ignored: ReadonlySet<string>
  readonly #counts: Counts = { http1: 0, http2: 0, websocket: 0, tls: 0 }
  /** The inputs of the batch, and when their clients left. */
  readonly #left = new Map<number, number>()
  #next = 0
  #fault: Fault | undefined
  #seenAt = Infinity
  /** The input that a fault is known to be of. */
  #culprit: number | undefined

  constructor(target: Target, options: FuzzOptions) {
    this.#target = target
    this.#options = options
    this.#ignored = options.ignored ?? new Set()
  }

  async play(): Promise<Outcome> {
    const { ms, batchMs, settleMs } = this.#options
    const settling = await Settling.of(this.#target, settleMs)
    const end = performance.now() + ms
    while (this.#fault === undefined && performance.now() < end) {
      this.#left.clear()
      await this.#batch(Math.min(end, performance.now() + batchMs), Infinity)
      await this.#settle(settling)
      this.#options.onBatch?.(this.#counts, settling.memory)
    }
    if (this.#fault === undefined) await this.#exit()
    return { counts: this.#counts, finding: this.#finding() }
  }

  async once(count: number, oracle: string | undefined): Promise<Fault | undefined> {
    const settling = await Settling.of(this.#target, this.#options.settleMs)
    await this.#batch(Infinity, count)
    if (oracle !== undefined && SHORT_LIVED.has(oracle)) {
      await this.#look()
      return this.#fault
    }
    await this.#settle(settling)
    if (this.#fault === undefined) await this.#exit()
    return this.#fault
  }

  #finding(): Finding | undefined {
    if (this.#fault === undefined) return undefined
    const numbers = this.#culprit === undefined ? this.#suspects() : [this.#culprit]
    return { ...this.#fault, suspects: numbers.map((n) => generate(this.#options, n)) }
  }

  #suspects(): number[] {
    const isShortLived = SHORT_LIVED.has(this.#fault!.oracle)
    const since = (this.#target.endedAt ?? this.#seenAt) - (isShortLived ? RECENT_MS : Infinity)
    return [...this.#left].flatMap(([n, at]) => (at >= since ? [n] : []))
  }

  #report(fault: Fault | undefined, culprit?: number): void {
    if (fault === undefined || this.#fault !== undefined || this.#ignored.has(fault.oracle)) return
    this.#fault = fault
    this.#culprit = culprit
    this.#seenAt = performance.now()
  }

  /** Plays inputs until a time, a count, or a fault. */
  async #batch(end: number, count: number): Promise<void> {
    let isOver = false
    const client = async () => {
      while (this.#fault === undefined && this.#next < count && performance.now() < end)
        await this.#visit(this.#next++)
    }
    const watching = this.#watch(() => isOver)
    await Promise.all(Array.from({ length: CLIENTS }, client))
    isOver = true
    await watching
  }

  async #visit(n: number): Promise<void> {
    const input = generate(this.#options, n)
    this.#counts[input.grammar]++
    this.#left.set(n, Infinity)
    const answered =
      input.expects === undefined ? undefined : (received: Buffer) => isAnswered(input, received)
    const visited = await visit(this.#target, input, answered)
    this.#left.set(n, performance.now())
    // What a process leaves behind that dies is not judged.
    if (this.#target.end === undefined) this.#report(judge(input, visited), n)
  }

  async #watch(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.#fault === undefined) {
      await wait(LOOK_MS)
      await this.#look()
    }
  }

  async #look(): Promise<void> {
    const seen = await this.#target.look()
    if (seen !== undefined) this.#report(judgeLook(seen))
    const fault = await probe(this.#target)
    // A process that ends resets its connections before its end is known.
    if (fault !== undefined) await wait(EXIT_NEWS_MS)
    if (this.#target.end !== undefined) return this.#died()
    this.#report(fault)
  }

  async #died(): Promise<void> {
    await this.#target.ended
    const what = `the process ended with ${this.#target.end}: ${this.#target.output.trim()}`
    // Whatever else was seen of a process that ends comes of its end; and nothing more can be asked of it.
    this.#fault = { oracle: 'alive', what }
    this.#culprit = undefined
  }

  async #settle(settling: Settling): Promise<void> {
    if (this.#fault === undefined) this.#report(await settling.settle(this.#ignored))
    if (this.#fault === undefined) await this.#look()
    else if (this.#target.end !== undefined) await this.#died()
  }

  async #exit(): Promise<void> {
    const end = await this.#target.close(EXIT_MS)
    if (end !== 'exit code 0')
      this.#report({ oracle: 'exit', what: `the closed process: ${end}. ${this.#target.output.trim()}` })
  }
}

/** Faults that show at once. */
const SHORT_LIVED = new Set(['alive', 'loop', 'probe', 'log', 'size'])
