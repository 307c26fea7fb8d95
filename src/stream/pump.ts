/**
 * The pump: moves items from a source to a sink, at the sink's pace.
 *
 * Rules
 * - Pull only. `next()` is called when the sink can take more, one call at a time.
 * - No hidden buffering. What was yielded in a turn of the event loop is written in that turn: small
 *   chunks are gathered until the microtasks have drained, or 16 KiB have come together, and then
 *   leave as one write. That adds no latency, and makes bursts of small yields cheap.
 * - No allocation per item on the hot path: bound methods, no closures, no iterator wrappers. Sync
 *   sources run in a plain loop.
 * - An end is never a lie. `sink.end()` only follows a source that ended by itself; everything else
 *   is `sink.abort()`.
 * - Fairness: after a time slice the pump lets the event loop turn (see turn.ts).
 */
import type { Outcome } from '../core/reply.ts'
import type { Chunk, Source, SourceResult } from '../core/source.ts'
import { continueNextTurn, isSliceOver, type Macrotask } from './turn.ts'

/** Where chunks go: a socket's response, a web stream, a test. */
export interface Sink {
  /** Takes a chunk. Returns false when it wants no more until the pump's `resume()` is called. */
  write(chunk: Chunk): boolean
  /** A clean end. The sink calls the pump's `close('complete')` when all of it has left. */
  end(): void
  /** An abnormal end, after what was written so far: the reader must be able to tell. */
  abort(error: unknown): void
  /** The head may go now, though there is no chunk yet. */
  open(): void
  /** Runs `fn` when the microtasks of this turn have drained. */
  defer(fn: () => void): void
  readonly macrotask: Macrotask
}

/** How a pump ended. */
export interface PumpEnding {
  readonly outcome: Outcome
  readonly bytes: number
  readonly items: number
  readonly error?: unknown
}

/** What was gathered is written when it has this many bytes (or UTF-16 units). */
const FLUSH_AT = 16 * 1024
/** A clock reading costs about as much as an item, so the slice is checked once in so many. */
const ITEMS_PER_CHECK = 16

export class Pump {
  readonly #source: Source
  readonly #sink: Sink
  readonly #onEnd: (ending: PumpEnding) => void
  /** The bytes that were announced, if any were. */
  readonly #length: number | undefined
  #written = 0
  #text = ''
  /** Gathered bytes: a part of a buffer, either one of ours or the one the producer yielded views of. */
  #buffer: ArrayBufferLike | undefined
  #start = 0
  #end = 0
  #ownBuffer = false
  #items = 0
  #untilCheck = ITEMS_PER_CHECK
  #flushScheduled = false
  #opened = false
  /** The sink is full: nothing is pulled until `resume()`. */
  #blocked = false
  /** A `next()` is under way, or the pump waits for its next turn. */
  #busy = false
  /** The source has ended or failed; nothing is pulled any more. */
  #sourceEnded = false
  #closed = false
  #failure: { readonly error: unknown } | undefined

  constructor(source: Source, sink: Sink, onEnd: (ending: PumpEnding) => void, length?: number) {
    this.#source = source
    this.#sink = sink
    this.#onEnd = onEnd
    this.#length = length
  }

  /** Starts pulling. */
  start(): void {
    this.#source.enter(this.#pullInScope)
    // Nothing came at once, so the first item may be long in coming: the head need not wait for it.
    if (!this.#opened && !this.#flushScheduled && !this.#sourceEnded && !this.#closed) {
      this.#opened = true
      this.#sink.open()
    }
  }

