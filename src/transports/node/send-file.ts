import type { Pace } from '../../core/reply/pace.ts'
import { harmless } from '../../core/lifetime/thenable.ts'
import type { OpenFile, Outcome, Reply } from '../../core/reply/reply.ts'
import { continueNextTurn, isSliceOver } from '../../stream/turn.ts'
import { callback } from './callback.ts'
import { type FileMemory, PIECE, Share } from './file-memory.ts'
import type { NodeResponse, Sending } from './response.ts'
import { WriteWatch } from './write-watch.ts'

/** Pieces per read at the most: 1 MiB. Reads start with one, for an early first byte. */
const MOST_PIECES = 16
/** A block that left faster than this many milliseconds is followed by a larger one, ... */
const FAST_MS = 50
/** ... and who takes nothing for so long is a slow reader: what was read ahead is let go of. */
const SLOW_MS = 250
/** A slow reader is believed to be a fast one when he has taken so much without a pause: more than the system's buffers hold. */
const FAST_AFTER = 16 * 1024 * 1024

type FileBody = Extract<Reply['body'], { kind: 'file' }>

interface FileEnding {
  readonly outcome: Outcome
  readonly error?: unknown
}

/** Sends a part of an open file, and closes it. */
export function sendFile(response: NodeResponse, reply: Reply, body: FileBody, memory: FileMemory): Sending {
  reply.headers['content-length'] = String(body.length)
  response.guard()
  const copy = new FileCopy(response, body, reply, memory)
  response.writeHead(reply)
  const released = copy.run().then(async (ending) => {
    if (ending.outcome !== 'complete') response.cut()
    await body.file.close().catch(() => {})
    reply.onEnd?.({ bytes: copy.sent, items: 0, ...ending })
  })
  return {
    endless: false,
    stop: () => {},
    cut: (reason) => copy.cut(reason),
    released,
  }
}

/**
 * Copies a part of a file: while one block is written, the next one is read.
 *
 * What was handed over to the connection cannot be taken back, so a block is a list of pieces with a
 * memory of their own. They are handed over one by one for as long as the system takes each at once:
 * it is never more than one that waits for the reader. When he makes it wait for long, all the others
 * are given back, and read again when he goes on.
 */
class FileCopy {
  /** Bytes that have left. */
  sent = 0
  readonly #response: NodeResponse
  readonly #body: FileBody
  readonly #watch: WriteWatch
  readonly #share: Share
  readonly #pace: Pace | undefined
  #cutFor: FileEnding = { outcome: 'disconnect' }
  #isCut = false
  #closed = false
  /** What was handed to the connection, whether it has left or not. */
  #handed = 0
  /** Pieces of the next read. */
  #size = 1
  /** From where on blocks grow. */
  #growsFrom = 0
  // Fields and not variables, since a function that waits keeps what its variables hold.
  #block: Buffer[] = []
  #ahead: Promise<Buffer[]> | undefined
  /** What was handed over and has not left, in order. */
  readonly #leaving: Buffer[] = []
  /** Reads under way. One that was let go of may still be when the next one begins. */
  #reads = 0
  #onRead = () => {}
  #wake: (() => void) | undefined

  constructor(response: NodeResponse, body: FileBody, { timing }: Reply, memory: FileMemory) {
    this.#response = response
    this.#body = body
    this.#share = new Share(memory)
    this.#pace = timing?.pace
    response.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
    this.#watch = new WriteWatch(response, timing, (error) => this.cut('timeout', error))
  }

  cut(outcome: 'shutdown' | 'timeout', error?: unknown): void {
    this.#cutFor = error === undefined ? { outcome } : { outcome, error }
    // Writes to a destroyed response settle at once, before it tells that it is closed.
    this.#closed = this.#isCut = true
    this.#response.destroy()
    this.#wake?.()
  }

