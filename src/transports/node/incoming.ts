import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { Cancellation } from '../../core/cancellation.ts'
import type { Incoming, IncomingHeaders, Peer, Protocol } from '../../core/incoming.ts'

/** A node:http request as Incoming: every member is read from the message when it is wanted. */
export class NodeIncoming implements Incoming {
  readonly method: string
  readonly target: string
  readonly cancellation = new Cancellation()
  readonly #message: IncomingMessage
  readonly #upgrade: boolean
  #body: NodeBody | null | undefined

  constructor(message: IncomingMessage, upgrade = false) {
    this.#message = message
    this.#upgrade = upgrade
    this.method = message.method ?? 'GET'
    this.target = message.url ?? '/'
  }

  get headers(): IncomingHeaders {
    return this.#message.headers
  }

  get body(): AsyncIterable<Uint8Array> | null {
    if (this.#body === undefined) {
      const { headers } = this.#message
      const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
      this.#body = hasBody && !this.#upgrade ? new NodeBody(this.#message) : null
    }
    return this.#body
  }

  /**
   * Lets an unread body run off: while it waits in the socket, Node does not notice that the client
   * went away.
   */
  discardUnreadBody(): void {
    if (this.#body?.started === true) return
    if (this.#body) this.#body.discarded = true
    this.#message.resume()
  }

  get peer(): Peer {
    const { socket } = this.#message
    return {
      address: socket.remoteAddress,
      port: socket.remotePort,
      encrypted: (socket as TLSSocket).encrypted === true,
    }
  }

  get protocol(): Protocol {
    if (this.#upgrade) return 'websocket'
    return this.#message.httpVersion === '1.0' ? 'http/1.0' : 'http/1.1'
  }
}

class NodeBody implements AsyncIterable<Uint8Array> {
  readonly #message: IncomingMessage
  started = false
  discarded = false

  constructor(message: IncomingMessage) {
    this.#message = message
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.discarded)
      throw new Error('The request body was discarded: the reply had begun before anybody read it.')
    this.started = true
    try {
      // The message is not destroyed when the reader stops early: its connection still has a reply to carry.
      yield* this.#message.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
    } finally {
      this.#message.resume()
    }
  }
}
