import { harmless } from '../lifetime/thenable.ts'
import type { Clock } from '../lifetime/clock.ts'
import type { Incoming } from '../incoming.ts'

/**
 * What one request keeps of its body in memory. While its connection has no memory left, the request is held:
 * its body is not read, and flow control holds its client back.
 */
export class BodyRoom {
  readonly #incoming: Incoming
  readonly #clock: Clock
  #held: Promise<void> | undefined
  #heldSince = 0
  #heldUntil: number | undefined
  #heldMs = 0

  constructor(incoming: Incoming, clock: Clock) {
    this.#incoming = incoming
    this.#clock = clock
  }

  /** How long the request was held in all. That is not its client's time. */
  get heldMs(): number {
    return this.#held === undefined ? this.#heldMs : this.#heldMs + this.#clock.now() - this.#heldSince
  }

  /** Until when it was held, or now; undefined when it never was. */
  get heldUntil(): number | undefined {
    return this.#held === undefined ? this.#heldUntil : this.#clock.now()
  }

  /** Counts bytes that are kept; 0 before the first ones. The next read waits for `wait`. */
  keep(bytes: number): void {
    const room = this.#incoming.memory?.take(bytes)
    if (room !== undefined) this.#held ??= harmless(this.#hold(room))
  }

  /** Undefined when the request may read on; otherwise a promise, which rejects when the request is cancelled. */
  wait(): Promise<void> | undefined {
    return this.#held
  }

  async #hold(room: Promise<void>): Promise<void> {
    this.#heldSince = this.#clock.now()
    let unsubscribe = () => {}
    try {
      await new Promise<void>((resolve, reject) => {
        unsubscribe = this.#incoming.cancellation.subscribe(reject)
        room.then(resolve, reject)
      })
    } finally {
      unsubscribe()
      this.#heldUntil = this.#clock.now()
      this.#heldMs += this.#heldUntil - this.#heldSince
      this.#held = undefined
    }
  }
}
