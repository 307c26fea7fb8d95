/**
 * What has to be unwound when a request ends, and in which order:
 *
 * 1. the request is cancelled, if it did not end by itself, so that every wait rejects;
 * 2. the handler that is still at work is awaited, and its sources are stopped and awaited, since a
 *    generator's `finally` may still use its dependencies;
 * 3. dependencies are released, the last one first;
 * 4. `after` callbacks run, in order;
 * 5. observers are told.
 */
import { captureAsyncScope } from './async-scope.ts'
import type { Cancellation } from './cancellation.ts'
import { settlesWithin } from './clock.ts'
import type { AfterCallback } from '../context.ts'
import type { Engine, Release } from '../engine.ts'
import type { Incoming } from '../incoming.ts'
import { type LedgerEntry, type OpenPart, STREAM_CLEANUP } from './ledger.ts'
import type { Logger } from '../logger.ts'
import { observe, type ObservedRequest } from '../observer.ts'
import { ReleaseList } from './release.ts'
import type { Ending, OpenFile } from '../reply/reply.ts'
import type { Failure, Source } from '../reply/source.ts'
import { SourceList } from './source-list.ts'
import { outcomeOf } from './timeout.ts'

/** An ending as a transport tells it. */
export type ToldEnding = Omit<Ending, 'durationMs'>

/** The request whose lifetime it is. */
interface Owner {
  readonly request: Incoming
  readonly cancellation: Cancellation
  readonly log: Logger
  readonly method: string
  readonly path: string
  readonly route: string | undefined
  readonly observed: ObservedRequest
}

export class Lifetime implements LedgerEntry {
  /** What threw, when the handler's work failed before the head left. */
  failure: Failure | undefined = undefined
  /** Items of the request's body that did not pass their schema and were left out. */
  dropped = 0
  /** Whether a client that leaves ends the work. */
  finishesAlone = false
  readonly #exchange: Owner
  readonly #engine: Engine
  readonly #startedAt: number
  #work: Promise<unknown> | undefined
  #releases: ReleaseList | undefined
  #handlerReleases: ReleaseList | undefined
  #handlerReleased: Promise<void> | undefined
  #afters: AfterCallback[] | undefined
  #sources: SourceList | undefined
  #files: OpenFile[] | undefined
  #ending: Ending | undefined
  #finished = false
  #finishedAlone = false
  #unwound = false

  constructor(exchange: Owner, engine: Engine, startedAt: number) {
    this.#exchange = exchange
    this.#engine = engine
    this.#startedAt = startedAt
  }

  /** Milliseconds since the request arrived. */
  get ageMs(): number {
    return this.#engine.clock.now() - this.#startedAt
  }

  get incoming(): Incoming {
    return this.#exchange.request
  }

  get observed(): ObservedRequest {
    return this.#exchange.observed
  }

