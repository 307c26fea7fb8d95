/**
 * A call, and what comes of it. One object serves every kind of route, because at run time a client knows
 * nothing of them: awaited it gives the whole reply, iterated over its pieces as they arrive.
 */
import type { StreamItem } from '../wire/item.ts'
import { readPieces, readWhole } from './reading.ts'
import type { Sender } from './sender.ts'

/** A request whose reply has no type, since it was made by hand: a file, a redirect, a page. */
export interface Call<out T> extends Promise<T> {
  /** The head and the unread body, for whoever wants to read it himself. Rejects as the call does. */
  readonly response: Promise<Response>
}

/**
 * A stream that is under way. Iterate over it for its items, or its chunks of text or bytes, as they arrive;
 * to leave the loop closes the connection. Await it for all of it at once.
 */
export interface StreamCall<out Whole, out Item> extends Call<Whole>, AsyncIterable<Item> {
  /** The items with the id and the name they were sent with (server-sent events). */
  events(): AsyncIterable<ItemEvent<Item>>
}

/** An item of a stream, with what was sent beside it. */
export type ItemEvent<T> = StreamItem<T>

export class RunningCall implements StreamCall<unknown, unknown> {
  readonly [Symbol.toStringTag] = 'Call'
  readonly #sender: Sender
  readonly #response: Promise<Response>
  #whole: Promise<unknown> | undefined

  constructor(sender: Sender) {
    this.#sender = sender
    this.#response = sender.start().catch((error: unknown) => sender.failed(error))
    // Who looks at the call later than it fails is told then.
    this.#response.catch(() => {})
  }

  get response(): Promise<Response> {
    return this.#response
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a call is a promise
  then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#whole ??= readWhole(this.#sender, this.#response)
    return this.#whole.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<unknown> {
    return this.then(undefined).finally(onFinally)
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#iterate(({ data }) => data)
  }

  events(): AsyncIterable<StreamItem> {
    return { [Symbol.asyncIterator]: () => this.#iterate((item) => item) }
  }

  /** To return ends a read that is waiting, too, which a generator alone would not. */
  #iterate<T>(pick: (item: StreamItem) => T): AsyncIterator<T, undefined> {
    const pieces = readPieces(this.#sender, this.#response)
    const end: IteratorResult<T, undefined> = { done: true, value: undefined }
    let left = false
    return {
      next: async () => {
        try {
          const result = await pieces.next()
          return result.done === true ? end : { done: false, value: pick(result.value) }
        } catch (error) {
          if (left) return end
          throw error
        }
      },
      return: async () => {
        left = true
        this.#sender.leave(new DOMException('The reader has left.', 'AbortError'))
        await pieces.return(undefined).catch(() => {})
        return end
      },
    }
  }
}
