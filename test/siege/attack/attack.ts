import type { Hostile } from '../hostile.ts'
import type { Door } from '../child.ts'

/** One kind of hostile client. A new kind is one more entry in a list of these. */
export interface Attack {
  readonly name: string
  readonly door: Door
  /** Milliseconds that a lone one has, default 500. */
  readonly ms?: number
  /** Why it is not among the thousands: its cost is that of the bytes it sends. */
  readonly alone?: string
  readonly run: (hostile: Hostile) => unknown
}
