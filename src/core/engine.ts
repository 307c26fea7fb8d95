import type { Cancellation } from './lifetime/cancellation.ts'
import type { Clock } from './lifetime/clock.ts'
import type { CompressRules } from './reply/compression.ts'
import type { Dependency } from './dependency/dependency.ts'
import type { Format } from './reply/format.ts'
import type { Ledger } from './lifetime/ledger.ts'
import type { LiveRequests } from './lifetime/live.ts'
import type { Logger } from './logger.ts'
import type { Observer } from './observer.ts'
import type { Pace, Throttle } from './reply/pace.ts'
import type { OpenDisk } from './body/sink.ts'
import type { TaskTracker } from './lifetime/task.ts'
import type { Timeouts } from './lifetime/timeout.ts'

/** What requests share: the parts of an app that outlive each of them. */
export interface Engine {
  readonly log: Logger
  readonly clock: Clock
  readonly tasks: TaskTracker
  readonly observers: readonly Observer[]
  readonly bodyLimit: number
  /** Bytes that downloads of files may read into, all together. */
  readonly fileMemory: number
  readonly timeouts: Required<Timeouts>
  /** Undefined when replies are not compressed. */
  readonly compress: CompressRules | undefined
  /** How many times larger a request body may become; undefined when none is decompressed. */
  readonly inflation: number | undefined
  /** Requests under way that no server follows. */
  readonly live: LiveRequests
  /** Work that goes on though its client has left; cancelled when shutdown can wait no longer. */
  readonly finishing: Set<Cancellation>
  /** Requests under way, for who wants to know; undefined when nobody does. */
  ledger: Ledger | undefined
  /** Milliseconds that a cancelled source or a dependency's cleanup may take before it is reported. */
  readonly unwindMs: number
  /** Replacements of dependencies, for tests. */
  readonly overrides: Map<Dependency<unknown>, Dependency<unknown>>
  /** Dependencies of scope `app`, made on first use. */
  readonly shared: Map<Dependency<unknown>, Promise<unknown>>
  /** Cleanups of `shared`, in the order they were made. */
  readonly sharedReleases: Release[]
  /** Chooses a format for a generator that declares none, by its first item. */
  readonly inferFormat: (first: unknown) => Format
  /** The pace of a reply that is under all of these throttles; a number is a rate in bytes per second. */
  readonly startPace: (throttles: readonly (number | Throttle)[], clock: Clock) => Pace
  /** Where uploads are kept. */
  readonly disk: OpenDisk
}

/** Cleans up after a dependency; told of the error when the work did not end well. */
export type Release = (failure: { readonly error: unknown } | undefined) => unknown
