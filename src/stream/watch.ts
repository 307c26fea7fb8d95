/**
 * The clockwork beside a pump: what is due when a stream is quiet, stuck or old. It has one timer at
 * a time, set to whatever is due next and re-armed when it fires, so that a busy stream pays one
 * clock reading per write and nothing per item. It never touches the producer.
 */
import type { Clock } from '../core/lifetime/clock.ts'

/** Milliseconds after which something is due; 0 or undefined for never. */
export interface WatchRules {
  /** Since the start, if nothing was produced by then. */
  readonly first?: number | undefined
  /** Since the last item. */
  readonly idle?: number | undefined
  /** Since the sink became full, while it still is. */
  readonly stall?: number | undefined
  /** Since anything was written. */
  readonly heartbeat?: number | undefined
  /** Since the start: time for a farewell. */
  readonly age?: number | undefined
  /** Since the start: no more. */
  readonly total?: number | undefined
}

export type Due = keyof WatchRules

const KINDS: readonly Due[] = ['stall', 'total', 'first', 'age', 'idle', 'heartbeat']

export class StreamWatch {
  readonly #clock: Clock
  readonly #rules: WatchRules
  readonly #onDue: (due: Due) => void
  readonly #startedAt: number
  #itemAt: number
  #writeAt: number
  #blockedAt: number | undefined
  #firstIsDue = true
  #cancelTimer: (() => void) | undefined
  #stopped = false

  /** @returns undefined when no rule applies, so that nothing has to be paid for. */
  static start(clock: Clock, rules: WatchRules, onDue: (due: Due) => void): StreamWatch | undefined {
    return KINDS.some((kind) => isSet(rules[kind])) ? new StreamWatch(clock, rules, onDue) : undefined
  }

  private constructor(clock: Clock, rules: WatchRules, onDue: (due: Due) => void) {
    this.#clock = clock
    this.#rules = rules
    this.#onDue = onDue
    this.#startedAt = this.#itemAt = this.#writeAt = clock.now()
    this.#arm()
  }

  /** Something was written: items, as far as is known here. */
  wrote(isItem: boolean): void {
    this.#writeAt = this.#clock.now()
    if (isItem) this.#itemAt = this.#writeAt
  }

  /** The source has produced something that is not written. */
  produced(): void {
    this.#itemAt = this.#clock.now()
  }

  /** The sink became full. */
  blocked(): void {
    this.#blockedAt = this.#clock.now()
  }

  /** We make the reader wait: that is neither his fault nor the source's. */
  held(): void {
    this.#blockedAt = Infinity
  }

  /** The sink takes more again; the time it was full is not the source's. */
  resumed(): void {
    this.#blockedAt = undefined
    this.#itemAt = this.#clock.now()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  /** When something is due, Infinity while it cannot be. */
  #dueAt(kind: Due): number {
    const ms = this.#rules[kind]
    if (!isSet(ms)) return Infinity
    if (kind === 'first' && (!this.#firstIsDue || this.#blockedAt === Infinity)) return Infinity
    if (kind === 'age' || kind === 'total' || kind === 'first') return this.#startedAt + ms
    if (kind === 'stall') return (this.#blockedAt ?? Infinity) + ms
    if (this.#blockedAt !== undefined) return Infinity
    return (kind === 'idle' ? this.#itemAt : this.#writeAt) + ms
  }

  #arm(): void {
    const now = this.#clock.now()
    let wait = Infinity
    for (const kind of KINDS) {
      const ms = this.#rules[kind]
      // What cannot be due at the moment may become so, at the earliest its whole time from now.
      if (isSet(ms)) wait = Math.min(wait, Math.min(this.#dueAt(kind), now + ms) - now)
    }
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(wait)), this.#onTimer)
  }

  readonly #onTimer = (): void => {
    const now = this.#clock.now()
    for (const kind of KINDS) {
      // A timer may fire a fraction of a millisecond early.
      if (this.#stopped || this.#dueAt(kind) > now + 1) continue
      if (kind === 'heartbeat') this.#writeAt = now
      if (kind === 'first') this.#firstIsDue = false
      this.#onDue(kind)
    }
    if (!this.#stopped) this.#arm()
  }
}

function isSet(ms: number | undefined): ms is number {
  return ms !== undefined && ms > 0 && ms !== Infinity
}
