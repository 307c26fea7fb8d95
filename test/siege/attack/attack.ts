import type { Hostile } from '../hostile.ts'
import type { Door } from '../child.ts'

/**
 * For what costs the server some milliseconds at once, or its kernel 4 MB of buffers: faster than that,
 * they would take a whole processor from any server.
 */
export const COSTLY_MS = 10

/** One kind of hostile client. A new kind is one more entry in a list of these. */
export interface Attack {
  readonly name: string
  readonly door: Door
  /** How long it goes on when it does not end by itself, in milliseconds; default 300. */
  readonly ms?: number
  /** Why it is never one of a thousand: what it costs is what it sends. */
  readonly alone?: string
  /** Why its connection stays for a while after it has left. */
  readonly stays?: string
  /** How long after another one comes, when there are many, in milliseconds; default 2. */
  readonly everyMs?: number
  /** Whether many of them attack at once on CI, too, and not only in a full siege. */
  readonly inCi?: boolean
  readonly run: (hostile: Hostile) => unknown
}
