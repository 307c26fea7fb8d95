/**
 * The pump: moves items from a source to a sink, at the sink's pace.
 *
 * Rules
 * - Pull only. `next()` is called when the sink can take more, one call at a time.
 * - No hidden buffering. What was yielded in a turn of the event loop is written in that turn: small
 *   chunks are gathered (outflow.ts) until the microtasks have drained, or 16 KiB have come together,
 *   and then leave as one write. That adds no latency, and makes bursts of small yields cheap.
 * - No allocation per item on the hot path: bound methods, no closures, no iterator wrappers. Sync
 *   sources run in a plain loop.
 * - What transforms stand around is spoken to through them (core/reply/transform.ts).
 * - An end is never a lie. `sink.end()` only follows a source that ended by itself; everything else
 *   is `sink.abort()`.
 * - A pace, where there is one, is asked before the source is: a throttled source is pulled more slowly.
 * - Fairness: after a time slice the pump lets the event loop turn (see turn.ts).
 */
import { StreamCancelled } from '../core/lifetime/cancellation.ts'
import { type Outcome, remaining, type ReplyTiming } from '../core/reply/reply.ts'
import type { SourceResult } from '../core/reply/puller.ts'
import type { Aside, Chunk, Source } from '../core/reply/source.ts'
import { outcomeOf, phaseTimeout } from '../core/lifetime/timeout.ts'
import { Outflow, type PumpLimits, type Sink } from './outflow.ts'
import { continueNextTurn, isSliceOver } from './turn.ts'
import { type Due, StreamWatch } from './watch.ts'

/** How a pump ended. */
export interface PumpEnding {
  readonly outcome: Outcome
  readonly bytes: number
  readonly items: number
  /** Items that did not pass their schema and were left out. */
  readonly dropped: number
  readonly error?: unknown
}

/** A clock reading costs about as much as an item, so the slice is checked once in so many. */
const ITEMS_PER_CHECK = 16
/** How long transforms may take to let a last word pass, in milliseconds. */
const PARTING_MS = 1000

export class Pump {
  readonly #source: Source
  readonly #sink: Sink
  readonly #onEnd: (ending: PumpEnding) => void
  readonly #timing: ReplyTiming | undefined
  readonly #aside: Aside | undefined
  readonly #out: Outflow
  #watch: StreamWatch | undefined
  #items = 0
  #dropped = 0
  #untilCheck = ITEMS_PER_CHECK
  /** A `next()` is under way, or the pump waits for its next turn. */
  #busy = false
  /** The source has ended or failed; nothing is pulled any more. */
  #sourceEnded = false
  #closed = false
  #failure: { readonly error: unknown; readonly outcome: Outcome } | undefined
  /** Why the reader was sent away, though the source had not ended. */
  #leaving: Outcome | undefined
  /** Set while transforms let the last word pass: what it tells of, unless it is a farewell. */
  #parting: { readonly error: Error | undefined; readonly cancelTimer: () => void } | undefined

