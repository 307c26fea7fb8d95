/** What is still open when nothing should be, and the error that tells of it. */
import type { Application } from '../core/app.ts'
import type { CleanupFailure, LedgerEntry, OpenPart } from '../core/lifetime/ledger.ts'
import { describe } from '../core/thrown.ts'
import { type TestTimer, toTestClock } from './clock.ts'
import { pause, realNow, settle } from './patience.ts'

/** Something that outlived what it belongs to. */
export interface Leak {
  /**
   * - `request`: a handler is still at work, or nobody has learned how a body ended;
   * - `source`: a generator or stream has not ended;
   * - `dependency`, `file`: it has not been released or closed;
   * - `after`: a callback of `after()` has not run;
   * - `task`: background work goes on;
   * - `timer`: it is still set on the test clock;
   * - `cleanup`: it was done, but failed.
   */
  readonly kind: OpenPart['kind'] | 'task' | 'timer' | 'cleanup'
  /** In one line: what it is, and how to mend it. */
  readonly message: string
  /** `GET /ticks`, where it belongs to a request. */
  readonly route?: string
  /** Milliseconds since the request or the task began, by the app's clock. */
  readonly ageMs?: number
}

/** Something was left over. It names all of it. */
export class LeakError extends Error {
  override readonly name = 'LeakError'
  readonly leaks: readonly Leak[]
  /** Where the request was cut, for `everyDisconnectPoint`. */
  readonly point: string | undefined

  constructor(leaks: readonly Leak[], point?: string) {
    const lines = leaks.map(({ message }) => `\n- ${message}`).join('')
    super(
      `${point === undefined ? 'This is still open' : `Left over by a client that left ${point}`}:${lines}`,
    )
    this.leaks = leaks
    this.point = point
  }
}

const HINTS: Readonly<Record<OpenPart['kind'], string>> = {
  request: 'its handler has not ended. Let it await ctx.sleep, ctx.on or something that takes ctx.signal.',
  source: 'it has not ended. Let it await ctx.sleep, ctx.on or something that takes ctx.signal.',
  dependency: 'it has not been released. Does what stands behind its yield end?',
  file: 'it has not been closed.',
  after: 'a callback of after() has not run, or does not end.',
}

const routeOf = ({ observed }: LedgerEntry) => `${observed.method} ${observed.route ?? observed.path}`

function fromPart(entry: LedgerEntry, { kind, name }: OpenPart): Leak {
  const route = routeOf(entry)
  const ageMs = Math.round(entry.ageMs)
  const what = name === undefined ? kind : `${kind} "${name}"`
  return { kind, route, ageMs, message: `${what} of ${route}, for ${ageMs} ms: ${HINTS[kind]}` }
}

/** A cleanup that ran and threw: what it should have freed may not be free. */
export function fromFailure({ entry, what, error }: CleanupFailure): Leak {
  const route = routeOf(entry)
  return { kind: 'cleanup', route, message: `${what} of ${route} failed: ${describe(error)}` }
}

function fromTimer({ at, setAt }: TestTimer): Leak {
  return { kind: 'timer', message: `timer due at ${at} ms, set at ${setAt}: nobody has taken it back.` }
}

/** Looks at an app for what has not been unwound. */
export class LeakDetector {
  readonly #app: Application
  readonly #isMine: (entry: LedgerEntry) => boolean
  readonly #present: ReadonlySet<TestTimer>

  /** @param isMine whether a request belongs to whoever asks. */
  constructor(app: Application, isMine: (entry: LedgerEntry) => boolean) {
    this.#app = app
    this.#isMine = isMine
    // What was set before is somebody else's.
    this.#present = new Set(toTestClock(app.engine.clock)?.timers)
  }

  /**
   * Waits in real time until nothing is open any more, but no longer than `ms`.
   *
   * @param everything also requests of others, background work and timers.
   * @param onWait called now and then, for example to turn a clock.
   * @returns what is open then.
   */
  async wait(ms: number, everything: boolean, onWait: () => unknown = () => {}): Promise<Leak[]> {
    const deadline = realNow() + ms
    await settle()
    let open = this.#look(everything)
    while (open.length > 0 && realNow() < deadline) {
      await pause(1)
      await onWait()
      open = this.#look(everything)
    }
    return open
  }

  #look(everything: boolean): Leak[] {
    const { ledger, tasks } = this.#app.engine
    const entries = (ledger?.open ?? []).filter((entry) => everything || this.#isMine(entry))
    const leaks = entries.flatMap((entry) => entry.open.map((part) => fromPart(entry, part)))
    if (!everything) return leaks
    // A cleanup is no more than the wait for what is listed already.
    const cleanups = new Set(entries.map((entry) => `Cleanup of ${routeOf(entry)}`))
    for (const { what, ageMs } of tasks.list) {
      if (cleanups.has(what)) continue
      const age = Math.round(ageMs)
      leaks.push({ kind: 'task', ageMs: age, message: `task "${what}", for ${age} ms: it has not ended.` })
    }
    return leaks
  }

  /** The timers that were set since and are still set. */
  timers(): Leak[] {
    const timers = toTestClock(this.#app.engine.clock)?.timers ?? []
    return timers.filter((timer) => !this.#present.has(timer)).map(fromTimer)
  }
}
