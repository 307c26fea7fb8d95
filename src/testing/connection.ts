import type { Application } from '../core/app.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Incoming } from '../core/incoming.ts'
import type { Ending, Reply } from '../core/reply.ts'
import { Source } from '../core/source.ts'
import { fileSource } from '../stream/file.ts'
import { PulledBody } from '../stream/pulled.ts'

/** A request to send through the in-memory link. */
export interface MemoryRequest {
  readonly headers?: Readonly<Record<string, string>>
  /** A string or bytes are sent as one piece with their length; an iterable piece by piece, without. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
}

/** A reply whose body is taken while the handler runs: nothing is produced before it is asked for. */
export interface MemoryReply extends AsyncIterable<Uint8Array> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** The next chunk as text, undefined at a clean end; rejects when the stream was cut. */
  next(): Promise<string | undefined>
  /** The rest of the body. Rejects when the stream was cut. */
  text(): Promise<string>
  /** The rest of the body as JSON. */
  json(): Promise<unknown>
  /** Goes away, like a client that closes its connection. */
  disconnect(): void
  /** How the body ended, and what came of it; settles when it has. */
  readonly ended: Promise<Omit<Ending, 'durationMs'>>
}

/** An app in process. */
export interface TestConnection {
  /**
   * Sends a request, and gives the reply as soon as its head is there.
   *
   * @example const reply = await connect(app).request('GET', '/ticks'); await reply.next()
   */
  request(method: string, target: string, request?: MemoryRequest): Promise<MemoryReply>
}

/** Connects to an app in memory: no sockets, no ports, the real pipeline and the real pump. */
export function connect(app: Application): TestConnection {
  return {
    async request(method, target, request = {}) {
      await app.start()
      const incoming = new MemoryIncoming(method, target, request)
      return new LiveReply(await app.handle(incoming), incoming)
    },
  }
}

class MemoryIncoming implements Incoming {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array> | null
  readonly cancellation = new Cancellation()
  readonly protocol = 'memory'
  readonly peer = { address: '127.0.0.1', port: undefined, encrypted: false }

  constructor(method: string, target: string, { headers = {}, body }: MemoryRequest) {
    this.method = method
    this.target = target
    const lower: Record<string, string> = { host: 'memory' }
    for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    if (bytes instanceof Uint8Array) lower['content-length'] ??= String(bytes.byteLength)
    this.headers = lower
    this.body = bytes instanceof Uint8Array ? once(bytes) : (bytes ?? null)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes
}

class LiveReply implements MemoryReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly ended: Promise<Omit<Ending, 'durationMs'>>
  readonly #body: PulledBody
  readonly #decoder = new TextDecoder()

  constructor(reply: Reply, incoming: MemoryIncoming) {
    this.status = reply.status
    let settle: (ending: Omit<Ending, 'durationMs'>) => void
    this.ended = new Promise((resolve) => {
      settle = resolve
    })
    const body = new PulledBody(
      toSource(reply),
      (ending) => {
        const told = reply.body.kind === 'stream' ? ending : { ...ending, items: 0 }
        reply.onEnd?.(told)
        settle(told)
      },
      { length: knownLength(reply), timing: reply.timing },
    )
    incoming.cancellation.subscribe((error) => body.cut(error.reason, error))
    this.#body = body
    const length = knownLength(reply)
    this.headers =
      length === undefined ? reply.headers : { ...reply.headers, 'content-length': String(length) }
    // Where there is no body, nobody reads to its end.
    if (reply.body.kind === 'none') void body.next()
  }

  async next(): Promise<string | undefined> {
    const result = await this.#body.next()
    return result.done === true ? undefined : this.#decoder.decode(result.value, { stream: true })
  }

  async text(): Promise<string> {
    let whole = ''
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) whole += chunk
    return whole
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown
  }

  disconnect(): void {
    void this.#body.return()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, void> {
    return this.#body
  }
}

function toSource({ body }: Reply): Source {
  if (body.kind === 'stream') return body.source
  if (body.kind === 'file') return fileSource(body)
  if (body.kind === 'text') return Source.from([body.text])!
  if (body.kind === 'bytes') return Source.from([body.bytes])!
  return Source.from([])!
}

function knownLength({ body }: Reply): number | undefined {
  if (body.kind === 'text') return new TextEncoder().encode(body.text).byteLength
  if (body.kind === 'bytes') return body.bytes.byteLength
  if (body.kind === 'stream' || body.kind === 'file') return body.length
  return undefined
}