  get open(): readonly OpenPart[] {
    const parts: OpenPart[] = []
    if (this.#work !== undefined || (this.needsEnd && !this.#finished)) parts.push({ kind: 'request' })
    for (const _ of this.#sources?.open ?? []) parts.push({ kind: 'source' })
    for (const list of [this.#releases, this.#handlerReleases])
      for (const name of list?.names ?? []) parts.push({ kind: 'dependency', name })
    for (const _ of this.#files ?? []) parts.push({ kind: 'file' })
    for (const _ of this.#afters ?? []) parts.push({ kind: 'after' })
    return parts
  }

  /** The handler is at work, and may be beyond its reply. */
  begin(work: Promise<unknown>): void {
    this.#work = work
    this.#engine.ledger?.add(this)
  }

  /** The handler is done. */
  workEnded(): void {
    this.#work = undefined
  }

  /** Somebody is going to say how the body has ended. */
  bind(): void {
    this.#engine.ledger?.add(this)
  }

  /** Runs `fn` when the body has ended, in the asynchronous context of the caller. */
  after(fn: AfterCallback): void {
    if (this.#finished) throw new Error('after() was called when the body had already ended.')
    const enter = captureAsyncScope()
    ;(this.#afters ??= []).push((ending) => enter(() => fn(ending)))
  }

  /** Registers the cleanup of a dependency, by the name it is used as. */
  releaseWith(scope: 'request' | 'handler', name: string, release: Release): void {
    const list =
      scope === 'handler'
        ? (this.#handlerReleases ??= new ReleaseList())
        : (this.#releases ??= new ReleaseList())
    list.add(name, release)
    if (this.#unwound) this.#late('Release of a dependency', this.#release(list, this.#failed))
  }

  /** Registers a source that must not outlive the request. */
  own(source: Source): void {
    ;(this.#sources ??= new SourceList()).add(source)
    if (this.#unwound) this.#late(STREAM_CLEANUP, this.#stop())
  }

  /** The request was given up before its handler had come to this. */
  #late(what: string, work: Promise<void>): void {
    const { method, route, path } = this.#exchange
    this.#engine.tasks.track(`${what} of ${method} ${route ?? path}`, work)
  }

  /** Registers a file that must not stay open longer than the request. Its `close` may be called again. */
  ownFile(file: OpenFile): void {
    if (this.#unwound) this.#late('Close of a file', file.close())
    else (this.#files ??= []).push(file)
  }

  /** Whether somebody has to be told when the body has ended. */
  get needsEnd(): boolean {
    return (
      this.#releases !== undefined ||
      this.#handlerReleases !== undefined ||
      this.#afters !== undefined ||
      this.#sources !== undefined ||
      this.#files !== undefined ||
      this.#work !== undefined ||
      this.#engine.observers.length > 0
    )
  }

  /** Whether dependencies of scope `handler` are open. */
  get hasHandlerScope(): boolean {
    return this.#handlerReleases !== undefined
  }

  /** Releases dependencies of scope `handler`: the handler has finished its own work. */
  releaseHandlerScope(failure: Failure | undefined): void | Promise<void> {
    if (this.#handlerReleases === undefined) return
    return (this.#handlerReleased ??= this.#release(this.#handlerReleases, failure))
  }

  /**
   * The same while the reply has yet to be sent: a dependency that cannot commit makes it an error, and
   * the others roll back.
   *
   * @throws what the first of them threw.
   */
  async commitHandlerScope(): Promise<void> {
    if (this.#handlerReleases === undefined || this.#handlerReleased !== undefined)
      return this.#handlerReleased
    const committed = this.#handlerReleases.commit()
    // Whoever ends the request meanwhile waits for it.
    const settled = () => {}
    this.#handlerReleased = committed.then(settled, settled)
    return committed
  }

  /** The body has ended: unwinds everything. Only the first call counts. */
  finish(told: ToldEnding, status: number): void {
    if (this.#finished) return
    this.#finished = true
    if (told.outcome === 'error' && this.failure === undefined) this.report(told.error)
    const ending: Ending = { ...this.#truthful(told), durationMs: this.ageMs, ...this.#dropped(told) }
    this.#ending = ending
    const { method, route, path } = this.#exchange
    this.#engine.tasks.track(`Cleanup of ${method} ${route ?? path}`, this.#unwind(ending, status))
  }

  /** Logs and tells observers what the client is told nothing about; that it was cancelled is no error. */
  report(error: unknown, message = 'A request failed'): void {
    const { cancellation, log, observed, method, route, path } = this.#exchange
    const cancelled = cancellation.error
    if (cancelled !== undefined && (error === cancelled || outcomeOf(error) === 'disconnect')) return
    log.error({ err: error, method, route: route ?? path }, message)
    for (const observer of this.#engine.observers) observe(log, () => observer.error?.(observed, error))
  }

  #dropped({ dropped }: ToldEnding): Pick<Ending, 'dropped'> | undefined {
    return this.dropped === 0 ? undefined : { dropped: this.dropped + (dropped ?? 0) }
  }

  /** An error reply that was delivered is still the end of work that failed. */
  #truthful(told: ToldEnding): ToldEnding {
    if (this.failure === undefined || told.outcome !== 'complete') return told
    return { ...told, outcome: outcomeOf(this.failure.error), error: this.failure.error }
  }

  async #unwind(ending: Ending, status: number): Promise<void> {
    const { cancellation, log } = this.#exchange
    if (this.finishesAlone && (ending.outcome === 'disconnect' || ending.outcome === 'shutdown'))
      await this.#finishAlone()
    else {
      if (ending.outcome !== 'complete') cancellation.cancel(ending.outcome, ending.error)
      await this.#stop()
      this.#reportFailedCleanup(ending.error)
    }
    const failure = this.#failed
    for (const file of this.#files ?? []) await this.#guard('Close of a file', () => file.close())
    this.#files = undefined
    await this.releaseHandlerScope(failure)
    if (this.#releases !== undefined) await this.#release(this.#releases, failure)
    this.#unwound = true
    for (const fn of this.#afters ?? []) await this.#guard('An after() callback', () => fn(ending))
    this.#afters = undefined
    for (const observer of this.#engine.observers) {
      observe(log, () => observer.end?.(this.#exchange.observed, ending, status))
    }
  }

  /** What dependencies are told: why the request did not end well, if it did not. */
  get #failed(): Failure | undefined {
    if (this.#ending === undefined || this.#ending.outcome === 'complete' || this.#finishedAlone)
      return undefined
    const { error } = this.#ending
    return { error: error ?? this.failure?.error ?? this.#exchange.cancellation.error }
  }

  /** The client has left before there was a reply, and the route wants its work finished: shutdown waits. */
  workOn(): void {
    const { finishing, tasks } = this.#engine
    const { cancellation, method, route } = this.#exchange
    if (this.#work === undefined || finishing.has(cancellation)) return
    finishing.add(cancellation)
    // What it fails with is in its reply, though nobody gets that.
    const work = this.#work.then(
      () => finishing.delete(cancellation),
      () => finishing.delete(cancellation),
    )
    tasks.track(`${method} ${route}`, work)
  }

  /** The client has left, and the route wants its work finished: the source runs to its end. */
  async #finishAlone(): Promise<void> {
    const { finishing, clock } = this.#engine
    const { cancellation } = this.#exchange
    finishing.add(cancellation)
    try {
      await this.#sources?.exhaust(cancellation, clock)
      this.#finishedAlone = this.failure === undefined && cancellation.error === undefined
    } catch (error) {
      this.failure ??= { error }
      this.report(error, 'Work without a client failed')
    } finally {
      finishing.delete(cancellation)
    }
    await this.#stop()
  }

  async #stop(): Promise<void> {
    const { clock, unwindMs } = this.#engine
    const { cancellation } = this.#exchange
    if (this.#work !== undefined) this.#report(await settlesWithin(this.#work, unwindMs, clock), 'A handler')
    for (const source of this.#sources?.open ?? []) {
      if (source.ended) continue
      const unwound = await this.#guard(STREAM_CLEANUP, () =>
        source.stop(cancellation.error, clock, unwindMs),
      )
      this.#report(unwound !== false, 'A stream')
    }
  }

  /** What does not unwind is found by its route and age, not by the memory it has come to hold. */
  #report(unwound: boolean, what: string): void {
    if (unwound) return
    const { route, method, log } = this.#exchange
    log.warn(
      { route, method, ageMs: Math.round(this.ageMs) },
      `${what} has not unwound after it was cancelled. Await ctx.sleep, ctx.on or something that takes ctx.signal.`,
    )
  }

  /**
   * A generator that is cancelled in a wait fails with what its `finally` throws, if that does; nobody
   * else is going to tell.
   */
  #reportFailedCleanup(reported: unknown): void {
    const known = new Set([reported, this.failure?.error, this.#exchange.cancellation.error])
    for (const error of this.#sources?.failures(known) ?? []) this.#logFailure(STREAM_CLEANUP, error)
  }

  #logFailure(what: string, error: unknown): void {
    const { route, method, log, observed } = this.#exchange
    log.error({ err: error, route, method }, `${what} failed`)
    for (const observer of this.#engine.observers) observe(log, () => observer.error?.(observed, error))
    this.#engine.ledger?.onCleanupFailed?.({ entry: this, what, error })
  }

  #release(list: ReleaseList, failure: Failure | undefined): Promise<void> {
    return list.run(
      () => failure,
      (what, fn) => this.#guard(what, fn),
    )
  }

  async #guard<T>(what: string, fn: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await fn()
    } catch (error) {
      this.#logFailure(what, error)
      return undefined
    }
  }
}
