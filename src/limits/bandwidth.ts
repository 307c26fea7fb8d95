/**
 * Bandwidth: how fast bodies may leave.
 *
 * Theory. A bucket fills at the rate and never above its burst. Who writes takes out what was written,
 * which may be more than there is; then nobody writes until the debt is paid. So a write is never
 * cut to what happens to be left, nothing is held back, and over time no more leaves than the rate
 * gives. Even flow comes from small writes: of what the rate gives in one tick.
 *
 * Who has to wait stands in line, and is called when it is its turn, one write each: that is how the
 * replies of a client share a bucket. There is one timer for all lines of a clock, and none while
 * nobody waits.
 */
import type { Clock } from '../core/lifetime/clock.ts'
import type { RequestContext } from '../core/context.ts'
import { UsageError } from '../core/error.ts'
import type { Pace, Throttle } from '../core/reply/pace.ts'
import type { Middleware } from '../core/route.ts'
import { parseRate, type Rate } from '../wire/rate.ts'

/** How often lines move, in milliseconds. */
const TICK_MS = 20
/** Smaller writes than this cost more than they smooth, larger ones are not made anyway; in bytes. */
const MIN_QUANTUM = 512
const MAX_QUANTUM = 64 * 1024
/** What a bucket holds unless it is told otherwise, in seconds of its rate. */
const BURST_S = 0.1
/** Clients are forgotten when they have been quiet, looked for when there are so many. */
const SWEEP_AT = 1000

export interface ThrottleOptions {
  /** Bytes per second, as a number or with a unit: `'1 MiB/s'`, `'10 Mbit/s'`. */
  readonly rate: Rate
  /** Bytes that may leave at once, at the start and after a pause. Default: what the rate gives in 100 ms. */
  readonly burst?: number
  /** Whether each reply has the rate for itself (default), or all replies of a client together. */
  readonly per?: 'reply' | 'client'
  /**
   * Who the client is, for `per: 'client'`; replies with the same answer share the rate, undefined is
   * not throttled. Default: `request.peer.address`, which behind a proxy is the client's with
   * `listen({ trustProxy })`, and the proxy's without. A name of your own must be none that can be made up.
   */
  readonly client?: (context: RequestContext) => string | undefined
}

/**
 * Middleware that limits how fast bodies leave: bytes per second as they go over the wire (compressed,
 * if they are), for one route, a router or the whole app. Producers are pulled more slowly, nothing is
 * buffered, and no timeout runs against a reader whom we make wait.
 *
 * @param options a rate for each reply, or options.
 * @example app.get('/export', { middleware: [throttle('1 MiB/s')] }, exportRows)
 * @example new App({ middleware: [throttle({ rate: '10 Mbit/s', per: 'client' })] })
 * @throws {RangeError} for what is no rate.
 */
export function throttle(options: Rate | ThrottleOptions): Middleware {
  const {
    rate,
    burst,
    per = 'reply',
    client = peerAddress,
  } = typeof options === 'object' ? options : { rate: options }
  const bytes = parseRate(rate)
  const most = assertBurst(burst, bytes)
  const clients = new ClientBuckets(bytes, most)
  const own: Throttle = { pace: (clock) => new Bucket(bytes, most, clock) }
  return async function throttle(context, next) {
    const key = per === 'client' ? client(context) : undefined
    const reply = await next()
    if (per === 'reply') reply.throttles = [...(reply.throttles ?? []), own]
    else if (key !== undefined)
      reply.throttles = [...(reply.throttles ?? []), { pace: (clock) => clients.pace(key, clock) }]
    return reply
  }
}

function peerAddress({ request }: RequestContext): string | undefined {
  return request.peer.address
}

function assertBurst(burst: number | undefined, rate: number): number {
  if (burst === undefined) return rate * BURST_S
  if (burst > 0 && burst < Infinity) return burst
  throw new UsageError(`burst takes bytes above 0, not ${burst}.`)
}

/** The pace of a reply that is under all of these; a number is a rate of its own. */
export function startPace(throttles: readonly (number | Throttle)[], clock: Clock): Pace {
  const paces = throttles.map((each) =>
    typeof each === 'number' ? new Bucket(each, each * BURST_S, clock) : each.pace(clock),
  )
  return paces.length === 1 ? paces[0]! : new Paces(paces)
}

/** Several paces at once: the turn of each is waited for, one after another. */
class Paces implements Pace {
  readonly quantum: number
  readonly #paces: readonly Pace[]

  constructor(paces: readonly Pace[]) {
    this.#paces = paces
    this.quantum = Math.min(...paces.map((pace) => pace.quantum))
  }

  get open(): boolean {
    return this.#paces.every((pace) => pace.open)
  }

