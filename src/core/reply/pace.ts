import type { Clock } from '../lifetime/clock.ts'

/** How fast one body may leave. Whoever writes it asks before, and says what has left. */
export interface Pace {
  /** The most that may be written at a time, in bytes, so that the flow is even. */
  readonly quantum: number
  /** Whether something may leave now. */
  readonly open: boolean
  /** Counts bytes that leave. It may be more than there was: then nothing leaves until that is made up for. */
  spend(bytes: number): void
  /** Calls `fn` once, when it is this body's turn to write. Returns what takes that back. */
  wait(fn: () => void): () => void
}

/** What gives replies their pace. */
export interface Throttle {
  pace(clock: Clock): Pace
}
