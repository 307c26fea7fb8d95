/** The handshake of a WebSocket: with headers where a runtime sends them, and why it was refused where one tells. */
import { ReplyError } from './reply-error.ts'

/** What opens a WebSocket: the runtime's own class, or one that follows the same standard. */
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike

/** As much of a WebSocket as is used. Structural, so that the class of the package `ws` fits, too. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  readonly protocol: string
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  onopen: ((event: never) => unknown) | null
  onmessage: ((event: never) => unknown) | null
  onclose: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
}

/** What the package `ws` tells of a reply that is no WebSocket. */
interface Refusing {
  on(event: 'unexpected-response', listener: (request: unknown, reply: Refused) => void): unknown
}

interface Refused extends AsyncIterable<Uint8Array> {
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** So much of a refusal is read, in UTF-16 code units. */
const MAX_REFUSAL = 65_536

/** @throws {TypeError} for headers where they cannot be sent, as in browsers. */
export function createSocket(
  Class: WebSocketClass,
  address: string,
  protocols: string[] | undefined,
  headers: Readonly<Record<string, string>> | undefined,
): WebSocketLike {
  if (headers === undefined) return new Class(address, protocols)
  const Open = Class as unknown as new (address: string, ...options: unknown[]) => WebSocketLike
  // `ws` takes options behind the protocols; Node, Bun and Deno take them in their place.
  if (Class.length > 2) return new Open(address, protocols, { headers })
  try {
    return new Open(address, { headers, ...(protocols && { protocols }) })
  } catch (cause) {
    if ((cause as Error).name !== 'SyntaxError') throw cause
    throw new TypeError(
      'A WebSocket sends no headers here: browsers allow none. Send a cookie, or a token in the query.',
      { cause },
    )
  }
}

/** Calls `tell` with the reply that came instead of a WebSocket, just before the socket closes. */
export function onRefusal(socket: WebSocketLike, path: string, tell: (refusal: ReplyError) => void): void {
  if (!('on' in socket)) return
  ;(socket as unknown as Refusing).on('unexpected-response', async (_request, reply) => {
    try {
      tell(await toReplyError(path, reply))
    } catch {
      // It was cut off, or is not HTTP as we know it: then the close has to do.
    }
    socket.close()
  })
}

async function toReplyError(path: string, reply: Refused): Promise<ReplyError> {
  const { statusCode: status, statusMessage: statusText } = reply
  const headers = new Headers()
  for (const [name, values] of Object.entries(reply.headers))
    for (const value of [values ?? []].flat()) headers.append(name, value)
  const utf8 = new TextDecoder()
  let body = ''
  for await (const bytes of reply) {
    body += utf8.decode(bytes, { stream: true })
    if (body.length > MAX_REFUSAL) break
  }
  return new ReplyError(`WebSocket ${path}`, new Response(null, { status, statusText, headers }), body)
}
