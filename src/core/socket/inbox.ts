/**
 * What a peer has sent and nobody has read yet.
 *
 * Theory. A connection that is not read hides its own end: the peer's close stands behind the
 * messages that wait. To somebody who iterates that is fair, he will come to it; so a full inbox makes
 * the peer wait (backpressure), and nothing is lost. A handler that only sends would never learn that
 * its peer has gone. So a full inbox waits a moment for somebody to iterate; then everything is
 * dropped, now and from then on, and whoever begins to iterate after that gets an error: a gap is
 * never silent.
 *
 * The peer's close, or a frame that breaks the protocol, may come in one piece with the messages in front of
 * it. A loop that is about to take those can still answer them, so the close waits for the loop.
 */
import type { Clock } from '../lifetime/clock.ts'
import type { Message } from './socket.ts'

/** From how many unread bytes on the peer is made to wait. */
const CAPACITY = 256 * 1024
/** Counted for every message besides its bytes, so that empty ones are bounded too. */
const MESSAGE_COST = 64
/** How long a full inbox waits for somebody to iterate. */
const PATIENCE_MS = 500

/** How often a reader that need not wait for its peer gives others a turn. */
const TAKEN_PER_CHECK = 16
/** How long the end of a socket waits for the next message to be taken. */
const END_PATIENCE_MS = 1000

/** How the peer is made to wait. */
export interface Flow {
  pause(): void
  resume(): void
  /** Settles when others have had their turn of the event loop; undefined while this one may go on. */
  rest?(): Promise<void> | undefined
}

export class Inbox implements AsyncIterable<Message> {
  readonly #flow: Flow
  readonly #clock: Clock
  readonly #messages: Message[] = []
  #bytes = 0
  #paused = false
  #stopped = false
  #ended = false
  #reading = false
  #dropped = 0
  #wake: (() => void) | undefined
  #cancelPatience = () => {}
  #onTaken: (() => void) | undefined
  #cancelOnTaken = () => {}

  constructor(flow: Flow, clock: Clock) {
    this.#flow = flow
    this.#clock = clock
  }

  /** Whether the peer is being made to wait. */
  get paused(): boolean {
    return this.#paused
  }

  push(message: Message): void {
    if (this.#stopped) return
    if (this.#dropped > 0) {
      this.#dropped++
      return
    }
    this.#messages.push(message)
    this.#bytes += weigh(message)
    this.#wake?.()
    if (this.#bytes < CAPACITY || this.#paused) return
    this.#paused = true
    this.#flow.pause()
    if (!this.#reading) this.#awaitReader()
  }

  /** Takes nothing in any more; what waits can still be read. */
  stop(): void {
    this.#stopped = true
    this.#resume()
  }

  /**
   * Calls `fn` once a loop over the messages has taken all of them, and asks for more or is left. At once if
   * there is no loop, or nothing for it; and when it has taken nothing for a second.
   */
  whenTaken(fn: () => void): void {
    if (!this.#reading || this.#messages.length === 0) return fn()
    this.#onTaken = fn
    this.#awaitTaken()
  }

  #awaitTaken(): void {
    this.#cancelOnTaken()
    this.#cancelOnTaken = this.#clock.after(END_PATIENCE_MS, () => this.#allTaken())
  }

  #allTaken(): void {
    const fn = this.#onTaken
    this.#onTaken = undefined
    this.#cancelOnTaken()
    fn?.()
  }

  /** The socket is closed: who iterates gets what waits, and then the end. */
  end(): void {
    this.stop()
    this.#allTaken()
    this.#ended = true
    this.#wake?.()
  }

  /** @throws {Error} for a second reader, or when messages were dropped before this one came. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    if (this.#reading) throw new Error('Somebody iterates over this socket already. Read in one place.')
    this.#reading = true
    this.#cancelPatience()
    try {
      for (let taken = 1; ; taken++) {
        const message = this.#take()
        if (message !== undefined) {
          yield message
          if (taken % TAKEN_PER_CHECK === 0) await this.#flow.rest?.()
          continue
        }
        this.#allTaken()
        if (this.#ended) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#reading = false
      this.#wake = undefined
      this.#allTaken()
      if (this.#paused) this.#awaitReader()
    }
  }

  #take(): Message | undefined {
    if (this.#dropped > 0) {
      throw new Error(
        `${this.#dropped} messages were dropped: more than ${CAPACITY} bytes came while nobody iterated ` +
          'over the socket. Begin to iterate sooner.',
      )
    }
    const message = this.#messages.shift()
    if (message === undefined) return undefined
    this.#bytes -= weigh(message)
    if (this.#onTaken !== undefined) this.#awaitTaken()
    if (this.#bytes <= CAPACITY / 2) this.#resume()
    return message
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#cancelPatience()
    this.#flow.resume()
  }

  #awaitReader(): void {
    this.#cancelPatience = this.#clock.after(PATIENCE_MS, () => {
      this.#dropped = this.#messages.length
      this.#messages.length = 0
      this.#bytes = 0
      this.#resume()
    })
  }
}

function weigh(message: Message): number {
  return MESSAGE_COST + (typeof message === 'string' ? message.length : message.byteLength)
}
