/**
 * The memory that downloads of files read into: pieces of one size, handed out within a budget that
 * all downloads of an app share.
 *
 * Theory. Every download that moves may have the same part of the budget; one that waits for its
 * reader has given back what it does not need, and leaves the rest to the others. Who holds nothing
 * always gets one piece, whatever the budget says, so that nobody starves. So the memory of all is at
 * most the budget, and one piece more for each download.
 */
import type { Engine } from '../../core/engine.ts'
import { callback } from './callback.ts'

/**
 * Bytes of a piece: what is handed over at a time, and what a reader who stops holds up. A little less
 * than 64 KiB, a whole number of the segments of an Ethernet and less than one of the loopback, so that
 * no write ends with a small segment of its own. That is worth a tenth of all it costs to send a file.
 */
export const PIECE = 45 * 1448

/** Free pieces that nobody has needed for this long are let go of, in milliseconds. */
const KEPT_MS = 250

export class FileMemory {
  readonly #limit: number
  /** Used again, since garbage of this size would lie about for long. */
  readonly #free: Buffer[] = []
  /** How many were free all the time since they were last looked at. */
  #unneeded = 0
  #trimming = false
  #held = 0
  #moving = 0

  static readonly #ofEngine = new WeakMap<Engine, FileMemory>()

  /** The memory of an app. */
  static of(engine: Engine): FileMemory {
    let memory = FileMemory.#ofEngine.get(engine)
    if (memory === undefined) FileMemory.#ofEngine.set(engine, (memory = new FileMemory(engine.fileMemory)))
    return memory
  }

  /** @param limit bytes for all downloads together. */
  constructor(limit: number) {
    this.#limit = Math.floor(limit / PIECE)
  }

  /** Bytes that downloads hold. */
  get held(): number {
    return this.#held * PIECE
  }

  /** Up to `wanted` pieces for a download that holds `own` of them. */
  take(wanted: number, own: number): Buffer[] {
    const fair = Math.floor(this.#limit / Math.max(1, this.#moving)) - own
    const count = Math.max(own === 0 ? 1 : 0, Math.min(wanted, fair, this.#limit - this.#held))
    const pieces: Buffer[] = []
    while (pieces.length < count) pieces.push(this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE))
    this.#unneeded = Math.min(this.#unneeded, this.#free.length)
    this.#held += pieces.length
    return pieces
  }

  give(piece: Buffer): void {
    this.#held--
    this.#free.push(piece)
    if (this.#trimming) return
    this.#trimming = true
    setTimeout(this.#trim, KEPT_MS).unref()
  }

  readonly #trim = callback((): void => {
    this.#free.length -= this.#unneeded
    this.#unneeded = this.#free.length
    this.#trimming = this.#unneeded > 0
    if (this.#trimming) setTimeout(this.#trim, KEPT_MS).unref()
  })

  /** What a download does not give back piece by piece. */
  drop(count: number): void {
    this.#held -= count
  }

  /** One download more, or less, moves. */
  move(change: 1 | -1): void {
    this.#moving += change
  }
}

/** What one download holds of it. */
export class Share {
  readonly #memory: FileMemory
  #held = 0
  #moving = false
  #closed = false

  constructor(memory: FileMemory) {
    this.#memory = memory
  }

  /** Up to `wanted` pieces; at least one for who holds none. */
  take(wanted: number): Buffer[] {
    this.#move(true)
    const pieces = this.#memory.take(wanted, this.#held)
    this.#held += pieces.length
    return pieces
  }

  /** Gives back the piece that these bytes are of. */
  give(bytes: Buffer): void {
    if (this.#closed) return
    this.#held--
    this.#memory.give(bytes.byteLength === PIECE ? bytes : Buffer.from(bytes.buffer))
  }

  /** It waits for its reader. */
  pause(): void {
    this.#move(false)
  }

  /** It is over; a piece that a broken connection still has is not used again. */
  close(): void {
    this.#move(false)
    this.#memory.drop(this.#held)
    this.#closed = true
  }

  #move(moving: boolean): void {
    if (this.#moving === moving) return
    this.#moving = moving
    this.#memory.move(moving ? 1 : -1)
  }
}
