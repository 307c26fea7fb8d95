import type { CancelReason } from '../core/lifetime/cancellation.ts'
import type { Pace } from '../core/reply/pace.ts'
import type { Chunk, Source } from '../core/reply/source.ts'
import { toError } from '../core/thrown.ts'
import type { PumpLimits, Sink } from './outflow.ts'
import { Pump, type PumpEnding } from './pump.ts'

type Result = IteratorResult<Uint8Array, void>

interface Reader {
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * A pump turned round: bytes are produced when they are asked for, one read at a time. For transports
 * whose reader pulls: web streams and the in-memory link. A source that fails rejects the read that
 * follows what was produced before.
 */
export class PulledBody implements AsyncIterableIterator<Uint8Array, void> {
  /** Whether it has no known length. */
  readonly endless: boolean
  readonly #pump: Pump
  readonly #pace: Pace | undefined
  readonly #ready: Uint8Array[] = []
  #reader: Reader | undefined
  #started = false
  #cancelAbandon = () => {}
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #breaking: { readonly error: unknown } | undefined
  #bytes = 0

  constructor(source: Source, onEnd: (ending: PumpEnding) => void, limits?: PumpLimits) {
    const sink: Sink = {
      write: (chunk) => this.#write(chunk),
      end: () => this.#end(),
      abort: (error) => this.#abort(error),
      destroy: () => this.cut('timeout'),
      open: () => {},
      defer,
      macrotask,
    }
    this.#pace = limits?.timing?.pace
    this.#pump = new Pump(source, sink, onEnd, limits)
    this.endless = limits?.length === undefined
    const { clock, stall } = limits?.timing ?? {}
    // Nobody may ever read: what was made ready for that is given up like a stalled reader's.
    if (clock !== undefined && stall) this.#cancelAbandon = clock.after(stall, () => this.cut('timeout'))
  }

  /** The next bytes. Asking again before the answer is a mistake of the transport. */
  next(): Promise<Result> {
    const bytes = this.#ready.shift()
    if (bytes !== undefined) return Promise.resolve({ done: false, value: bytes })
    if (this.#failure !== undefined) return this.#reject()
    if (this.#ended) return this.#done()
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
      if (this.#started) return this.#pump.resume()
      this.#started = true
      this.#cancelAbandon()
      this.#pump.start()
    })
  }

  /** The reader wants no more. */
  return(): Promise<Result> {
    this.cut('disconnect')
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The connection breaks under what is written next: it is lost, and so is the reader. For tests. */
  breakNextWrite(error: unknown): void {
    this.#breaking = { error }
  }

  /** Ends the body because the app closes: with a farewell where the format has one. */
  stop(): void {
    this.#pump.stop('shutdown')
  }

  /** Cuts the body from outside; a waiting read is rejected with `error`. */
  cut(reason: CancelReason, error?: unknown): void {
    this.#cancelAbandon()
    this.#ready.length = 0
    this.#failure ??= { error: error ?? new Error(`The stream was cut: ${reason}.`) }
    this.#pump.close(reason, this.#bytes)
    const reader = this.#takeReader()
    reader?.reject(this.#failure.error)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #write(chunk: Chunk): boolean {
    if (this.#breaking !== undefined) {
      this.cut('disconnect', this.#breaking.error)
      return false
    }
    const bytes = typeof chunk === 'string' ? UTF8.encode(chunk) : chunk
    this.#bytes += bytes.byteLength
    this.#pace?.spend(bytes.byteLength)
    const reader = this.#takeReader()
    if (reader === undefined) this.#ready.push(bytes)
    else reader.resolve({ done: false, value: bytes })
    return false
  }

  #end(): void {
    if (this.#breaking !== undefined) return this.cut('disconnect', this.#breaking.error)
    this.#ended = true
    const reader = this.#takeReader()
    if (reader !== undefined) void this.#done().then(reader.resolve)
  }

  #abort(error: unknown): void {
    this.#failure = { error }
    const reader = this.#takeReader()
    if (reader !== undefined) void this.#reject().catch(reader.reject)
  }

  /** The body is complete only when its reader has seen the end. */
  #done(): Promise<Result> {
    this.#pump.close('complete', this.#bytes)
    return Promise.resolve({ done: true, value: undefined })
  }

  #reject(): Promise<never> {
    const { error } = this.#failure!
    this.#pump.close('error', this.#bytes, error)
    return Promise.reject(toError(error, 'The stream failed.'))
  }

  #takeReader(): Reader | undefined {
    const reader = this.#reader
    this.#reader = undefined
    return reader
  }
}

const UTF8 = new TextEncoder()

type Later = (fn: () => void) => void
const runtime = globalThis as { setImmediate?: Later; process?: { nextTick?: Later } }

/** Node, Bun and Deno have setImmediate; elsewhere a timer has to do. */
const macrotask: Later = runtime.setImmediate ?? ((fn) => void setTimeout(fn, 0))

/** Where there is no nextTick, a macrotask is the first moment at which the microtasks have drained for sure. */
const defer: Later = runtime.process?.nextTick ?? macrotask
