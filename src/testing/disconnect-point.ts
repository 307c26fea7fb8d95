/**
 * Replays a request and cuts it at every point at which a client can leave.
 *
 * Points. Before the head: as the request arrives, and while its reply is awaited. Then after each
 * chunk (and after none), in four states of the server: it has just handed the chunk over; it has come
 * to rest, since nobody reads; it is at work on the next chunk; it is writing it. How many chunks
 * there are is learnt from a first replay that is left alone.
 */
import type { Application } from '../core/app.ts'
import { type CleanupFailure, STREAM_CLEANUP } from '../core/lifetime/ledger.ts'
import { type TestClock, toTestClock } from './clock.ts'
import { AppConnection, type ConnectOptions } from './connection.ts'
import { fromFailure, type Leak, LeakError } from './leak.ts'
import { realNow, settle, within } from './patience.ts'
import type { TestReply } from './reply.ts'

/** A request that can be sent again and again. */
export interface ReplayedRequest {
  /** Default GET. */
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>)
}

export interface DisconnectPointOptions extends ConnectOptions {
  /** How many chunks a stream is followed, default 10: many have no end. */
  readonly chunks?: number
  /** After so many real milliseconds without a chunk a stream is taken to be quiet for good, default 500. */
  readonly quietMs?: number
  /** Called when everything has unwound, for assertions of your own: is the pool full again? */
  readonly check?: (point: string) => unknown
}

/** What was tried. */
export interface DisconnectPoints {
  /** The points, in words. */
  readonly points: readonly string[]
  /** Chunks of the replay that was left alone. */
  readonly chunks: number
  /** Whether that one came to its end, rather than to the bound on chunks or to silence. */
  readonly complete: boolean
}

/**
 * Replays a request, cuts it at every point, and looks after each whether everything has unwound:
 * the handler, its generators (their `finally` ran), dependencies, files, `after` callbacks,
 * background work, timers of a test clock; and whether what ran did not fail.
 *
 * An app with a test clock has its time turned whenever it waits for nothing else. Give it one:
 * otherwise sleeps take their time at every point.
 *
 * @param makeApp an app, or better a function that makes one, so that every replay has its own.
 * @param request `'GET /ticks'`, or an object.
 * @throws {LeakError} that names the point and what was left.
 */
export async function everyDisconnectPoint(
  makeApp: Application | (() => Application | Promise<Application>),
  request: string | ReplayedRequest,
  options: DisconnectPointOptions = {},
): Promise<DisconnectPoints> {
  const replayed = toReplayed(request)
  let chunks = 0
  let complete = false
  let fails = false
  const replay = async (point: Point) => {
    const app = typeof makeApp === 'function' ? await makeApp() : makeApp
    await new Replay(app, options, fails).run(replayed, point)
  }
  const count = async (undisturbed: Replay) => {
    while (chunks < (options.chunks ?? 10) && (await undisturbed.next())) chunks++
    complete = undisturbed.ended
    fails = undisturbed.failed
  }
  await replay({ name: AT_THE_END, hasReply: true, cut: count })
  const points: string[] = []
  for (const point of pointsUpTo(chunks, complete)) {
    points.push(point.name)
    await replay(point)
  }
  return { points, chunks, complete }
}

function toReplayed(request: string | ReplayedRequest): ReplayedRequest {
  if (typeof request !== 'string') return request
  const [method, target, ...rest] = request.split(' ')
  if (method === undefined || target === undefined || rest.length > 0)
    throw new TypeError(`A request is written as "GET /path", not "${request}".`)
  return { method, target }
}

interface Point {
  /** In words, behind "a client that left". */
  readonly name: string
  /** Whether it lies behind the head. */
  readonly hasReply: boolean
  cut(replay: Replay): unknown
}

/** The point of the replay that is left alone. */
const AT_THE_END = 'at the end'

/** All points of a reply of so many chunks. */
function* pointsUpTo(chunks: number, complete: boolean): Generator<Point> {
  const leave = (replay: Replay) => replay.leave()
  const settleAndLeave = (replay: Replay) => settle().then(() => replay.leave())
  yield { name: 'as its request arrived', hasReply: false, cut: leave }
  yield { name: 'while its reply was awaited', hasReply: false, cut: settleAndLeave }
  for (let taken = 0; taken <= chunks; taken++) {
    const after = taken === 0 ? 'after the head' : `after chunk ${taken}`
    for (const [state, leaveIn] of STATES) {
      const cut = async (replay: Replay) => {
        for (let i = 0; i < taken; i++) await replay.next()
        await leaveIn(replay)
      }
      // Behind the last chunk of a complete reply there is nothing to come but its end.
      if (!complete || taken < chunks || state === 'at once')
        yield { name: `${after}, ${state}`, hasReply: true, cut }
    }
  }
}

