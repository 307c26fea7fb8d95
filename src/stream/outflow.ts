/**
 * The side of a pump that writes. It gathers small chunks (batch.ts) and cuts large ones into pieces, keeps
 * to a stated length and to a pace, and knows when no more can be taken.
 */
import type { Pace } from '../core/reply/pace.ts'
import type { ReplyTiming } from '../core/reply/reply.ts'
import type { Chunk } from '../core/reply/source.ts'
import { Batch } from './batch.ts'
import { cut } from './piece.ts'
import type { Macrotask } from './turn.ts'
import type { StreamWatch } from './watch.ts'

/** Where chunks go: a socket's response, a web stream, a test. */
export interface Sink {
  /** Takes a chunk. Returns false when it wants no more until the pump's `resume()` is called. */
  write(chunk: Chunk): boolean
  /**
   * A clean end. The sink calls the pump's `close('complete')` when all of it has left.
   *
   * @param whole false when the reader was sent away before the source had ended, with a farewell.
   */
  end(whole: boolean): void
  /** An abnormal end, after what was written so far: the reader must be able to tell. */
  abort(error: unknown): void
  /** An abnormal end at once, for a reader that takes nothing. */
  destroy(): void
  /** The head may go now, though there is no chunk yet. */
  open(): void
  /** Runs `fn` when the microtasks of this turn have drained. */
  defer(fn: () => void): void
  readonly macrotask: Macrotask
}

/** The bounds of one body. */
export interface PumpLimits {
  /** Its stated length in bytes. */
  readonly length?: number | undefined
  readonly timing?: ReplyTiming | undefined
}

/** What an outflow tells its pump. */
interface Listener {
  /** There is room again. */
  onRoom(): void
  /** There is more than was stated. */
  onExcess(error: Error): void
}

/** Larger chunks are written in pieces of this many bytes, or of fewer where their pace asks for it. */
const SLICE = 64 * 1024

export class Outflow {
  /** Told of what is written, and of when that is not possible. */
  watch: StreamWatch | undefined = undefined
  readonly #sink: Sink
  readonly #listener: Listener
  /** Whether what is written are items, as far as is known here. */
  readonly #ofItems: boolean
  readonly #pace: Pace | undefined
  /** Larger chunks are written in pieces of so many bytes. */
  readonly #most: number
  /** The bytes that were announced, if any were. */
  readonly #length: number | undefined
  readonly #batch = new Batch()
  #written = 0
  #exceeds = false
  #flushScheduled = false
  #opened = false
  /** The sink is full: nothing is pulled until `resume()`. */
  #blocked = false
  /** The pace lets nothing leave: nothing is pulled until it is our turn. Never while the sink is full. */
  #held = false
  #cancelTurn = () => {}
  #closed = false
  /** What a large chunk still has to be sent. */
  #rest: Chunk | undefined

  constructor(sink: Sink, limits: PumpLimits, ofItems: boolean, listener: Listener) {
    this.#sink = sink
    this.#listener = listener
    this.#ofItems = ofItems
    this.#length = limits.length
    this.#pace = limits.timing?.pace
    this.#most = this.#pace?.quantum ?? SLICE
  }

  /** Whether nothing more can be taken for now. */
  get isFull(): boolean {
    return this.#blocked || this.#held
  }

  /** Whether a part of a large chunk has been sent, and not all of it. */
  get isTorn(): boolean {
    return this.#rest !== undefined
  }

  get hasLength(): boolean {
    return this.#length !== undefined
  }

  /** What the stated length and the written one have to say to each other, if they differ. */
  get shortfall(): Error | undefined {
    if (this.#length === undefined || this.#written === this.#length) return undefined
    return new Error(`The stream has ${this.#written} of the ${this.#length} bytes it stated.`)
  }

  /** Waits for its turn, where there is a pace that says so. */
  begin(): void {
    if (this.#pace?.open === false) this.#awaitTurn()
  }

  /** Lets the head go, if nothing has been written or is about to be. */
  open(): void {
    if (this.#opened || this.#flushScheduled || this.#closed) return
    this.#opened = true
    this.#sink.open()
  }

  /** Takes a chunk, which leaves in this turn. */
  append(chunk: Chunk): void {
    if (chunk.length > this.#most) {
      this.flush()
      return this.#slice(chunk)
    }
    const batch = this.#batch
    if (!batch.add(chunk)) {
      this.flush()
      batch.add(chunk)
    }
    if (batch.isFull || batch.length >= this.#most) return this.flush()
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.#sink.defer(this.#onDeferred)
  }

  /** Writes what was gathered. */
  flush(): void {
    if (!this.#batch.isEmpty) this.write(this.#batch.take())
  }

  /** Writes a chunk now. */
  write(chunk: Chunk): void {
    this.#opened = true
    // An empty chunk would end a chunked body.
    if (chunk.length === 0 || !this.#fits(chunk)) return
    this.watch?.wrote(this.#ofItems)
    if (!this.#sink.write(chunk)) this.#block()
    else if (this.#pace?.open === false) this.#awaitTurn()
  }

  /** Writes what is no item, and only says that somebody is there. */
  beat(chunk: Chunk): void {
    if (!this.#sink.write(chunk)) this.#block()
  }

  /** The sink can take more. */
  resume(): void {
    if (!this.#blocked || this.#closed) return
    this.#blocked = false
    this.watch?.resumed()
    if (this.#pace?.open === false) this.#awaitTurn()
    else this.#goOn()
  }

  /** What is still on its way is the reader's to take: from now on only that can be late. */
  awaitReader(): void {
    if (!this.#closed && !this.isFull) this.watch?.blocked()
  }

  /** What a large chunk still had to be sent is not sent any more. */
  tear(): void {
    this.#rest = undefined
  }

  close(): void {
    this.#closed = true
    this.#cancelTurn()
    this.watch?.stop()
    this.#rest = undefined
  }

  #block(): void {
    this.#blocked = true
    this.watch?.blocked()
  }

  #goOn(): void {
    if (this.#rest !== undefined) this.#slice(this.#rest)
    this.#listener.onRoom()
  }

  #awaitTurn(): void {
    if (this.#held) return
    this.#held = true
    this.watch?.held()
    this.#cancelTurn = this.#pace!.wait(this.#onTurnToWrite)
  }

  readonly #onTurnToWrite = (): void => {
    this.#held = false
    if (this.#closed) return
    this.watch?.resumed()
    this.#goOn()
  }

  /**
   * Writes a large chunk piece by piece, so that a slow reader holds up a piece and not all of it. A text is
   * encoded piece by piece, too: many readers may wait for the same one (issue 11).
   */
  #slice(chunk: Chunk): void {
    let rest: Chunk | undefined = chunk
    while (rest !== undefined && !this.isFull) {
      const piece = cut(rest, this.#most)
      rest = piece.rest
      this.write(piece.bytes)
    }
    this.#rest = rest
  }

  readonly #onDeferred = (): void => {
    this.#flushScheduled = false
    if (!this.#closed) this.flush()
  }

  /** More than the stated length never leaves: the reader would take it for the next reply. */
  #fits(chunk: Chunk): boolean {
    if (this.#length === undefined) return true
    if (this.#exceeds) return false
    const size = typeof chunk === 'string' ? UTF8.encode(chunk).byteLength : chunk.byteLength
    if (this.#written + size <= this.#length) {
      this.#written += size
      return true
    }
    this.#exceeds = true
    this.#listener.onExcess(new Error(`The stream has more than the ${this.#length} bytes it stated.`))
    return false
  }
}

const UTF8 = new TextEncoder()
