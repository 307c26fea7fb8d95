import type { Clock } from '../lifetime/clock.ts'
import { BodyRoom } from './body-room.ts'
import { codingsToUndo, Inflation, webCodings } from './decompression.ts'
import { HttpError } from '../error.ts'
import { headerValue, type Incoming } from '../incoming.ts'
import { phaseTimeout } from '../lifetime/timeout.ts'

/** The bounds of a request body. */
export interface BodyBounds {
  /** Bytes accepted at the most, of what it is when its codings are undone. */
  readonly bytes: number
  /** How long the body may take from the first read on, for every MiB of it, in milliseconds; 0 for no limit. */
  readonly ms: number
  /** How many times larger it may become than what was sent; undefined when codings are not undone. */
  readonly ratio: number | undefined
}

/** The default of `bodyLimit`: 1 MiB. */
export const DEFAULT_BODY_LIMIT = 1024 * 1024

/** A body may take its time for every so many bytes of it: a large one is not slow. */
const TIMED_BYTES = 1024 * 1024

/**
 * How the body of a request comes in, whoever reads it: at the reader's pace, within its bounds and its
 * time, with its codings undone. What nobody reads is counted and forgotten, or left to its sender.
 */
export class BodyIntake implements AsyncIterable<Uint8Array> {
  /** Bytes accepted at the most. */
  readonly limit: number
  /** What is kept of it in memory. Reading waits while there is no room. */
  readonly room: BodyRoom
  /** Called with every piece that has arrived. */
  onArrival = () => {}
  readonly #incoming: Incoming
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #ratio: number | undefined
  #lastReadAt: number | undefined
  #isAsSent = false
  #inflation: Inflation | undefined
  #interrupted: { readonly error: unknown } | undefined
  #rejectRead: (error: unknown) => void = () => {}
  #unwatch = () => {}
  #received = 0
  #openedAt = 0
  #started = false
  #reading = false
  #finished = false
  #exceeded = false
  #iterator: AsyncIterator<Uint8Array> | undefined
  #claimed: AsyncIterator<Uint8Array> | undefined
  #drained: Promise<void> | undefined

  constructor(incoming: Incoming, clock: Clock, { bytes: limit, ms, ratio }: BodyBounds) {
    this.#incoming = incoming
    this.#clock = clock
    this.room = new BodyRoom(incoming, clock)
    this.#timeoutMs = ms
    this.#ratio = ratio
    this.limit = limit
    const declared = headerValue(incoming.headers, 'content-length')
    if (declared !== undefined && Number(declared) > limit) this.#exceeded = true
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.#received
  }

  /** When the last bytes arrived, or were last held back by us; by the app's clock, undefined before. */
  get lastReadAt(): number | undefined {
    const { heldUntil } = this.room
    return heldUntil === undefined ? this.#lastReadAt : Math.max(heldUntil, this.#lastReadAt ?? heldUntil)
  }

  /** The `content-length`, undefined when the body is sent in pieces of unknown number, or coded. */
  get length(): number | undefined {
    return this.#contentEncoding === undefined ? this.#sentLength : undefined
  }

  /** Whether its size is not known yet, and nobody is going to learn it by reading. */
  get unsettled(): boolean {
    if (this.#claimed !== undefined) return false
    return this.#sentLength === undefined && !this.#finished && !this.#reading && !this.#exceeded
  }

  /** What has to be undone before anybody may read it. */
  get #contentEncoding(): string | undefined {
    return this.#isAsSent ? undefined : headerValue(this.#incoming.headers, 'content-encoding')
  }

