/** What of an app is under way, for tests (and inspectors): kept only while somebody wants to know. */
import type { Incoming } from '../incoming.ts'
import type { ObservedRequest } from '../observer.ts'

/** A part of a request that has not been unwound. */
export interface OpenPart {
  readonly kind: 'request' | 'source' | 'dependency' | 'file' | 'after'
  /** The name under which a dependency is used. */
  readonly name?: string
}

/** A request, as far as a ledger has to know it. */
export interface LedgerEntry {
  readonly incoming: Incoming
  readonly observed: ObservedRequest
  /** Milliseconds since it arrived, by the app's clock. */
  readonly ageMs: number
  /** What of it is open at the moment; nothing once everything has been unwound. */
  readonly open: readonly OpenPart[]
}

/** What the cleanup of a source is called. */
export const STREAM_CLEANUP = 'Cleanup of a stream'

/** A piece of cleanup that threw. */
export interface CleanupFailure {
  readonly entry: LedgerEntry
  readonly what: string
  readonly error: unknown
}

/** After so many new entries, those that are over are forgotten. */
const SWEEP_AFTER = 256

/** The requests that outlive the call that answers them: asynchronous ones, streams, files, cleanups. */
export class Ledger {
  readonly #entries = new Set<LedgerEntry>()
  #added = 0
  /** Told of cleanups that fail; they are logged all the same. */
  onCleanupFailed: ((failure: CleanupFailure) => void) | undefined = undefined

  add(entry: LedgerEntry): void {
    this.#entries.add(entry)
    if (++this.#added % SWEEP_AFTER === 0) this.#sweep()
  }

  /** The requests of which something is open. */
  get open(): readonly LedgerEntry[] {
    this.#sweep()
    return [...this.#entries]
  }

  #sweep(): void {
    for (const entry of this.#entries) if (entry.open.length === 0) this.#entries.delete(entry)
  }
}
