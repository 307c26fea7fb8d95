import { remaining, type ReplyTiming } from '../../core/reply/reply.ts'
import { phaseTimeout } from '../../core/lifetime/timeout.ts'
import { StreamWatch } from '../../stream/watch.ts'
import type { NodeResponse } from './response.ts'

/**
 * Watches large writes: their reader may take its time, but not stand still. A write is one to Node
 * until all of it has left, so where it can be seen how much the system has yet to take, that is what
 * tells a slow reader from a stalled one.
 */
export class WriteWatch {
  readonly #response: NodeResponse
  readonly #watch: StreamWatch | undefined
  #backlog: number | undefined

  constructor(response: NodeResponse, timing: ReplyTiming | undefined, onLate: (error: Error) => void) {
    this.#response = response
    if (timing === undefined) return
    const { clock, stall } = timing
    const total = remaining(timing.total, timing)
    this.#watch = StreamWatch.start(clock, { stall, total }, (due) => {
      const phase = due === 'stall' ? 'stall' : 'total'
      if (phase === 'stall' && this.#hasMoved()) this.#watch!.blocked()
      else onLate(phaseTimeout(phase, timing[phase]))
    })
  }

  /** A write is under way. */
  writing(): void {
    if (this.#watch === undefined) return
    this.#backlog = this.#response.backlog
    this.#watch.blocked()
  }

  /** All of it has left. */
  written(): void {
    this.#watch?.resumed()
  }

  stop(): void {
    this.#watch?.stop()
  }

  #hasMoved(): boolean {
    const before = this.#backlog
    this.#backlog = this.#response.backlog
    return this.#backlog !== before
  }
}