  get #sentLength(): number | undefined {
    if (this.#incoming.body === null) return 0
    const declared = headerValue(this.#incoming.headers, 'content-length')
    return declared === undefined ? undefined : Number(declared)
  }

  /** Leaves the body's codings to whoever reads it. For a request that goes on as it came. */
  asSent(): this {
    this.#isAsSent = true
    return this
  }

  /**
   * What can be said of a body before anybody reads it.
   *
   * @throws {HttpError} 413 if it is too large, 415 if it comes in a coding that is not undone here.
   */
  assertReadable(): void {
    this.assertFits()
    if (this.#incoming.body !== null) this.#codingsToUndo()
  }

  /** @throws {HttpError} 413 if more came, or was announced, than its limit allows. */
  assertFits(): void {
    if (!this.#exceeded) return
    const detail =
      this.#received > this.limit || this.#inflation === undefined
        ? `The body may have at most ${this.limit} bytes.`
        : `The body may be at most ${this.#inflation.ratio} times larger than what is sent of it.`
    throw new HttpError('BODY_TOO_LARGE', {
      detail,
      headers: { connection: 'close' },
    })
  }

  /**
   * The bytes as they arrive.
   *
   * @throws {HttpError} 413 as soon as the body is known to be too large.
   * @throws {TypeError} when it was read already.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#started) throw new TypeError('The request body was read already. Keep what you need of it.')
    this.#started = true
    this.assertFits()
    this.#reading = true
    try {
      for (let bytes = await this.#pull(); bytes !== undefined; bytes = await this.#pull()) yield bytes
    } finally {
      this.#reading = false
      // Whoever stops early leaves a rest, which would stand between the connection and its next request.
      void this.settle()
    }
  }

  /** Somebody is going to read it, perhaps only when the reply has begun: its sender waits until then. */
  claim(): void {
    if (!this.#started) this.#claimed ??= this.#incoming.body?.[Symbol.asyncIterator]()
  }

  /**
   * Makes sure that an oversized body of unknown length does not pass because nobody read it, or not
   * all of it: reads and forgets the rest, up to the limit.
   */
  settle(): Promise<void> {
    // What nobody reads is counted, and not decoded for it.
    if (!this.#started) this.#isAsSent = true
    this.#started = true
    return (this.#drained ??= this.#drain())
  }

  /**
   * Nobody is going to want the rest: it is not read, and its connection ends with the reply. For whoever
   * refuses a body in its middle.
   */
  abandon(): void {
    this.#finished = true
    this.#started = true
    this.#unwatch()
    void this.#iterator?.return?.()?.catch(() => {})
  }

  async #drain(): Promise<void> {
    try {
      while (!this.#finished && (await this.#pull()) !== undefined);
    } catch {
      // Too large, which `assertFits` tells, or cut short by a client that is gone.
      this.#unwatch()
      // Not awaited: a source that waits for bytes answers only when they come.
      void this.#iterator?.return?.()?.catch(() => {})
    }
  }

  /** The next bytes. The source is not returned when a reader stops early: `settle` reads on. */
  async #pull(): Promise<Uint8Array | undefined> {
    this.#iterator ??= this.#open()
    const result = this.#iterator === undefined ? undefined : await this.#next(this.#iterator)
    if (result === undefined || result.done === true) {
      this.#finished = true
      this.#unwatch()
      return undefined
    }
    const { byteLength } = result.value
    this.#received += byteLength
    this.#lastReadAt = this.#clock.now()
    if (this.#received > this.limit || this.#inflation?.isTooMuch(byteLength) === true) this.#exceeded = true
    this.assertFits()
    this.onArrival()
    return result.value
  }

  #next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    if (this.#interrupted !== undefined) return Promise.reject(this.#interrupted.error as Error)
    return new Promise((resolve, reject) => {
      this.#rejectRead = reject
      const room = this.room.wait()
      const read = () => void iterator.next().then(resolve, reject)
      if (room === undefined) read()
      else room.then(() => (this.#interrupted === undefined ? read() : undefined), reject)
    })
  }

  /** From the first read on, the body has its time, and is given up when the request is. */
  #open(): AsyncIterator<Uint8Array> | undefined {
    const iterator = this.#openDecoded()
    const unsubscribe = this.#incoming.cancellation.subscribe((error) => this.#interrupt(error))
    let cancelTimer = () => {}
    const arm = (ms: number) => {
      cancelTimer = this.#clock.after(ms, () => {
        const left = this.#deadline - this.#clock.now()
        if (left > 0) arm(left)
        else this.#interrupt(phaseTimeout('body', this.#timeoutMs))
      })
    }
    this.#openedAt = this.#clock.now()
    if (this.#timeoutMs > 0) arm(this.#timeoutMs)
    this.#unwatch = () => {
      cancelTimer()
      unsubscribe()
    }
    return iterator
  }

  #openDecoded(): AsyncIterator<Uint8Array> | undefined {
    const applied = this.#codingsToUndo()
    const sent = this.#claimed ?? this.#incoming.body?.[Symbol.asyncIterator]()
    if (sent === undefined || applied.length === 0 || this.#ratio === undefined) return sent
    const { codings = webCodings } = this.#incoming
    this.#inflation = new Inflation(this.#ratio)
    const bytes: AsyncIterable<Uint8Array> = this.#inflation.count({ [Symbol.asyncIterator]: () => sent })
    const decoded = applied.reduceRight((coded, coding) => codings.decode(coding, coded), bytes)
    return decoded[Symbol.asyncIterator]()
  }

  #codingsToUndo(): readonly string[] {
    const field = this.#contentEncoding
    if (field === undefined) return NONE
    return codingsToUndo(field, this.#incoming.codings ?? webCodings, this.#ratio !== undefined)
  }

  /** By the app's clock: what has arrived has earned its time. */
  get #deadline(): number {
    const earned = this.#timeoutMs * (1 + Math.floor(this.#received / TIMED_BYTES))
    return this.#openedAt + earned + this.room.heldMs
  }

  #interrupt(error: unknown): void {
    this.#interrupted ??= { error }
    this.#unwatch()
    this.#rejectRead(error)
  }
}

const NONE: readonly string[] = []
