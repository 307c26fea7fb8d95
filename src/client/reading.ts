/** Replies as values and as pieces: the media type decides what they are. */
import { mediaTypeCharset, mediaTypeEssence } from '../wire/header.ts'
import { createItemDecoder, type ItemDecoder, type StreamItem, type StreamProblem } from '../wire/item.ts'
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
  let policy = sender.resumption
  let { lastEventId } = sender.options
  let response = await reply
  let failures = 0
  const ids: string[] = []
  let isResumed = false
  try {
    for (;;) {
      const type = contentType(response)
      const decoder = asText ? undefined : await itemDecoder(mediaTypeEssence(type), lastEventId)
      const body = new Body(sender, response, decoder)
      try {
        const pieces =
          decoder === undefined ? readChunks(body, asText || isText(type)) : readItems(body, decoder)
        for await (const piece of pieces) {
          if (isResumed && ids.includes(piece.id!)) {
            // To ask again would be the same again.
            policy = undefined
            throw body.truncated(new Error(BEGAN_AGAIN))
          }
          isResumed &&= !piece.id
          if (piece.id && ids.push(piece.id) > TRAIL) ids.splice(1, 1)
          yield piece
        }
        return
      } catch (error) {
        if (!(error instanceof StreamTruncated) || policy === undefined) throw error
        const reached = decoder?.lastEventId
        // Only what gets further starts the count anew: a route that does not resume would repeat itself forever.
        failures = reached === lastEventId ? failures + 1 : 1
        lastEventId = reached
        isResumed = true
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

/** So many ids are remembered, and the first one of all. */
const TRAIL = 1000
const BEGAN_AGAIN =
  'The server began again instead of behind Last-Event-ID. Let the route read it, or set `resume: false`.'

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

/** @throws {StreamTruncated} also for a clean end without the mark that the server said it would send. */
async function* readItems(body: Body, decoder: ItemDecoder): AsyncGenerator<StreamItem> {
  for await (const bytes of body) {
    yield* decoder.push(body.text(bytes))
    // What is wrong behind good items is told now, not when more comes.
    decoder.push('')
  }
  if (decoder.last?.kind === 'end') return
  if (body.isMarked || decoder.last !== undefined) throw body.truncated(undefined)
  try {
    yield* decoder.end()
  } catch (cause) {
    throw body.truncated(cause)
  }
  // A failure may lack its line end.
  if (body.problem !== undefined) throw body.truncated(undefined)
}

/** The bytes of a reply. */
class Body {
  readonly #sender: Sender
  readonly #response: Response
  readonly #items: ItemDecoder | undefined
  readonly #utf8 = new TextDecoder()
  #bytes = 0

  constructor(sender: Sender, response: Response, items: ItemDecoder | undefined) {
    this.#sender = sender
    this.#response = response
    this.#items = items
  }

  /** Whether the server said that it marks the end. */
  get isMarked(): boolean {
    return /\bstream-end\b/i.test(this.#response.headers.get('preference-applied') ?? '')
  }

  /** What the stream has said of its failure. */
  get problem(): StreamProblem | undefined {
    const last = this.#items?.last
    return last?.kind === 'problem' ? last.problem : undefined
  }

  truncated(cause: unknown): StreamTruncated {
    return new StreamTruncated(this.#bytes, { cause, problem: this.problem })
  }

  /** At the end, an empty piece takes out what is left. */
  text(bytes: Uint8Array): string {
    return this.#utf8.decode(bytes, { stream: bytes.length > 0 })
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
