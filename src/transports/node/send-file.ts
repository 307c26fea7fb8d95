import type { Outcome, Reply } from '../../core/reply.ts'
import type { NodeResponse, Sending } from './response.ts'
import { WriteWatch } from './write-watch.ts'

/** Blocks start small, for an early first byte, and grow up to a bound. */
const FIRST_BLOCK = 64 * 1024
const LARGEST_BLOCK = 1024 * 1024
/** What is handed over at a time: of that nothing can be taken back from a reader who stops. */
const PIECE = 64 * 1024
/**
 * A reader who has taken so much without a pause gets whole blocks, which cost half as much. It is more
 * than the system's buffers hold, so somebody is reading.
 */
const TRUSTED_AFTER = 16 * 1024 * 1024
/** A block that left faster than this many milliseconds is followed by a larger one, ... */
const FAST_MS = 50
/** ... and of one that takes longer than this we let go: what did not leave is read again when it can. */
const SLOW_MS = 250

type FileBody = Extract<Reply['body'], { kind: 'file' }>

interface FileEnding {
  readonly outcome: Outcome
  readonly error?: unknown
}

/** Sends a part of an open file, and closes it. */
export function sendFile(response: NodeResponse, reply: Reply, body: FileBody): Sending {
  reply.headers['content-length'] = String(body.length)
  response.guard()
  const copy = new FileCopy(response, body, reply)
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
 * Copies a part of a file: while one block is written, the next one is read. At first a block leaves in
 * pieces, so that a reader who stops holds up one piece; what is behind it is let go of. One who has
 * kept up for long and then stops holds up one block.
 */
class FileCopy {
  sent = 0
  readonly #response: NodeResponse
  readonly #body: FileBody
  readonly #watch: WriteWatch
  #cutFor: FileEnding = { outcome: 'disconnect' }
  #isCut = false
  /** What was handed to the connection, whether it has left or not. */
  #handed = 0
  #size = FIRST_BLOCK
  #isSlow = false
  #trustedFrom = TRUSTED_AFTER
  // Fields and not variables, since a function that waits keeps what its variables hold.
  #block: Buffer | undefined
  #ahead: Promise<Buffer> | undefined
  #spare: Buffer | undefined
  #piece: Buffer | undefined
  /** The last read. It never rejects. */
  #reading: Promise<unknown> = Promise.resolve()
  #wake: ((open: boolean) => void) | undefined
  #closed = false

  constructor(response: NodeResponse, body: FileBody, { timing }: Reply) {
    this.#response = response
    this.#body = body
    response.on('close', () => {
      this.#closed = true
      this.#wake?.(false)
    })
    this.#watch = new WriteWatch(response, timing, (error) => this.cut('timeout', error))
  }

  cut(outcome: 'shutdown' | 'timeout', error?: unknown): void {
    this.#cutFor = error === undefined ? { outcome } : { outcome, error }
    // Writes to a destroyed response settle at once, before it tells that it is closed.
    this.#closed = this.#isCut = true
    this.#response.destroy()
    this.#wake?.(false)
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
      // The file must not be closed under a read.
      await this.#reading
    }
  }

  async #copy(): Promise<void> {
    for (;;) {
      this.#block = await (this.#takeAhead() ?? this.#read(this.#handed))
      if (this.#block.byteLength === 0 || this.#closed) return
      if (!this.#isSlow) this.#readAhead(this.#handed + this.#block.byteLength)
      const startedAt = performance.now()
      const timer = setTimeout(this.#letGo, SLOW_MS)
      const open = await this.#writeBlock()
      clearTimeout(timer)
      if (!open) return
      if (performance.now() - startedAt < FAST_MS) this.#speedUp()
    }
  }

  #speedUp(): void {
    this.#isSlow = false
    this.#size = Math.min(this.#size * 2, LARGEST_BLOCK)
  }

  /** The reader is slow, or has stopped: keeps only what the connection has in hand. */
  readonly #letGo = (): void => {
    this.#isSlow = true
    this.#size = FIRST_BLOCK
    this.#trustedFrom = this.#handed + TRUSTED_AFTER
    this.#block = this.#ahead = this.#spare = this.#piece = undefined
  }

  #readAhead(offset: number): void {
    this.#ahead = this.#read(offset)
    // One that failed counts when its turn comes.
    this.#ahead.catch(() => {})
  }

  #takeAhead(): Promise<Buffer> | undefined {
    const ahead = this.#ahead
    this.#ahead = undefined
    return ahead
  }

  #read(offset: number): Promise<Buffer> {
    const reading = this.#fill(offset)
    const settled = reading.then(forget, forget)
    this.#reading = Promise.all([this.#reading, settled]).then(forget)
    return reading
  }

  /** Reads the block at an offset of the body; an empty one means that all has been read. */
  async #fill(offset: number): Promise<Buffer> {
    const size = Math.min(this.#size, this.#body.length - offset)
    if (size === 0) return EMPTY
    const target = this.#takeSpare(size) ?? Buffer.allocUnsafeSlow(size)
    const count = await this.#body.file.read(target, this.#body.start + offset)
    if (count === 0) throw new Error('The file became shorter while it was sent.')
    return target.subarray(0, count)
  }

  /** A buffer that has been written, to read into it again. */
  #takeSpare(size: number): Buffer | undefined {
    const spare = this.#spare
    this.#spare = undefined
    return spare !== undefined && spare.byteLength >= size ? spare.subarray(0, size) : undefined
  }

  /** Writes the block, as long as it is not let go of. Settles with false when the response was closed. */
  async #writeBlock(): Promise<boolean> {
    for (let at = 0; this.#block !== undefined && at < this.#block.byteLength;) {
      const piece = this.#cutPiece(this.#block, at)
      at += piece.byteLength
      this.#handed += piece.byteLength
      if (!(await this.#write(piece))) return false
      this.sent += piece.byteLength
    }
    if (this.#block !== undefined) this.#spare = Buffer.from(this.#block.buffer)
    this.#block = undefined
    return true
  }

  /** A piece of a large block is a copy: a view would keep all of the block. */
  #cutPiece(block: Buffer, at: number): Buffer {
    if (block.buffer.byteLength <= PIECE || this.#handed >= this.#trustedFrom) return block.subarray(at)
    const piece = (this.#piece ??= Buffer.allocUnsafeSlow(PIECE))
    return piece.subarray(0, block.copy(piece, 0, at, at + PIECE))
  }

  /** Settles when the piece has left; with false when the response was closed instead. */
  #write(piece: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#response.write(piece, (error) => {
        this.#watch.written()
        // A write that failed tells so before the response tells that it is closed.
        resolve(!error && !this.#closed)
      })
      this.#watch.writing()
    })
  }

  #finish(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#response.on('finish', () => resolve(true))
      this.#response.end()
    })
  }
}

const EMPTY = Buffer.alloc(0)

/** For promises that must not keep a block alive by their result. */
const forget = (): void => {}