  constructor(source: Source, sink: Sink, onEnd: (ending: PumpEnding) => void, limits: PumpLimits = {}) {
    this.#source = source
    this.#sink = sink
    this.#onEnd = onEnd
    this.#timing = limits.timing
    this.#aside = source.aside
    this.#out = new Outflow(sink, limits, source.aside === undefined, {
      onRoom: () => this.#onRoom(),
      onExcess: (error) => {
        if (this.#failure === undefined) this.#fail(error, false)
      },
    })
  }

  /** Starts pulling. */
  start(): void {
    const { opening, heartbeat, maxAgeMs } = this.#source.encoding
    if (this.#timing !== undefined) {
      const { clock, idle, stall } = this.#timing
      const first = remaining(this.#timing.first, this.#timing)
      const total = remaining(this.#timing.total, this.#timing)
      const rules = { first, idle, stall, total, heartbeat: heartbeat?.ms, age: maxAgeMs }
      const watch = StreamWatch.start(clock, rules, this.#onDue)
      this.#watch = this.#out.watch = watch
      if (this.#aside !== undefined) this.#aside.onItem = () => watch?.produced()
    }
    if (opening !== undefined) this.#out.append(opening)
    this.#out.begin()
    this.#source.enter(this.#pullInScope)
    // Nothing came at once, so the first item may be long in coming: the head need not wait for it.
    if (!this.#sourceEnded) this.#out.open()
  }

  /** The sink can take more. */
  readonly resume = (): void => this.#out.resume()

  #onRoom(): void {
    if (this.#sourceEnded) this.#out.awaitReader()
    else if (!this.#busy) this.#source.enter(this.#pullInScope)
  }

  readonly #pullInScope = (): void => this.#pull()

  /**
   * The sink is closed: `complete` after a clean end has left, anything else when it was cut. Only
   * the first call counts; the outcome of a failed source stays `error`.
   */
  close(outcome: Outcome, bytes: number, error?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#out.close()
    this.#parting?.cancelTimer()
    const { outcome: told, error: cause } = this.#failure ?? { outcome: this.#leaving ?? outcome, error }
    const { items, dropped } = this.#counts
    this.#onEnd({
      outcome: told,
      bytes,
      items,
      dropped,
      ...(cause === undefined ? undefined : { error: cause }),
    })
  }

  /**
   * Sends the reader away before the source has ended: cleanly where the format lets it come back
   * and lose nothing, otherwise with a last word and a cut.
   */
  stop(reason: 'shutdown' | 'timeout'): void {
    if (this.#closed || this.#sourceEnded || this.#parting !== undefined) return
    this.#leaving = reason
    const farewell = this.#source.encoding.farewell?.()
    const error = new StreamCancelled(reason)
    if (this.#aside !== undefined) return this.#part(this.#aside, farewell, error)
    this.#sourceEnded = true
    this.#out.flush()
    // In the middle of a large item a clean end would be a lie.
    if (farewell === undefined || this.#out.isTorn) return this.#cut(error)
    this.#out.write(farewell)
    this.#end()
  }

  /** The same for what passes transforms: they get a moment to let the last word through. */
  #part(aside: Aside, farewell: Chunk | undefined, error: Error): void {
    const cancelTimer = this.#timing?.clock.after(PARTING_MS, () => this.#parted(error)) ?? (() => {})
    this.#parting = { error: farewell === undefined ? error : undefined, cancelTimer }
    if (farewell === undefined) aside.part(this.#source.lastWord(error), { error })
    else aside.part(farewell, undefined)
  }

  /** @param error what there was to tell, if the end is no clean one. */
  #parted(error: unknown): void {
    if (this.#closed || this.#sourceEnded) return
    this.#sourceEnded = true
    this.#parting?.cancelTimer()
    this.#out.flush()
    if (error === undefined && !this.#out.isTorn) this.#end()
    else this.#cut(error)
  }

  get #counts(): { readonly items: number; readonly dropped: number } {
    return this.#aside ?? { items: this.#items, dropped: this.#dropped }
  }

  #pull(): void {
    const source = this.#source
    while (!this.#out.isFull && !this.#closed && !this.#sourceEnded) {
      let result: SourceResult | PromiseLike<SourceResult>
      try {
        result = source.next()
        if ('then' in result) {
          this.#busy = true
          result.then(this.#onItem, this.#onError)
          return
        }
      } catch (error) {
        return this.#fail(error, true)
      }
      if (!this.#take(result)) return
    }
  }

  readonly #onItem = (result: SourceResult): void => {
    this.#busy = false
    if (this.#closed || this.#sourceEnded) {
      // The item came after the sink was gone; whoever closed us stops the source.
      if (result?.done === true) this.#source.markEnded()
      return
    }
    if (this.#take(result)) this.#pull()
  }

  readonly #onError = (error: unknown): void => {
    this.#busy = false
    this.#fail(error, true)
  }

  /** Takes one result. Returns whether the next one may be pulled right away. */
  #take(result: SourceResult): boolean {
    // Hand-written iterators may give anything.
    if (typeof result !== 'object' || result === null) {
      this.#fail(new TypeError('An iterator gave something that is no iterator result.'), true)
      return false
    }
    if (result.done === true) {
      this.#source.markEnded()
      if (this.#parting !== undefined) this.#parted(this.#parting.error)
      else this.#finish()
      return false
    }
    let chunk: Chunk | undefined | Promise<Chunk | undefined>
    try {
      chunk = this.#source.encoding.encode(result.value)
    } catch (error) {
      this.#fail(error, false)
      return false
    }
    if (chunk instanceof Promise) {
      this.#busy = true
      chunk.then(this.#onEncoded, this.#onEncodeError)
      return false
    }
    this.#takeChunk(chunk)
    return this.#mayGoOn()
  }

  readonly #onEncoded = (chunk: Chunk | undefined): void => {
    this.#busy = false
    if (this.#closed || this.#sourceEnded) return
    this.#takeChunk(chunk)
    if (this.#mayGoOn()) this.#pull()
  }

  readonly #onEncodeError = (error: unknown): void => {
    this.#busy = false
    this.#fail(error, false)
  }

  #mayGoOn(): boolean {
    if (this.#out.isFull) return false
    if (--this.#untilCheck > 0) return true
    this.#untilCheck = ITEMS_PER_CHECK
    if (!isSliceOver()) return true
    this.#out.flush()
    this.#busy = true
    continueNextTurn(this.#onTurn, this.#sink.macrotask)
    return false
  }

  readonly #onTurn = (): void => {
    this.#busy = false
    if (!this.#closed) this.#source.enter(this.#pullInScope)
  }

  /** Takes an encoded item, or undefined for one that was dropped. */
  #takeChunk(chunk: Chunk | undefined): void {
    if (chunk === undefined) this.#dropped++
    else this.#items++
    // Nothing is going to be written, but the source is at work.
    if (chunk === undefined || chunk.length === 0) this.#watch?.produced()
    else this.#out.append(chunk)
  }

  #finish(): void {
    this.#sourceEnded = true
    let last: Chunk | undefined
    try {
      last = this.#source.encoding.finish?.()
    } catch (error) {
      return this.#fail(error, true)
    }
    if (last !== undefined) this.#out.append(last)
    this.#out.flush()
    if (this.#failure !== undefined) return
    const { shortfall } = this.#out
    if (shortfall === undefined) this.#end()
    else this.#fail(shortfall, false)
  }

  #end(): void {
    this.#sink.end(this.#leaving === undefined)
    this.#out.awaitReader()
  }

  /** Fails: what was yielded before is sent, then a last word where the format has one, then the cut. */
  #fail(error: unknown, sourceEnded: boolean): void {
    if (this.#parting !== undefined) {
      this.#source.markEnded()
      return this.#parted(error)
    }
    if (sourceEnded) this.#source.markEnded({ error })
    if (this.#closed || this.#leaving !== undefined) return
    this.#sourceEnded = true
    this.#failure = { error, outcome: outcomeOf(error) }
    this.#out.flush()
    this.#cut(error)
  }

  #cut(error: unknown): void {
    // A piece of a chunk is on its way, or a length was stated: a last word would only be noise then. Where
    // there are transforms, it has passed them.
    const speaks = !this.#out.isTorn && !this.#out.hasLength && this.#aside === undefined
    const last = speaks ? this.#source.lastWord(error) : undefined
    this.#out.tear()
    if (last !== undefined) this.#out.write(last)
    this.#sink.abort(error)
    this.#out.awaitReader()
  }

  readonly #onDue = (due: Due): void => {
    const timing = this.#timing!
    if (due === 'heartbeat') return this.#beat()
    if (due === 'age') return this.stop('timeout')
    if (due === 'first' && this.#counts.items + this.#counts.dropped > 0) return
    const error = phaseTimeout(due, timing[due])
    if (due !== 'stall' && !this.#sourceEnded) return this.#timeOut(error)
    this.#failure ??= { error, outcome: 'timeout' }
    this.#sourceEnded = true
    this.#sink.destroy()
  }

  #timeOut(error: Error): void {
    if (this.#aside === undefined) return this.#fail(error, false)
    if (this.#parting !== undefined) return
    this.#failure = { error, outcome: 'timeout' }
    this.#part(this.#aside, undefined, error)
  }

  #beat(): void {
    const chunk = this.#source.encoding.heartbeat!.chunk
    if (this.#out.isFull || this.#sourceEnded) return
    if (this.#aside !== undefined) this.#aside.say(chunk)
    else this.#out.beat(chunk)
  }
}
