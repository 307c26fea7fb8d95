/** Millrace as a fetch handler: `Request` in, `Response` out, for Bun, Deno, workers and tests. */
import type { Application } from '../core/app.ts'
import { Cancellation } from '../core/lifetime/cancellation.ts'
import { problemReply } from '../core/dispatch.ts'
import {
  hostProblem,
  type Incoming,
  type IncomingHeaders,
  type Peer,
  type Protocol,
} from '../core/incoming.ts'
import type { LiveRequest } from '../core/lifetime/live.ts'
import type { Reply } from '../core/reply/reply.ts'
import type { Source } from '../core/reply/source.ts'
import { toWebStream } from '../core/reply/web-stream.ts'
import { fileSource } from '../stream/file-source.ts'
import { PulledBody } from '../stream/pulled.ts'

/** Answers one request. Never rejects. */
export async function answerFetch(app: Application, request: Request): Promise<Response> {
  const incoming = new FetchIncoming(request)
  const { live } = app.engine
  const followed = live.open(incoming.cancellation)
  const problem = hostProblem(request.headers.get('host') ?? undefined)
  const reply = await followed.reply(problem === undefined ? app.handle(incoming) : problemReply(problem))
  if (reply === undefined) return new Response('The server has closed.', { status: 503 })
  const response = toResponse(reply, followed)
  if (live.closing) followed.dismiss()
  return response
}

class FetchIncoming implements Incoming {
  readonly method: string
  readonly target: string
  readonly cancellation = new Cancellation()
  readonly protocol: Protocol = 'fetch'
  readonly peer: Peer
  readonly #request: Request
  readonly #host: string
  #headers: IncomingHeaders | undefined

  constructor(request: Request) {
    this.#request = request
    this.method = request.method
    const url = new URL(request.url)
    this.target = url.pathname + url.search
    this.#host = url.host
    this.peer = { address: undefined, port: undefined, encrypted: url.protocol === 'https:' }
    const { signal } = request
    const gone = () => this.cancellation.cancel('disconnect', signal.reason)
    if (signal.aborted) gone()
    else signal.addEventListener('abort', gone, { once: true })
  }

  get headers(): IncomingHeaders {
    // A Request made by hand has no Host; its URL says the same.
    return (this.#headers ??= { host: this.#host, ...Object.fromEntries(this.#request.headers) })
  }

  get body(): AsyncIterable<Uint8Array> | null {
    return this.#request.body as AsyncIterable<Uint8Array> | null
  }
}

function toResponse(reply: Reply, followed: LiveRequest): Response {
  const { status, body } = reply
  const headers = new Headers()
  for (const name of Object.keys(reply.headers)) {
    const value = reply.headers[name]!
    if (typeof value === 'string') headers.set(name, value)
    else for (const each of value) headers.append(name, each)
  }
  if (body.kind !== 'stream' && body.kind !== 'file') followed.end()
  switch (body.kind) {
    case 'none':
      reply.onEnd?.({ outcome: 'complete', bytes: 0, items: 0 })
      return new Response(null, { status, headers })
    case 'text':
    case 'bytes': {
      const bytes = body.kind === 'text' ? new TextEncoder().encode(body.text) : body.bytes
      headers.set('content-length', String(bytes.byteLength))
      reply.onEnd?.({ outcome: 'complete', bytes: bytes.byteLength, items: 0 })
      return new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers })
    }
    case 'stream':
    case 'file': {
      if (body.length !== undefined) headers.set('content-length', String(body.length))
      const source = body.kind === 'file' ? fileSource(body) : body.source
      return new Response(bodyStream(source, body.length, reply, followed), { status, headers })
    }
    case 'upgrade':
      reply.onEnd?.({ outcome: 'error', bytes: 0, items: 0, error: new Error('No WebSocket over fetch.') })
      return new Response('WebSocket is not available over this transport.', { status: 501 })
  }
}

/**
 * A web stream that pulls: nothing is produced before it is read, and a failing source errors the
 * stream, which runtimes turn into a cut connection.
 */
function bodyStream(
  source: Source,
  length: number | undefined,
  reply: Reply,
  followed: LiveRequest,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const body = new PulledBody(
    source,
    (ending) => {
      reply.onEnd?.(reply.body.kind === 'file' ? { ...ending, items: 0 } : ending)
      followed.end()
    },
    { length, timing: reply.timing },
  )
  followed.carry(body)
  return toWebStream(body)
}
