/** What the head of a request of Node says of its protocol and its body. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

export type AnyMessage = IncomingMessage | Http2ServerRequest

/** By the connection, and not by the version that a request line claims: `GET / HTTP/2.0` is a line of HTTP/1. */
export function isHttp2(message: AnyMessage): message is Http2ServerRequest {
  return 'stream' in message
}

/** Whether a request line names a version of HTTP/1. Node's parser also lets through HTTP/0.9 and HTTP/2.0. */
export function isSpoken({ httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' || httpVersion === '1.0'
}

/** Whether the request has a body, as far as its head says. */
export function hasBody(message: AnyMessage): boolean {
  const { headers } = message
  if (headers['content-length'] !== undefined) return Number(headers['content-length']) > 0
  // HTTP/2 frames bodies by itself: a stream that its client has ended with the headers has none.
  if (isHttp2(message)) return !message.stream.endAfterHeaders
  return headers['transfer-encoding'] !== undefined
}
