/** One shape for every way to reach an app, so that one list of behaviours runs over all of them. */
import type { App } from 'millrace'
import { connect } from 'millrace/testing'
import { RawConnection, type RawRequest } from './raw-client.ts'

export interface LinkRequest {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined
  /** Leaves before there is a reply. */
  readonly signal?: AbortSignal
}

export interface LinkReply {
  readonly status: number
  /** By lower-case name; only `set-cookie` is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The next piece of the body as text, undefined at a clean end. Rejects when the body was cut. */
  next(): Promise<string | undefined>
  /** The rest. Rejects when the body was cut. */
  text(): Promise<string>
  json(): Promise<unknown>
  /** Goes away without reading the rest. */
  disconnect(): void
}

export interface Link {
  request(method: string, target: string, request?: LinkRequest): Promise<LinkReply>
  close(): Promise<void>
}

export type Connect = (app: App) => Promise<Link>

export interface Pieces {
  readonly status: number
  readonly headers: LinkReply['headers']
  next(): Promise<Uint8Array | undefined>
  disconnect(): void
}

export function toLinkReply({ status, headers, next, disconnect }: Pieces): LinkReply {
  const decoder = new TextDecoder()
  const reply: LinkReply = {
    status,
    headers,
    disconnect,
    async next() {
      const piece = await next()
      return piece === undefined ? undefined : decoder.decode(piece, { stream: true })
    },
    async text() {
      let text = ''
      for (let piece = await reply.next(); piece !== undefined; piece = await reply.next()) text += piece
      return text
    },
    json: async () => JSON.parse(await reply.text()) as unknown,
  }
  return reply
}

/** HTTP/1.1 through a socket; every request has a connection of its own. */
export const nodeLink: Connect = async (app) => {
  const { port } = await app.listen({ port: 0 })
  return rawLink(app, () => RawConnection.open(port))
}

/** Requests over connections that `open` makes, to an app that listens. */
export function rawLink(app: App, open: () => Promise<RawConnection>): Link {
  const connections: RawConnection[] = []
  return {
    async request(method, target, { signal, ...request } = {}) {
      const connection = await open()
      connections.push(connection)
      signal?.addEventListener('abort', () => connection.destroy())
      const reply = await connection.request(method, target, request as RawRequest)
      return toLinkReply({
        status: reply.status,
        headers: reply.headers,
        next: () => reply.bytes(),
        disconnect: () => connection.destroy(),
      })
    },
    async close() {
      for (const connection of connections) connection.destroy()
      await app.close({ grace: 2000 })
    },
  }
}

export const fetchLink: Connect = async (app) => ({
  async request(method, target, { headers = {}, body, signal } = {}) {
    const init: RequestInit & { duplex?: 'half' } = { method, headers, signal: signal ?? null }
    if (body !== undefined) {
      init.body = typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : toStream(body)
      init.duplex = 'half'
    }
    const request = new Request(`http://localhost${target}`, init)
    // What a runtime adds on its way in.
    if (typeof body === 'string' || body instanceof Uint8Array)
      request.headers.set('content-length', String(Buffer.byteLength(body)))
    const response = await app.fetch(request)
    const reader = response.body?.getReader()
    const cookies = response.headers.getSetCookie()
    return toLinkReply({
      status: response.status,
      headers: {
        ...Object.fromEntries(response.headers),
        ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}),
      },
      next: async () => (await reader?.read())?.value,
      disconnect: () => void reader?.cancel(),
    })
  },
  close: () => app.close(),
})

function toStream(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => void (await iterator.return?.()),
  })
}

export const memoryLink: Connect = async (app) => ({
  async request(method, target, { headers = {}, body, signal } = {}) {
    const reply = await connect(app).request(method, target, {
      headers,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body }),
    })
    const pieces = reply[Symbol.asyncIterator]()
    return toLinkReply({
      status: reply.status,
      headers: Object.fromEntries(
        // As a wire would carry them.
        Object.entries(reply.headers).map(([name, value]) => [
          name,
          typeof value === 'string' || name === 'set-cookie' ? value : value.join(', '),
        ]),
      ),
      async next() {
        const { done, value } = await pieces.next()
        return done === true ? undefined : value
      },
      disconnect: () => reply.disconnect(),
    })
  },
  close: () => app.close(),
})