  /** The sink can take more. */
  readonly resume = (): void => {
    if (!this.#blocked || this.#closed) return
    this.#blocked = false
    if (!this.#busy) this.#source.enter(this.#pullInScope)
  }

  readonly #pullInScope = (): void => this.#pull()

  /**
   * The sink is closed: `complete` after a clean end has left, anything else when it was cut. Only
   * the first call counts; the outcome of a failed source stays `error`.
   */
  close(outcome: Outcome, bytes: number, error?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#text = ''
    this.#buffer = undefined
    const failure = this.#failure
    if (failure !== undefined)
      this.#onEnd({ outcome: 'error', bytes, items: this.#items, error: failure.error })
    else this.#onEnd({ outcome, bytes, items: this.#items, ...(error === undefined ? undefined : { error }) })
  }

  #pull(): void {
    const source = this.#source
    while (!this.#blocked && !this.#closed && !this.#sourceEnded) {
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
    if (this.#closed) {
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
      this.#sourceEnded = true
      this.#source.markEnded()
      this.#finish()
      return false
    }
    let chunk: Chunk | Promise<Chunk>
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
    this.#append(chunk)
    return this.#mayGoOn()
  }

  readonly #onEncoded = (chunk: Chunk): void => {
    this.#busy = false
    if (this.#closed) return
    this.#append(chunk)
    if (this.#mayGoOn()) this.#pull()
  }

  readonly #onEncodeError = (error: unknown): void => {
    this.#busy = false
    this.#fail(error, false)
  }

  #mayGoOn(): boolean {
    if (this.#blocked) return false
    if (--this.#untilCheck > 0) return true
    this.#untilCheck = ITEMS_PER_CHECK
    if (!isSliceOver()) return true
    this.#flush()
    this.#busy = true
    continueNextTurn(this.#onTurn, this.#sink.macrotask)
    return false
  }

  readonly #onTurn = (): void => {
    this.#busy = false
    if (!this.#closed) this.#source.enter(this.#pullInScope)
  }

  #append(chunk: Chunk): void {
    this.#items++
    if (typeof chunk === 'string') {
      if (this.#buffer !== undefined) this.#flush()
      this.#text += chunk
      if (this.#text.length >= FLUSH_AT) return this.#flush()
    } else {
      if (this.#text !== '') this.#flush()
      this.#gather(chunk)
      if (this.#end - this.#start >= FLUSH_AT) return this.#flush()
    }
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.#sink.defer(this.#onDeferred)
  }

  /** Views that follow each other in one buffer are joined without a copy; others are copied together. */
  #gather(chunk: Uint8Array): void {
    if (this.#buffer === chunk.buffer && this.#end === chunk.byteOffset && !this.#ownBuffer) {
      this.#end += chunk.byteLength
      return
    }
    const held = this.#end - this.#start
    if (this.#buffer !== undefined && held + chunk.byteLength <= FLUSH_AT) return this.#copy(chunk, held)
    this.#flush()
    this.#buffer = chunk.buffer
    this.#start = chunk.byteOffset
    this.#end = chunk.byteOffset + chunk.byteLength
    this.#ownBuffer = false
  }

  #copy(chunk: Uint8Array, held: number): void {
    if (!this.#ownBuffer) {
      const own = new Uint8Array(FLUSH_AT)
      own.set(new Uint8Array(this.#buffer!, this.#start, held))
      this.#buffer = own.buffer
      this.#ownBuffer = true
      this.#start = 0
    }
    new Uint8Array(this.#buffer!).set(chunk, held)
    this.#end = held + chunk.byteLength
  }

  readonly #onDeferred = (): void => {
    this.#flushScheduled = false
    if (!this.#closed) this.#flush()
  }

  #flush(): void {
    if (this.#text !== '') {
      const text = this.#text
      this.#text = ''
      this.#write(text)
    } else if (this.#buffer !== undefined) {
      const bytes = new Uint8Array(this.#buffer, this.#start, this.#end - this.#start)
      // The sink may keep what it was given, so a buffer is never filled again.
      this.#buffer = undefined
      this.#start = this.#end = 0
      this.#write(bytes)
    }
  }

  #write(chunk: Chunk): void {
    this.#opened = true
    // An empty chunk would end a chunked body.
    if (chunk.length === 0 || !this.#fits(chunk)) return
    if (!this.#sink.write(chunk)) this.#blocked = true
  }

  /** More than the stated length never leaves: the reader would take it for the next reply. */
  #fits(chunk: Chunk): boolean {
    if (this.#length === undefined) return true
    const size = typeof chunk === 'string' ? UTF8.encode(chunk).byteLength : chunk.byteLength
    if (this.#written + size <= this.#length) {
      this.#written += size
      return true
    }
    if (this.#failure === undefined)
      this.#fail(new Error(`The stream has more than the ${this.#length} bytes it stated.`), false)
    return false
  }

  #finish(): void {
    this.#flush()
    if (this.#failure !== undefined) return
    if (this.#length === undefined || this.#written === this.#length) return this.#sink.end()
    this.#fail(new Error(`The stream has ${this.#written} of the ${this.#length} bytes it stated.`), false)
  }

  /** Fails: what was yielded before is sent, then a last word where the format has one, then the cut. */
  #fail(error: unknown, sourceEnded: boolean): void {
    if (sourceEnded) this.#source.markEnded({ error })
    if (this.#closed) return
    this.#sourceEnded = true
    this.#failure = { error }
    this.#flush()
    const last = this.#length === undefined ? this.#source.lastWord(error) : undefined
    if (last !== undefined) this.#write(last)
    this.#sink.abort(error)
  }
}

const UTF8 = new TextEncoder()
