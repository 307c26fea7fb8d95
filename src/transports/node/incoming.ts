import type { TLSSocket } from 'node:tls'
import { Cancellation } from '../../core/lifetime/cancellation.ts'
import type {
  BodyMemory,
  ContentCodings,
  Incoming,
  IncomingHeaders,
  Peer,
  Protocol,
} from '../../core/incoming.ts'
import type { BodyBudget } from './body-budget.ts'
import { callback, once } from './callback.ts'
import { zlibCodings } from './decompress.ts'
import { type AnyMessage, hasBody, isHttp2 } from './message.ts'
import type { NodeResponse } from './response.ts'
import { connectionOf } from './tls-stream.ts'
import { withTargetHost } from '../../wire/host.ts'

/** A node:http request as Incoming: every member is read from the message when it is wanted. */
export class NodeIncoming implements Incoming {
  readonly method: string
  readonly target: string
  /** Called before the body is read, for clients that wait to be asked for it (RFC 9110 section 10.1.1). */
  onBodyWanted: (() => void) | undefined = undefined
  /** Where interim replies go. */
  response: Pick<NodeResponse, 'inform'> | undefined = undefined
  /** Where collected bodies of HTTP/2 are counted. HTTP/1 has one request of a connection at a time. */
  bodies: BodyBudget | undefined = undefined
  readonly #message: AnyMessage
  readonly #upgrade: boolean
  #cancellation: Cancellation | undefined
  #body: NodeBody | null | undefined
  #headers: IncomingHeaders | undefined
  #memory: BodyMemory | undefined

  constructor(message: AnyMessage, upgrade = false) {
    this.#message = message
    this.#upgrade = upgrade
    this.method = message.method ?? 'GET'
    this.target = message.url ?? '/'
  }

  inform(status: number, headers: Readonly<Record<string, string>>): void {
    this.response?.inform(status, headers)
  }

  get memory(): BodyMemory | undefined {
    if (!isHttp2(this.#message)) return undefined
    return (this.#memory ??= this.bodies?.open(this.#message))
  }

  get cancellation(): Cancellation {
    return (this.#cancellation ??= new Cancellation())
  }

  get headers(): IncomingHeaders {
    const { headers } = this.#message
    return (this.#headers ??=
      this.protocol === 'h2' ? withoutPseudo(headers) : withTargetHost(headers, this.target))
  }

  get body(): AsyncIterable<Uint8Array> | null {
    if (this.#body === undefined) {
      this.#body =
        hasBody(this.#message) && !this.#upgrade
          ? new NodeBody(this.#message, () => this.onBodyWanted?.())
          : null
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

  /**
   * What nobody has read of a body must not hold its connection for ever, once the reply is out.
   *
   * @param ms how long it may take from then on; 0 for no limit.
   */
  boundRest(response: NodeResponse, ms: number): void {
    const message = this.#message
    if (ms === 0 || message.complete) return
    response.on('finish', () => {
      if (message.complete) return
      const timer = setTimeout(
        callback(() => response.refuseRest(), message),
        ms,
      )
      once(message, 'close', () => clearTimeout(timer))
    })
  }

  get peer(): Peer {
    const socket = connectionOf(this.#message.socket)
    return {
      address: socket.remoteAddress,
      port: socket.remotePort,
      encrypted: (socket as TLSSocket).encrypted === true,
    }
  }

  get codings(): ContentCodings {
    return zlibCodings
  }

  get protocol(): Protocol {
    if (this.#upgrade) return 'websocket'
    if (isHttp2(this.#message)) return 'h2'
    return this.#message.httpVersion === '1.0' ? 'http/1.0' : 'http/1.1'
  }
}

/** HTTP/2 says in pseudo fields what HTTP/1 says in its request line and Host. */
function withoutPseudo(headers: IncomingHeaders): IncomingHeaders {
  const plain: Record<string, string | readonly string[] | undefined> = {}
  for (const name of Object.keys(headers)) if (!name.startsWith(':')) plain[name] = headers[name]
  // RFC 9113 section 8.3.1: `host` must not count where there is an `:authority`.
  if (headers[':authority'] !== undefined) plain['host'] = headers[':authority']
  return plain
}

class NodeBody implements AsyncIterable<Uint8Array> {
  readonly #message: AnyMessage
  readonly #onWanted: () => void
  started = false
  discarded = false

  constructor(message: AnyMessage, onWanted: () => void) {
    this.#message = message
    this.#onWanted = onWanted
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.discarded)
      throw new Error('The request body was discarded: the reply had begun before anybody read it.')
    // Whoever has an iterator is going to read, if not at once.
    this.started = true
    return this.#read()
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#onWanted()
    try {
      // The message is not destroyed when the reader stops early: its connection still has a reply to carry.
      yield* this.#message.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
    } finally {
      this.#message.resume()
    }
  }
}
