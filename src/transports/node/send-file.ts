import type { Outcome, Reply } from '../../core/reply.ts'
import type { NodeResponse, Sending } from './response.ts'
import { WriteWatch } from './write-watch.ts'

/** Blocks start small, for an early first byte, and find their measure between these bounds. */
const FIRST_BLOCK = 64 * 1024
const LARGEST_BLOCK = 1024 * 1024
/** A block that left faster than this many milliseconds is followed by a larger one, ... */
const FAST_MS = 50
/** ... and one that took longer than this by a smaller one, so that a slow reader holds little. */
const SLOW_MS = 500

type FileBody = Extract<Reply['body'], { kind: 'file' }>

interface FileEnding {
  readonly outcome: Outcome
  readonly error?: unknown
}

/** Sends a part of an open file, and closes it. */
export function sendFile(response: NodeResponse, reply: Reply, body: FileBody): Sending {
  reply.headers['content-length'] = String(body.length)
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
 * Copies a part of a file in two buffers that take turns: while one is written, the next block is
 * read into the other. Nothing is allocated per block, and a slow reader holds two small ones.
 */
class FileCopy {
  sent = 0
  readonly #response: NodeResponse
  readonly #body: FileBody
  readonly #watch: WriteWatch
  #cutFor: FileEnding = { outcome: 'disconnect' }
  #isCut = false
  #position: number
  #size = FIRST_BLOCK
  #wake: ((open: boolean) => void) | undefined
  #closed = false

  constructor(response: NodeResponse, body: FileBody, { timing }: Reply) {
    this.#response = response
    this.#body = body
    this.#position = body.start
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
    }
  }

  async #copy(): Promise<void> {
    const end = this.#body.start + this.#body.length
    let block = await this.#read(undefined, end)
    let spare: Buffer | undefined
    while (block.byteLength > 0 && !this.#closed) {
      const startedAt = performance.now()
      const writing = this.#write(block)
      const reading = this.#read(spare, end)
      // Both must have settled before a buffer changes hands; a failed read counts after the write.
      const [open, next] = await Promise.all([writing, reading.catch((error: unknown) => ({ error }))])
      if (!open) return
      this.#measure(performance.now() - startedAt)
      this.sent += block.byteLength
      if ('error' in next) throw next.error
      spare = block
      block = next
    }
  }

  #measure(ms: number): void {
    // Where a slow reader cannot be seen to move within a block, blocks stay small.
    const largest = this.#response.backlog === undefined ? FIRST_BLOCK : LARGEST_BLOCK
    if (ms < FAST_MS) this.#size = Math.min(this.#size * 2, largest)
    else if (ms > SLOW_MS) this.#size = FIRST_BLOCK
  }

  /** Reads the next block; an empty one means that all has been read. */
  async #read(spare: Buffer | undefined, end: number): Promise<Buffer> {
    const size = Math.min(this.#size, end - this.#position)
    if (size === 0) return EMPTY
    const whole = spare === undefined ? undefined : Buffer.from(spare.buffer)
    // A buffer that has become too large for a slow reader is given up.
    const fits = whole !== undefined && whole.byteLength >= size && whole.byteLength <= this.#size * 2
    const target = fits ? whole.subarray(0, size) : Buffer.allocUnsafeSlow(size)
    const count = await this.#body.file.read(target, this.#position)
    if (count === 0) throw new Error('The file became shorter while it was sent.')
    this.#position += count
    return target.subarray(0, count)
  }

  /** Settles when the block has left; false when the response was closed instead. */
  #write(block: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#response.write(block, () => {
        this.#watch.written()
        resolve(!this.#closed)
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
