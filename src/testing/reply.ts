/** A reply whose body is taken by a test while the handler runs. The same over every kind of connection. */
import type { Outcome } from '../core/reply/reply.ts'
import type { Schema, SchemaOutput } from '../core/schema.ts'
import { StreamTruncated } from '../wire/truncation.ts'
import { ItemReader, type TestItems, type TestProblem } from './item-reader.ts'
import { unattended } from './patience.ts'

/** A request to send. */
export interface TestRequest {
  readonly headers?: Readonly<Record<string, string>>
  /** A string or bytes are sent as one piece with their length; an iterable piece by piece, without. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Leaves when it is aborted, also before there is a reply: then `request` rejects with its reason. */
  readonly signal?: AbortSignal
}

/** How a body ended, as far as it can be known. */
export interface TestEnding {
  /** In memory as the app tells it. Over HTTP `complete`, `disconnect` if the test left, or `error` if it was cut. */
  readonly outcome: Outcome
  readonly bytes: number
  /** In memory only. */
  readonly items?: number
  readonly error?: unknown
}

/** A reply, from its head on. Nothing is read before it is asked for: not to read is to stall. */
export interface TestReply extends AsyncIterable<Uint8Array> {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /**
   * The next chunk as text, undefined at a clean end.
   *
   * @throws {StreamTruncated} when the stream was cut off.
   */
  next(): Promise<string | undefined>
  /**
   * The rest of the body.
   *
   * @throws {StreamTruncated} when the stream was cut off.
   */
  text(): Promise<string>
  /** The rest of the body as JSON; throws as `text` does. */
  json(): Promise<unknown>
  /**
   * The items of the rest, by the content type: JSON Lines, JSON text sequences or server-sent events.
   *
   * @param schema types the items, and throws for one that does not pass.
   * @throws {TypeError} for other content types.
   */
  items(): TestItems<unknown>
  items<S extends Schema>(schema: S): TestItems<SchemaOutput<S>>
  /** Goes away, like a client that closes its connection. */
  disconnect(): void
  /** Takes so many chunks as text and goes away. Throws when the stream ends before that. */
  disconnectAfter(chunks: number): Promise<string[]>
  /** The connection breaks while the server writes: in memory what it writes next is lost. */
  breakConnection(): void
  /** How the body ended; settles when it has. */
  readonly ended: Promise<TestEnding>
}

/** A reply as a kind of connection gives it. */
export interface Wire {
  readonly status: number
  readonly headers: TestReply['headers']
  /** The next bytes, undefined at a clean end. Rejects when the body was cut. */
  next(): Promise<Uint8Array | undefined>
  leave(): void
  break(): void
  readonly ended: Promise<TestEnding>
}

export class LiveReply implements TestReply {
  readonly status: number
  readonly headers: TestReply['headers']
  readonly ended: Promise<TestEnding>
  readonly #wire: Wire
  readonly #decoder = new TextDecoder()
  #bytes = 0
  #reading = false
  #problem: TestProblem | undefined

  constructor(wire: Wire) {
    this.#wire = wire
    this.status = wire.status
    this.headers = wire.headers
    this.ended = wire.ended
  }

  next(): Promise<string | undefined> {
    return unattended(this.#next())
  }

  async #next(): Promise<string | undefined> {
    const bytes = await this.#pull()
    if (bytes !== undefined) return this.#decoder.decode(bytes, { stream: true })
    const rest = this.#decoder.decode()
    return rest === '' ? undefined : rest
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#reading) throw new Error('The reply is being read already. Await one read before the next.')
    this.#reading = true
    try {
      const bytes = await this.#wire.next()
      this.#bytes += bytes?.byteLength ?? 0
      return bytes
    } catch (cause) {
      throw new StreamTruncated(this.#bytes, { cause, problem: this.#problem })
    } finally {
      this.#reading = false
    }
  }

  text(): Promise<string> {
    return unattended(this.#text())
  }

  async #text(): Promise<string> {
    let whole = ''
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) whole += chunk
    return whole
  }

  json(): Promise<unknown> {
    return unattended(this.text().then((whole) => JSON.parse(whole) as unknown))
  }

  items<T>(schema?: Schema<unknown, T>): TestItems<T> {
    return new ItemReader(this, schema, (problem) => {
      this.#problem = problem
    })
  }

  disconnect(): void {
    this.#wire.leave()
  }

  async disconnectAfter(chunks: number): Promise<string[]> {
    const taken: string[] = []
    while (taken.length < chunks) {
      const chunk = await this.next()
      if (chunk === undefined) {
        throw new Error(
          `The stream ended after ${taken.length} chunks, so nobody could leave it after ${chunks}.`,
        )
      }
      taken.push(chunk)
    }
    this.disconnect()
    return taken
  }

  breakConnection(): void {
    this.#wire.break()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let ended = false
    try {
      for (let bytes = await this.#pull(); bytes !== undefined; bytes = await this.#pull()) yield bytes
      ended = true
    } finally {
      if (!ended) this.disconnect()
    }
  }
}
