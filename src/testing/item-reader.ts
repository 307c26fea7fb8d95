import { placeIssues, type Schema, SchemaMismatch, validate } from '../core/schema.ts'
import { mediaTypeEssence } from '../wire/header.ts'
import { createItemDecoder, type ItemDecoder, type StreamItem, type StreamProblem } from '../wire/item.ts'
import { unattended } from './patience.ts'

/** One item of a stream. */
export type TestItem<T = unknown> = StreamItem<T>

/** A failure as a stream tells it before it is cut. */
export type TestProblem = StreamProblem

/** The items of a reply, one by one. */
export interface TestItems<T = unknown> extends AsyncIterable<TestItem<T>> {
  /**
   * The next item, undefined at a clean end.
   *
   * @throws {StreamTruncated} when the stream was cut off; its `problem` is what the stream said before.
   */
  next(): Promise<TestItem<T> | undefined>
  /** The data of the rest; throws as `next` does. */
  all(): Promise<T[]>
  /** Takes so many items and goes away; gives their data. Throws when the stream ends before that. */
  disconnectAfter(items: number): Promise<T[]>
  /** Whether the stream has said itself that it is complete: by the end mark of its format. */
  readonly endMarked: boolean
}

/** Where the items come from. */
interface Text {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  next(): Promise<string | undefined>
  disconnect(): void
}

export class ItemReader<T> implements TestItems<T> {
  readonly #reply: Text
  readonly #schema: Schema<unknown, T> | undefined
  readonly #onProblem: (problem: TestProblem | undefined) => void
  readonly #decoder: ItemDecoder
  readonly #ready: TestItem[] = []
  #ended = false
  endMarked = false

  constructor(
    reply: Text,
    schema: Schema<unknown, T> | undefined,
    onProblem: (problem: TestProblem | undefined) => void,
  ) {
    this.#reply = reply
    this.#schema = schema
    this.#onProblem = onProblem
    const contentType = reply.headers['content-type']
    this.#decoder = itemDecoder(reply.status, typeof contentType === 'string' ? contentType : '')
  }

  next(): Promise<TestItem<T> | undefined> {
    return unattended(this.#next())
  }

  async #next(): Promise<TestItem<T> | undefined> {
    while (this.#ready.length === 0 && !this.#ended) {
      const text = await this.#reply.next()
      this.#ended = text === undefined
      this.#ready.push(...(text === undefined ? this.#decoder.end() : this.#decoder.push(text)))
      const { last } = this.#decoder
      this.#onProblem(last?.kind === 'problem' ? last.problem : undefined)
      this.endMarked = last?.kind === 'end'
    }
    const item = this.#ready.shift()
    return item === undefined ? undefined : this.#checked(item)
  }

  async #checked(item: TestItem): Promise<TestItem<T>> {
    if (this.#schema === undefined) return item as TestItem<T>
    const data = await validate(
      this.#schema,
      item.data,
      (issues) => new SchemaMismatch('An item of the reply', placeIssues('item', issues)),
    )
    return { ...item, data }
  }

  all(): Promise<T[]> {
    return unattended(this.#all())
  }

  async #all(): Promise<T[]> {
    const all: T[] = []
    for (let item = await this.next(); item !== undefined; item = await this.next()) all.push(item.data)
    return all
  }

  async disconnectAfter(items: number): Promise<T[]> {
    const taken: T[] = []
    while (taken.length < items) {
      const item = await this.next()
      if (item === undefined) {
        throw new Error(
          `The stream ended after ${taken.length} items, so nobody could leave it after ${items}.`,
        )
      }
      taken.push(item.data)
    }
    this.#reply.disconnect()
    return taken
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TestItem<T>, void, undefined> {
    let ended = false
    try {
      for (let item = await this.next(); item !== undefined; item = await this.next()) yield item
      ended = true
    } finally {
      if (!ended) this.#reply.disconnect()
    }
  }
}

/** @throws {TypeError} for a content type that has no items. */
function itemDecoder(status: number, contentType: string): ItemDecoder {
  const decoder = createItemDecoder(mediaTypeEssence(contentType))
  if (decoder !== undefined) return decoder
  throw new TypeError(
    `A ${status} reply with content type "${contentType}" has no items. Read it with next(), text() or json().`,
  )
}
