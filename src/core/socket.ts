/** What a socket carries: text or binary messages. */
export type Message = string | Uint8Array

/**
 * A WebSocket as it crosses the border from a transport: one of the three values that do. It knows
 * nothing of schemas or channels.
 */
export interface Socket {
  /** Queues a message. Never blocks; watch `buffered` or await `drained()`. */
  send(message: Message): void
  /** Starts the closing handshake. */
  close(code: number, reason: string): void
  /** Messages in order, pulled at the reader's pace; ends when the socket is closed. */
  readonly incoming: AsyncIterable<Message>
  /** Bytes queued and not yet handed to the network. */
  readonly buffered: number
  /** Settles when nothing much is queued any more, or the socket is closed. */
  drained(): Promise<void>
  /** Settles with the code and reason when the socket is closed. */
  readonly closed: Promise<SocketClose>
}

/** How a WebSocket was closed (RFC 6455 section 7.1.5). 1006 means: without a closing handshake. */
export interface SocketClose {
  readonly code: number
  readonly reason: string
}