  async run(): Promise<FileEnding> {
    try {
      await this.#copy()
      if (!this.#closed) await this.#finish()
      return this.#response.finished && !this.#isCut ? { outcome: 'complete' } : this.#cutFor
    } catch (error) {
      return { outcome: 'error', error }
    } finally {
      this.#watch.stop()
      this.#letGo()
      // The file must not be closed under a read.
      if (this.#reads > 0) await new Promise<void>((resolve) => (this.#onRead = resolve))
      this.#share.close()
    }
  }

  async #copy(): Promise<void> {
    while (this.#handed < this.#body.length && !this.#closed) {
      this.#block = await (this.#takeAhead() ?? this.#readNow())
      if (this.#closed) return
      this.#readAhead()
      const startedAt = performance.now()
      await this.#writeBlock()
      if (performance.now() - startedAt < FAST_MS && this.#handed >= this.#growsFrom)
        this.#size = Math.min(this.#size * 2, MOST_PIECES)
      // A source that has its bytes at hand, and a reader who keeps up, would never let the loop turn.
      if (isSliceOver()) await new Promise<void>((resolve) => continueNextTurn(resolve, setImmediate))
    }
    await this.#emptied()
  }

  /** The reader is slow, or has stopped: keeps only what the connection has in hand. */
  readonly #letGo = (): void => {
    this.#size = 1
    this.#growsFrom = this.#handed + FAST_AFTER
    this.#giveBack(this.#block)
    this.#ahead?.then((pieces) => this.#giveBack(pieces)).catch(() => {})
    this.#ahead = undefined
    this.#share.pause()
  }

  #giveBack(pieces: Buffer[]): void {
    for (const piece of pieces.splice(0)) this.#share.give(piece)
  }

  /** Who has handed everything over may have at least one piece. */
  async #readNow(): Promise<Buffer[]> {
    if (this.#leaving.length > 0) await this.#emptied()
    if (this.#pace?.open === false && !this.#closed) await this.#myTurn(this.#pace)
    if (this.#closed) return []
    const pieces = this.#take(this.#handed)
    // Before the read, since others whose turn it is read meanwhile.
    this.#pace?.spend(pieces[0]!.byteLength)
    return this.#read(this.#handed, pieces)
  }

  /** Settles when the pace lets us write again, or the response was closed. */
  async #myTurn(pace: Pace): Promise<void> {
    let cancel = () => {}
    await new Promise<void>((wake) => {
      this.#wake = wake
      cancel = pace.wait(wake)
    })
    cancel()
  }

  /** One read ahead, unless the reader is slow, is made to be slow, or there is no memory for it. */
  #readAhead(): void {
    if (this.#handed < this.#growsFrom || this.#pace !== undefined) return
    const offset = this.#block.reduce((sum, piece) => sum + piece.byteLength, this.#handed)
    const pieces = this.#take(offset)
    if (pieces.length === 0) return
    // One that failed counts when its turn comes.
    this.#ahead = harmless(this.#read(offset, pieces))
  }

  #takeAhead(): Promise<Buffer[]> | undefined {
    const ahead = this.#ahead
    this.#ahead = undefined
    return ahead
  }

  /** Pieces for the block at an offset of the body: none at its end. */
  #take(offset: number): Buffer[] {
    const left = this.#body.length - offset
    if (left === 0) return []
    // At a pace of its own a body leaves in small pieces, one by one.
    const most = this.#pace === undefined ? this.#size * PIECE : Math.min(this.#pace.quantum, PIECE)
    const pieces = this.#share.take(Math.ceil(Math.min(left, most) / PIECE))
    return trim(pieces, Math.min(left, most, pieces.length * PIECE))
  }

  async #read(offset: number, pieces: Buffer[]): Promise<Buffer[]> {
    this.#reads++
    try {
      const count = await readPieces(this.#body.file, pieces, this.#body.start + offset)
      if (count === 0) throw new Error('The file became shorter while it was sent.')
      this.#giveBack(pieces.splice(Math.ceil(count / PIECE)))
      return trim(pieces, count)
    } catch (error) {
      this.#giveBack(pieces)
      throw error
    } finally {
      if (--this.#reads === 0) this.#onRead()
    }
  }

  /** Hands the block over, as long as it is not let go of. */
  async #writeBlock(): Promise<void> {
    for (let piece; (piece = this.#block.shift()) !== undefined && !this.#closed;) {
      this.#handed += piece.byteLength
      this.#leaving.push(piece)
      if (this.#response.writeThrough(piece, this.#onLeft)) continue
      piece = undefined
      this.#watch.writing()
      const timer = setTimeout(callback(this.#letGo), SLOW_MS)
      await this.#emptied()
      clearTimeout(timer)
    }
  }

  readonly #onLeft = (error?: Error | null): void => {
    const piece = this.#leaving.shift()!
    this.#share.give(piece)
    // A write that failed tells so before the response tells that it is closed.
    if (error) this.#closed = true
    else if (!this.#closed) this.sent += piece.byteLength
    if (this.#leaving.length > 0 && !error) return
    this.#watch.written()
    this.#wake?.()
  }

  /** Settles when all that was handed over has left, or the response was closed. */
  async #emptied(): Promise<void> {
    if (this.#leaving.length > 0 && !this.#closed) await new Promise<void>((wake) => (this.#wake = wake))
  }

  #finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#response.on('finish', resolve)
      this.#response.end()
    })
  }
}

/** Cuts the last piece, so that they hold `count` bytes. */
function trim(pieces: Buffer[], count: number): Buffer[] {
  const last = pieces.pop()
  if (last !== undefined) pieces.push(last.subarray(0, count - pieces.length * PIECE))
  return pieces
}

/** Fills pieces, one after another, in one read. */
async function readPieces(file: OpenFile, pieces: Buffer[], position: number): Promise<number> {
  if (pieces.length === 1) return file.read(pieces[0]!, position)
  if (file.readMany !== undefined) return file.readMany(pieces, position)
  const block = Buffer.allocUnsafeSlow(pieces.reduce((sum, piece) => sum + piece.byteLength, 0))
  const count = await file.read(block, position)
  pieces.forEach((piece, i) => block.copy(piece, 0, i * PIECE))
  return count
}
