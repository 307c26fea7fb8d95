/**
 * Bodies that middleware transforms.
 *
 * Theory. A pump sees what comes out of the last transform; the items, and the format they are in, are
 * known only in front of the first one. What a pump has to say besides items (heartbeats, a last word, a
 * farewell) must not be written behind the transforms, of whose output nobody else knows the form. So it
 * goes in where the items go in, and comes out as they do. For that, the source that the first transform
 * makes and those that others make of it share one aside.
 */
import { type Aside, type Chunk, type Failure, RAW, Source } from './source.ts'

/** What a transform makes of chunks. */
export type Transform = (chunks: AsyncIterable<Chunk>) => AsyncIterable<Chunk>

class Insertion implements Aside {
  items = 0
  dropped = 0
  onItem: () => void = () => {}
  #word: Chunk | undefined
  #parting: { readonly last: Chunk | undefined; readonly failure: Failure | undefined } | undefined
  #wake = () => {}

  say(word: Chunk): void {
    this.#word = word
    this.#wake()
  }

  part(last: Chunk | undefined, failure: Failure | undefined): void {
    this.#parting ??= { last, failure }
    this.#wake()
  }

  /** The chunks of a source, and what is said besides them. */
  async *chunks(source: Source): AsyncGenerator<Chunk, void, undefined> {
    const { opening } = source.encoding
    if (opening !== undefined) yield opening
    while (this.#parting === undefined) {
      const pulled = source.pull()
      while (await this.#isSpoken(pulled)) {
        if (this.#parting !== undefined) return yield* this.#part()
        const word = this.#word!
        this.#word = undefined
        yield word
      }
      let chunk: Chunk | undefined
      try {
        const result = await pulled
        if (result.done === true) return yield* closing(source)
        chunk = await source.encoding.encode(result.value)
      } catch (error) {
        const last = source.lastWord(error)
        if (last !== undefined) yield last
        throw error
      }
      if (chunk === undefined) this.dropped++
      else this.items++
      this.onItem()
      if (chunk !== undefined) yield chunk
    }
    yield* this.#part()
  }

  /** Waits for an item or for something to say, and tells whether it is that. */
  async #isSpoken(pulled: Promise<unknown>): Promise<boolean> {
    const isSpoken = () => this.#parting !== undefined || this.#word !== undefined
    if (isSpoken()) return true
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      pulled.then(
        () => resolve(),
        () => resolve(),
      )
    })
    return isSpoken()
  }

  *#part(): Generator<Chunk, void, undefined> {
    const { last, failure } = this.#parting!
    if (last !== undefined) yield last
    if (failure !== undefined) throw failure.error
  }
}

function* closing(source: Source): Generator<Chunk, void, undefined> {
  const last = source.encoding.finish?.()
  if (last !== undefined) yield last
}

/**
 * A source of what `transform` makes of another's chunks.
 *
 * @throws {TypeError} when that is nothing to iterate over.
 */
export function transformSource(source: Source, transform: Transform): Source {
  const insertion = source.aside === undefined ? new Insertion() : undefined
  const outer = sourceOf(transform(insertion?.chunks(source) ?? plainChunks(source)))
  const { heartbeat, maxAgeMs, farewell, failure } = source.encoding
  outer.encoding = { ...RAW, heartbeat, maxAgeMs, farewell, failure }
  outer.aside = source.aside ?? insertion
  // An event stream whose head has waited long enough for its first event does not wait again.
  outer.holdMs = source.isPending ? 0 : source.holdMs
  return outer
}

/** The same for what is no stream yet. */
export function transformValue(chunk: Chunk | undefined, transform: Transform): Source {
  return sourceOf(transform(once(chunk)))
}

async function* once(chunk: Chunk | undefined): AsyncGenerator<Chunk, void, undefined> {
  if (chunk !== undefined) yield chunk
}

/** What a transform has made are chunks already. */
async function* plainChunks(source: Source): AsyncGenerator<Chunk, void, undefined> {
  for (let result = await source.pull(); result.done !== true; result = await source.pull())
    yield source.encoding.encode(result.value) as Chunk
}

function sourceOf(chunks: AsyncIterable<Chunk>): Source {
  const source = Source.from(chunks)
  if (source !== undefined) return source
  throw new TypeError('transform takes a function that returns an async iterable.')
}