const STATES: readonly (readonly [string, (replay: Replay) => unknown])[] = [
  ['at once', (replay) => replay.leave()],
  ['while it did not read', (replay) => settle().then(() => replay.leave())],
  [
    'while the next one was awaited',
    (replay) => {
      void replay.reply?.next()
      return settle().then(() => replay.leave())
    },
  ],
  [
    'while the next one was written',
    (replay) => {
      replay.reply?.breakConnection()
      return replay.next().then(() => replay.leave())
    },
  ],
]

/**
 * With a test clock, real milliseconds after which a reply is taken to wait for the clock. What waits
 * for real I/O that long meets a timeout: a replay like any other, though not the one that was meant.
 */
const CLOCK_PATIENCE_MS = 20

/** One replay of a request. */
class Replay {
  reply: TestReply | undefined
  /** Whether the reply has ended, cleanly or not. */
  ended = false
  /** Whether the reply tells of an error, or was cut by the app. */
  failed = false
  readonly #app: Application
  readonly #clock: TestClock | undefined
  readonly #options: DisconnectPointOptions
  readonly #connection: AppConnection
  readonly #failures: CleanupFailure[] = []
  readonly #leaving = new AbortController()
  readonly #fails: boolean

  /** @param fails whether the request fails by itself: then it may do so at any point. */
  constructor(app: Application, options: DisconnectPointOptions, fails: boolean) {
    this.#fails = fails
    this.#app = app
    this.#clock = toTestClock(app.engine.clock)
    this.#options = options
    this.#connection = new AppConnection(app, options)
  }

  /** Sends the request, makes the cut, and looks at what is left. */
  async run(
    { method = 'GET', target, headers, body }: ReplayedRequest,
    { name, hasReply, cut }: Point,
  ): Promise<void> {
    await this.#connection.open()
    this.#app.engine.ledger!.onCleanupFailed = (failure) => this.#failures.push(failure)
    const replied = this.#connection.request(method, target, {
      ...(headers === undefined ? undefined : { headers }),
      ...(body === undefined ? undefined : { body: typeof body === 'function' ? body() : body }),
      signal: this.#leaving.signal,
    })
    if (hasReply) this.reply = (await this.#patiently(replied.catch(() => undefined)))?.value
    await cut(this)
    await this.#finish(name)
  }

  leave(): void {
    this.#leaving.abort(new Error('The client left.'))
  }

  /** Takes a chunk. Resolves to whether there was one before the end, or before silence. */
  async next(): Promise<boolean> {
    if (this.reply === undefined || this.ended) return false
    this.failed ||= this.reply.status >= 400
    const read = this.reply.next().catch(() => {
      this.failed = true
      return undefined
    })
    const result = await this.#patiently(read)
    if (result === undefined) return false
    this.ended = result.value === undefined
    return !this.ended
  }

  /** Waits, turning the clock when nothing else happens; undefined when that leads to nothing. */
  async #patiently<T>(promise: Promise<T>): Promise<{ readonly value: T } | undefined> {
    const quietMs = this.#options.quietMs ?? 500
    if (this.#clock === undefined) return within(promise, quietMs)
    const deadline = realNow() + quietMs
    for (;;) {
      const result = await within(promise, CLOCK_PATIENCE_MS)
      if (result !== undefined || realNow() > deadline) return result
      await this.#clock.advanceToNext()
    }
  }

  async #finish(point: string): Promise<void> {
    const { engine } = this.#app
    const leaks: Leak[] = []
    try {
      // Work that goes on without a client may sleep; everything else has been cancelled.
      await this.#connection.close(() => engine.finishing.size > 0 && this.#clock?.advanceToNext())
    } catch (error) {
      if (!(error instanceof LeakError)) throw error
      leaks.push(...error.leaks)
    } finally {
      engine.ledger!.onCleanupFailed = undefined
    }
    const failures = this.#failures.filter(({ what }) => !this.#fails || what !== STREAM_CLEANUP)
    leaks.push(...failures.map(fromFailure))
    if (leaks.length > 0) throw new LeakError(leaks, point)
    await this.#options.check?.(point)
  }
}
