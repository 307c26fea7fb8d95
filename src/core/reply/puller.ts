/**
 * How each kind of thing that can be streamed is pulled, and how it is stopped: iterators, web streams and
 * Node streams.
 */
import { toError } from '../thrown.ts'

export type SourceResult = IteratorResult<unknown, unknown>

/** What can be pulled item by item, and stopped. */
export interface Puller {
  next(): SourceResult | PromiseLike<SourceResult>
  stop(reason: unknown): unknown
}

/** @returns undefined when the value cannot be streamed. */
export function toPuller(value: unknown): Puller | undefined {
  if (typeof value === 'string') return fromIterator([value][Symbol.iterator]())
  if (value === null || typeof value !== 'object') return undefined
  if (isWebStream(value)) return fromWebStream(value)
  if (isNodeReadable(value)) return fromNodeReadable(value)
  if (Symbol.asyncIterator in value)
    return fromIterator((value as AsyncIterable<unknown>)[Symbol.asyncIterator]())
  if (Symbol.iterator in value) return fromIterator((value as Iterable<unknown>)[Symbol.iterator]())
  return undefined
}

function fromIterator(iterator: AsyncIterator<unknown> | Iterator<unknown>): Puller {
  return { next: () => iterator.next(), stop: () => iterator.return?.() }
}

/** A web ReadableStream, by shape: it may come from another realm or a polyfill. */
export function isWebStream(value: object): value is ReadableStream<unknown> {
  return 'getReader' in value && typeof value.getReader === 'function'
}

function fromWebStream(stream: ReadableStream<unknown>): Puller {
  const reader = stream.getReader()
  return {
    next: () => reader.read() as Promise<SourceResult>,
    // A stream that has already failed rejects its cancel with the same error, which was reported.
    stop: (reason) => reader.cancel(reason).catch(() => {}),
  }
}

/** The part of a Node stream.Readable that is used here, by shape, so that core needs no Node. */
interface NodeReadable {
  read(): unknown
  destroy(error?: Error): unknown
  on(event: string, listener: (...args: never[]) => void): unknown
  readonly readableEnded: boolean
  readonly errored: unknown
  readonly destroyed: boolean
}

export function isNodeReadable(value: object): value is object & NodeReadable {
  return (
    'pipe' in value && 'readableEnded' in value && 'destroy' in value && typeof value.destroy === 'function'
  )
}

function fromNodeReadable(stream: NodeReadable): Puller {
  let wake: (() => void) | undefined
  let stopped = false
  const settle = () => {
    const waiting = wake
    wake = undefined
    waiting?.()
  }
  for (const event of ['readable', 'end', 'error', 'close']) stream.on(event, settle)
  const take = (): SourceResult | undefined => {
    if (stream.errored) throw stream.errored
    const value = stream.destroyed ? null : stream.read()
    if (value !== null) return { done: false, value }
    if (stream.readableEnded || stopped) return { done: true, value: undefined }
    if (stream.destroyed) throw new Error('The Node stream was destroyed before it ended.')
    return undefined
  }
  return {
    next: () =>
      take() ??
      new Promise<SourceResult>((resolve, reject) => {
        const retry = () => {
          try {
            const result = take()
            if (result === undefined) wake = retry
            else resolve(result)
          } catch (error) {
            reject(toError(error, 'The Node stream failed.'))
          }
        }
        wake = retry
      }),
    stop: () => {
      stopped = true
      stream.destroy()
      settle()
    },
  }
}
