/** What a socket carries: text or binary messages. */
export type Message = string | Uint8Array

/** A message that goes to many sockets. A transport keeps its wire form by it, so that it is framed once. */
export class SharedMessage {
  readonly message: Message

  constructor(message: Message) {
    this.message = message
  }
}

/**
 * A WebSocket as it crosses the border from a transport: one of the three values that do. It knows
 * nothing of schemas or channels.
 */
export interface Socket {
  /** Whether messages can still be sent: false once either side has begun to close. */
  readonly open: boolean
  /** Queues a message; what is queued in one turn leaves together. Never blocks: see `drained()`. */
  send(message: Message | SharedMessage): void
  /** Starts the closing handshake. What the peer sends from now on is dropped; what waits can still be read. */
  close(code: number, reason: string): void
  /** Messages in order, at the reader's pace, for one reader at a time; ends when the socket is closed. */
  readonly incoming: AsyncIterable<Message>
  /** Bytes queued and not yet handed to the network. */
  readonly buffered: number
  /**
   * What a sender waits for before it sends more: a slow peer, for which more than 64 KiB are queued,
   * or the rest of the event loop, when it has used up its time. Undefined when it may go on at once.
   * Settles also when nothing can be sent any more.
   */
  drained(): Promise<void> | undefined
  /** Settles when the socket is closed. Never rejects. */
  readonly closed: Promise<SocketClose>
}

/** How a WebSocket was closed (RFC 6455 section 7.1.5). 1006 means: without a closing handshake. */
export interface SocketClose {
  readonly code: number
  readonly reason: string
  /** What the peer did wrong, when that ended it: a malformed frame, a message over the limit. */
  readonly error?: Error
}
