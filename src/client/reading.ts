/** Replies as values and as pieces: the media type decides what they are. */
import { mediaTypeCharset, mediaTypeEssence } from '../wire/header.ts'
import { createItemDecoder, type Decoded, type ItemDecoder, type StreamItem } from '../wire/item.ts'
import { StreamTruncated } from '../wire/truncation.ts'
import type { Sender } from './sender.ts'

/**
 * The whole reply: JSON as a value, a stream of items as an array, text as a string, anything else as bytes,
 * and nothing as undefined.
 */
export async function readWhole(sender: Sender, reply: Promise<Response>): Promise<unknown> {
  const type = contentType(await reply)
  const isJson = /^[^;]*[/+]json\s*(;|$)/i.test(type)
  const pieces: unknown[] = []
  for await (const { data } of readPieces(sender, reply, isJson)) pieces.push(data)
  const text = () => pieces.join('')
  if (isJson) return text() === '' ? undefined : (JSON.parse(text()) as unknown)
  if (createItemDecoder(mediaTypeEssence(type)) !== undefined) return pieces
  if (isText(type)) return text()
  if (pieces.length === 0 && type === '') return undefined
  return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer())
}

const contentType = (response: Response) => response.headers.get('content-type') ?? ''
/** Text says how it is encoded; what does not is a file like others. */
const isText = (type: string) => mediaTypeCharset(type) !== undefined

/**
 * The pieces of a reply as they arrive: items, or chunks of text or bytes. Server-sent events that are cut
 * off go on behind their last id, as far as the policy of the call allows it.
 *
 * @param asText gives text, whatever it stands for.
 */
export async function* readPieces(
  sender: Sender,
  reply: Promise<Response>,
  asText = false,
): AsyncGenerator<StreamItem, void, undefined> {
  const policy = sender.resumption
  let { lastEventId } = sender.options
  let response = await reply
  let failures = 0
  try {
    for (;;) {
      const type = contentType(response)
      const decoder = asText ? undefined : await itemDecoder(mediaTypeEssence(type), lastEventId)
      const body = new Body(sender, response)
      try {
        const pieces =
          decoder === undefined ? readChunks(body, asText || isText(type)) : readItems(body, decoder)
        yield* pieces
        return
      } catch (error) {
        if (!(error instanceof StreamTruncated) || policy === undefined) throw error
        const reached = decoder?.lastEventId
        // Only what gets further starts the count anew: a route that does not resume would repeat itself forever.
        failures = reached === lastEventId ? failures + 1 : 1
        lastEventId = reached
        if (lastEventId === undefined || lastEventId === '' || !isPassing(error)) throw error
        const askedMs = decoder?.reconnectionTime
        response = await sender.resume({ lastEventId, error, askedMs, failures }, policy)
        // The server says that there is nothing more to come (WHATWG HTML section 9.2.3).
        if (response.status === 204) return
        if (mediaTypeEssence(contentType(response)) !== mediaTypeEssence(type)) throw error
      }
    }
  } catch (error) {
    await sender.failed(error)
  } finally {
    sender.done()
  }
}

/** Arrays are rarely streamed, so what reads them is loaded with the first one. */
async function itemDecoder(mediaType: string, lastEventId?: string): Promise<ItemDecoder | undefined> {
  if (mediaType !== 'application/json') return createItemDecoder(mediaType, lastEventId)
  return (await import('../wire/json-array.ts')).createArrayDecoder()
}

/** A stream that failed because of its request would fail again. */
function isPassing({ problem }: StreamTruncated): boolean {
  const status = problem?.['status']
  return typeof status !== 'number' || status >= 500 || status === 408 || status === 429
}

async function* readChunks(body: Body, asText: boolean): AsyncGenerator<StreamItem> {
  for await (const bytes of body) {
    const data = asText ? body.text(bytes) : bytes
    if (data.length > 0) yield { data }
  }
}

/**
 * What looks like an end mark or a failure is one if nothing follows it, so that an app may have such items
 * of its own.
 *
 * @throws {StreamTruncated} also for a clean end without the mark that the server said it would send.
 */
async function* readItems(body: Body, decoder: ItemDecoder): AsyncGenerator<StreamItem> {
  let last: Decoded | undefined
  function* take(decoded: readonly Decoded[]) {
    for (const each of decoded) {
      if (last !== undefined) yield last.item
      last = undefined
      if (each.kind === 'item' || !body.asksForMark) yield each.item
      else {
        last = each
        if (each.kind === 'problem') body.problem = each.problem
      }
    }
  }
  for await (const bytes of body) {
    yield* take(decoder.push(body.text(bytes)))
    // What is wrong behind good items is told now, not when more comes.
    decoder.push('')
  }
  if (last?.kind === 'end') return
  if (body.isMarked || last !== undefined) throw body.truncated(undefined)
  try {
    yield* take(decoder.end())
  } catch (cause) {
    throw body.truncated(cause)
  }
}

/** The bytes of a reply. */
class Body {
  readonly #sender: Sender
  readonly #response: Response
  readonly #decoder = new TextDecoder()
  #bytes = 0
  /** What the stream has said of its failure. */
  problem: Readonly<Record<string, unknown>> | undefined

  constructor(sender: Sender, response: Response) {
    this.#sender = sender
    this.#response = response
  }

  get asksForMark(): boolean {
    return this.#sender.options.endMark !== false
  }

  /** Whether the server said that it marks the end. */
  get isMarked(): boolean {
    return /\bstream-end\b/i.test(this.#response.headers.get('preference-applied') ?? '')
  }

  truncated(cause: unknown): StreamTruncated {
    return new StreamTruncated(this.#bytes, { cause, problem: this.problem })
  }

  /** At the end, an empty piece takes out what is left. */
  text(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: bytes.length > 0 })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { signal } = this.#sender
    signal.throwIfAborted()
    const reader = this.#response.body?.getReader()
    if (reader === undefined) return
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        this.#bytes += value.length
        if (value.length > 0) yield value
      }
      yield new Uint8Array(0)
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      throw this.truncated(cause)
    } finally {
      // Whoever leaves early closes the connection.
      void reader.cancel().catch(() => {})
    }
  }
}
