/** One open WebSocket as its handler sees it: messages checked both ways, its end told truthfully. */
import { StreamCancelled } from '../lifetime/cancellation.ts'
import type { Exchange } from '../exchange.ts'
import { type Followable, Follower, FollowerTooSlow } from './following.ts'
import { assertClose, clipReason, encodeMessage, type MessageReader } from './message.ts'
import type { Ending } from '../reply/reply.ts'
import { placeIssues, type Schema, SchemaMismatch, validate } from '../schema.ts'
import type { Socket, SocketClose } from './socket.ts'
import type { Failure } from '../reply/source.ts'
import { isInstance, propertyOf } from '../thrown.ts'

/** What may be queued by sends that nobody awaits: a peer for which more is waiting is cut off. */
const MAX_QUEUED = 16 * 1024 * 1024

/**
 * An open WebSocket with typed, validated messages. Iterate over it to receive, in one place at a
 * time: the peer is made to wait for a loop that is slow. What came before the socket was closed is
 * still delivered; then the loop ends, however the socket was closed (`closed` tells).
 *
 * A handler that only sends need not read: its `signal` aborts, and its waits reject, as soon as the
 * peer is gone. Up to 256 KiB wait for a loop that has yet to begin; if more comes, all of it is
 * dropped after half a second, and a loop that begins later throws.
 */
export interface WebSocketConnection<Receive, Send> extends AsyncIterable<Receive> {
  /**
   * Sends a message, and waits while the peer is slow: await it. A string goes as it is, bytes as a
   * binary message, anything else as JSON.
   *
   * @throws {StreamCancelled} when the socket is closed.
   * @throws {SchemaMismatch} when the message does not pass `sends`; it is logged too.
   */
  send(message: Send): Promise<void>
  /**
   * Sends the `replay` latest entries of a channel, and everything published from now on, until the
   * socket closes. A peer that falls further behind than the channel's history is closed with 1013.
   *
   * @returns a function that stops following.
   */
  follow(channel: Followable<Send>, options?: { readonly replay?: number }): () => void
  /**
   * Closes. What was sent before is still delivered.
   *
   * @param code 1000 (the default), 3000 to 4999 for codes of your own, or another that may be sent.
   * @param reason at most 123 bytes.
   */
  close(code?: number, reason?: string): void
  /** Settles when the socket is closed. */
  readonly closed: Promise<SocketClose>
  /** The subprotocol in use, one of the route's `protocols`. */
  readonly protocol: string | undefined
}

/** What the route says about its messages. */
export interface ConnectionOptions {
  readonly read: MessageReader
  readonly sends: Schema | undefined
  readonly protocol: string | undefined
}

export class Connection implements WebSocketConnection<unknown, unknown> {
  readonly closed: Promise<SocketClose>
  readonly protocol: string | undefined
  readonly #exchange: Exchange
  readonly #socket: Socket
  readonly #sends: Schema | undefined
  readonly #read: MessageReader
  #received = 0
  #reported: Failure | undefined
  #wasCutShort = false

  constructor(exchange: Exchange, socket: Socket, { read, sends, protocol }: ConnectionOptions) {
    this.#exchange = exchange
    this.#socket = socket
    this.#sends = sends
    this.#read = read
    this.protocol = protocol
    this.closed = socket.closed
  }

