import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { on, once } from './callback.ts'
import { currentResponse } from './node-internal.ts'

/**
 * Does for a connection what Node's parser did, which Node has taken off it because a request asked for an
 * upgrade: replies go on when it has drained, and its client may leave.
 */
export function listenForEnd(connection: Duplex): void {
  on(connection, 'drain', () => currentResponse(connection)?.emit('drain'))
  // What else the client sends is discarded; while it waits, the client's end would not be seen.
  connection.resume()
  once(connection, 'end', () => connection.destroy())
}

/** A response on such a connection, its last one. */
export function detachedResponse(message: IncomingMessage, duplex: Duplex): ServerResponse {
  // The server is one of node:net or node:tls, and so are its connections.
  const connection = duplex as Socket
  const response = new ServerResponse(message)
  response.shouldKeepAlive = false
  response.assignSocket(connection)
  once(response, 'finish', () => connection.destroySoon())
  return response
}