  spend(bytes: number): void {
    for (const pace of this.#paces) pace.spend(bytes)
  }

  wait(fn: () => void): () => void {
    let cancel = () => {}
    const goOn = (from: number): void => {
      const closed = this.#paces.findIndex((pace, i) => i >= from && !pace.open)
      if (closed === -1) fn()
      else cancel = this.#paces[closed]!.wait(() => goOn(closed + 1))
    }
    goOn(0)
    return () => cancel()
  }
}

class Bucket implements Pace {
  readonly quantum: number
  readonly #perMs: number
  readonly #burst: number
  readonly #clock: Clock
  #level: number
  #filledAt: number
  /** Whether whose turn it was has written at once. */
  #spent = false
  /** Who waits, the next one first. */
  readonly #line = new Set<() => void>()

  constructor(rate: number, burst: number, clock: Clock) {
    this.#perMs = rate / 1000
    this.quantum = Math.round(Math.max(MIN_QUANTUM, Math.min(MAX_QUANTUM, this.#perMs * TICK_MS)))
    this.#burst = this.#level = burst
    this.#clock = clock
    this.#filledAt = clock.now()
  }

  get open(): boolean {
    return this.#line.size === 0 && this.#fill() > 0
  }

  /** Whether it is as good as a new one. */
  get idle(): boolean {
    return this.#line.size === 0 && this.#fill() === this.#burst
  }

  get hasLine(): boolean {
    return this.#line.size > 0
  }

  spend(bytes: number): void {
    this.#fill()
    this.#level -= bytes
    this.#spent = true
  }

  wait(fn: () => void): () => void {
    const turn = () => fn()
    this.#line.add(turn)
    const timer = LineTimer.of(this.#clock)
    timer.add(this)
    return () => {
      this.#line.delete(turn)
      if (this.#line.size === 0) timer.delete(this)
    }
  }

  /** Lets those write whose turn it is. Who has yet to read what to write is expected to write a quantum. */
  moveLine(): void {
    let expected = 0
    for (const turn of this.#line) {
      if (this.#fill() <= expected) return
      this.#line.delete(turn)
      this.#spent = false
      turn()
      if (!this.#spent) expected += this.quantum
    }
  }

  #fill(): number {
    const now = this.#clock.now()
    this.#level = Math.min(this.#burst, this.#level + (now - this.#filledAt) * this.#perMs)
    this.#filledAt = now
    return this.#level
  }
}

/** The one timer of all lines of a clock. */
class LineTimer {
  static readonly #ofClock = new WeakMap<Clock, LineTimer>()
  readonly #clock: Clock
  readonly #buckets = new Set<Bucket>()
  #cancel: (() => void) | undefined

  static of(clock: Clock): LineTimer {
    let timer = LineTimer.#ofClock.get(clock)
    if (timer === undefined) LineTimer.#ofClock.set(clock, (timer = new LineTimer(clock)))
    return timer
  }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(bucket: Bucket): void {
    this.#buckets.add(bucket)
    this.#cancel ??= this.#clock.after(TICK_MS, this.#onTick)
  }

  delete(bucket: Bucket): void {
    this.#buckets.delete(bucket)
    if (this.#buckets.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  readonly #onTick = (): void => {
    this.#cancel = this.#clock.after(TICK_MS, this.#onTick)
    for (const bucket of this.#buckets) {
      bucket.moveLine()
      if (!bucket.hasLine) this.delete(bucket)
    }
  }
}

/** One bucket per client, for as long as it has something to remember. */
class ClientBuckets {
  readonly #rate: number
  readonly #burst: number
  readonly #ofClient = new Map<string, Bucket>()
  #sweepAt = SWEEP_AT

  constructor(rate: number, burst: number) {
    this.#rate = rate
    this.#burst = burst
  }

  /** A client may be forgotten between two writes, so each of them looks again. */
  pace(key: string, clock: Clock): Pace {
    const bucket = () => this.#bucket(key, clock)
    return {
      quantum: bucket().quantum,
      get open() {
        return bucket().open
      },
      spend: (bytes) => bucket().spend(bytes),
      wait: (fn) => bucket().wait(fn),
    }
  }

  #bucket(key: string, clock: Clock): Bucket {
    let bucket = this.#ofClient.get(key)
    if (bucket !== undefined) return bucket
    if (this.#ofClient.size >= this.#sweepAt) this.#sweep()
    this.#ofClient.set(key, (bucket = new Bucket(this.#rate, this.#burst, clock)))
    return bucket
  }

  #sweep(): void {
    for (const [key, bucket] of this.#ofClient) if (bucket.idle) this.#ofClient.delete(key)
    this.#sweepAt = Math.max(SWEEP_AT, this.#ofClient.size * 2)
  }
}