  /** Runs the handler, closes the socket by how it ended, and tells when both are done. Never rejects. */
  async run(handler: () => unknown): Promise<Pick<Ending, 'outcome' | 'error'>> {
    const { cancellation } = this.#exchange
    cancellation.subscribe(({ reason, message }) => {
      if (reason !== 'disconnect') this.#socket.close(reason === 'shutdown' ? 1012 : 1011, message)
    })
    void this.closed.then(() => cancellation.cancel('disconnect'))
    await this.#untilUnwound(this.#runHandler(handler))
    const close = await this.closed
    if (close.error !== undefined) this.#exchange.lifetime.failure ??= { error: close.error }
    const { failure } = this.#exchange.lifetime
    if (failure !== undefined) return { outcome: 'error', error: failure.error }
    const reason = cancellation.error?.reason
    if (reason === 'shutdown' || reason === 'timeout') return { outcome: reason }
    return { outcome: close.code === 1006 || this.#wasCutShort ? 'disconnect' : 'complete' }
  }

  async #runHandler(handler: () => unknown): Promise<void> {
    let failure: Failure | undefined
    try {
      await handler()
    } catch (error) {
      failure = { error }
      if (this.#isCancellation(error)) this.#wasCutShort = true
      else this.#fail(error, 1011)
    }
    this.#socket.close(1000, '')
    await this.#exchange.lifetime.releaseHandlerScope(failure)
  }

  /** Waits for the handler; once the socket is closed, only as long as the app lets streams unwind. */
  async #untilUnwound(handled: Promise<void>): Promise<void> {
    const { clock, unwindMs, log } = this.#exchange.engine
    let isDone = false
    let cancelTimer = () => {}
    const late = this.closed.then(() =>
      new Promise<void>((resolve) => {
        if (!isDone) cancelTimer = clock.after(unwindMs, resolve)
      }).then(() => {
        this.#wasCutShort = true
        log.warn(
          { route: this.#exchange.route },
          'A WebSocket handler goes on though its socket is closed. Await socket.send, ctx.sleep, ctx.on or something that takes ctx.signal.',
        )
      }),
    )
    await Promise.race([handled, late])
    isDone = true
    cancelTimer()
  }

  send(message: unknown): Promise<void> {
    const sent = this.#send(message)
    // A send that nobody awaits must neither end the process when the peer is gone, nor fail in silence.
    sent.catch((error: unknown) => {
      if (!this.#isCancellation(error)) this.#report(error)
    })
    return sent
  }

  async #send(message: unknown): Promise<void> {
    this.#assertOpen()
    const checked = this.#check(message)
    const value = checked instanceof Promise ? await checked : checked
    this.#assertOpen()
    if (this.#socket.buffered > MAX_QUEUED) {
      this.#fail(new Error(`More than ${MAX_QUEUED} bytes wait for a slow peer. Await every send().`), 1013)
      this.#assertOpen()
    }
    this.#socket.send(encodeMessage(value))
    const drained = this.#socket.drained()
    if (drained === undefined) return
    await drained
    this.#assertOpen()
  }

  #check(message: unknown): unknown {
    if (this.#sends === undefined) return message
    return validate(
      this.#sends,
      message,
      (issues) => new SchemaMismatch('A message to send', placeIssues('message', issues)),
    )
  }

  follow(channel: Followable<unknown>, options?: { readonly replay?: number }): () => void {
    this.#assertOpen()
    const { leave } = new Follower(this.#socket, channel.subscribe(options), (error) =>
      this.#fail(error, isInstance(error, FollowerTooSlow) ? 1013 : 1011),
    )
    void this.closed.then(leave)
    return leave
  }

  close(code = 1000, reason = ''): void {
    assertClose(code, reason)
    this.#socket.close(code, reason)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    for await (const message of this.#socket.incoming) {
      const number = this.#received++
      const read = await this.#read(message)
      if ('problem' in read) {
        const problem = `Message ${number}: ${read.problem}`
        this.#exchange.lifetime.failure ??= {
          error: new Error(`The peer sent what the route does not receive. ${problem}`),
        }
        this.#socket.close(1007, clipReason(problem))
        return
      }
      yield read.value
    }
  }

  /** Something on our side ends the socket. The peer learns no more than that. */
  #fail(error: unknown, code: 1011 | 1013): void {
    // A follower that is too slow is its peer's affair, and may be one of thousands.
    if (!isInstance(error, FollowerTooSlow)) this.#report(error)
    this.#exchange.lifetime.failure ??= { error }
    this.#socket.close(code, code === 1013 ? 'Too slow' : 'Internal error')
  }

  #report(error: unknown): void {
    // Boxed, since undefined can be thrown too.
    if (this.#reported !== undefined && this.#reported.error === error) return
    this.#reported = { error }
    this.#exchange.lifetime.report(error)
  }

  /** Whether an error is what the handler's waits throw when the socket is closed, or was made of that. */
  #isCancellation(error: unknown): boolean {
    if (this.#socket.open && this.#exchange.cancellation.error === undefined) return false
    return isInstance(error, StreamCancelled) || isInstance(propertyOf(error, 'cause'), StreamCancelled)
  }

  /** @throws {StreamCancelled} when nothing can be sent any more. */
  #assertOpen(): void {
    const { error } = this.#exchange.cancellation
    if (error !== undefined) throw error
    if (!this.#socket.open) throw new StreamCancelled('disconnect')
  }
}
