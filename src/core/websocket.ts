import type { Context } from './context.ts'
import type { Provided, UsesOf } from './dependency.ts'
import { HttpError } from './error.ts'
import type { Exchange } from './exchange.ts'
import { headerValue } from './incoming.ts'
import type { Answer } from './pipeline.ts'
import { Reply } from './reply.ts'
import type { WebSocketOptions } from './route.ts'
import {
  placeIssues,
  type Schema,
  type SchemaInput,
  SchemaMismatch,
  type SchemaOutput,
  validate,
} from './schema.ts'
import { StreamCancelled } from './cancellation.ts'
import type { Message, Socket, SocketClose } from './socket.ts'

/** From how many queued bytes on `send` waits for the peer. */
const HIGH_WATER = 64 * 1024

/** The default of `messageLimit`: 1 MiB. */
const MESSAGE_LIMIT = 1024 * 1024

/** Something a socket can follow: a channel. Entries are encoded once for all followers. */
export interface Followable<T> {
  subscribe(options?: { readonly replay?: number }): Following<T>
}

/** A cursor of one follower. */
export interface Following<T> {
  /** The next entry, or undefined when there is none yet. */
  take(): { readonly value: T; readonly text: string } | undefined
  /** Settles when there may be one, or the following has ended. Rejects when the follower fell too far behind. */
  ready(): Promise<void>
  readonly closed: boolean
  close(): void
}

/** What of a WebSocket route's options types its messages. */
type Received<O> = O extends { readonly receives: infer S extends Schema } ? SchemaOutput<S> : Message
type Sent<O> = O extends { readonly sends: infer S extends Schema } ? SchemaInput<S> : unknown

/** What a WebSocket handler receives. */
export type WebSocketHandlerContext<P extends string, O, U> = Context<P, O> &
  Provided<UsesOf<O>> &
  Provided<U> & { readonly socket: WebSocketConnection<Received<O>, Sent<O>> }

/** An open WebSocket with typed, validated messages. Iterate over it to receive. */
export interface WebSocketConnection<Receive, Send> extends AsyncIterable<Receive> {
  /**
   * Sends a message, and waits while the peer is slow. A string goes as it is, bytes as a binary
   * message, anything else as JSON.
   *
   * @throws {StreamCancelled} when the socket is closed.
   * @throws {SchemaMismatch} when the message does not pass `sends`.
   */
  send(message: Send): Promise<void>
  /** Sends the `replay` latest entries of a channel, and everything published from now on, until the socket closes. */
  follow(channel: Followable<Send>, options?: { readonly replay?: number }): void
  /** Closes with a code (1000, or 3000 to 4999) and a reason of at most 123 bytes. */
  close(code?: number, reason?: string): void
  /** Settles when the socket is closed. */
  readonly closed: Promise<SocketClose>
}

type Handler = (context: never) => unknown

/** The answer of a WebSocket route: an upgrade that runs the handler. */
export function websocketAnswer(options: WebSocketOptions, handler: Handler): Answer {
  const reads = readsText(options.receives)
  return (exchange) => {
    assertOrigin(exchange, options.origins)
    const run = async (socket: Socket) => {
      const connection = new Connection(exchange, socket, options, reads)
      await connection.run(() => handler(Object.assign(exchange, { socket: connection }) as never))
    }
    return new Reply(101, {}, { kind: 'upgrade', run, messageLimit: options.messageLimit ?? MESSAGE_LIMIT })
  }
}

/**
 * Browsers let any page open a WebSocket to any host and send its cookies along, so a foreign
 * Origin is refused unless it is listed.
 */
function assertOrigin(exchange: Exchange, allowed: readonly string[] | undefined): void {
  const origin = headerValue(exchange.request.headers, 'origin')
  if (origin === undefined || allowed?.includes('*') === true || allowed?.includes(origin) === true) return
  const host = headerValue(exchange.request.headers, 'host')
  if (allowed === undefined && origin.replace(/^https?:\/\//, '') === host) return
  throw new HttpError('FORBIDDEN', {
    detail: 'This origin may not connect. Add it to the `origins` of the route.',
  })
}

/** How text messages are read: as strings, as JSON, or as whichever of the two passes. */
type TextReading = 'string' | 'json' | 'either'

/** A schema that can tell its JSON Schema tells whether it wants strings. */
function readsText(schema: Schema | undefined): TextReading {
  if (schema === undefined) return 'string'
  const { jsonSchema } = schema['~standard'] as { jsonSchema?: { input(o: object): { type?: unknown } } }
  try {
    const type = jsonSchema?.input({ target: 'draft-2020-12' }).type
    if (type === 'string') return 'string'
    return typeof type === 'string' ? 'json' : 'either'
  } catch {
    // Not every schema has a JSON form (a date, a transform); then both readings are tried.
    return 'either'
  }
}

class Connection implements WebSocketConnection<unknown, unknown> {
  readonly closed: Promise<SocketClose>
  readonly #exchange: Exchange
  readonly #socket: Socket
  readonly #options: WebSocketOptions
  readonly #reading: TextReading
  #received = 0

  constructor(exchange: Exchange, socket: Socket, options: WebSocketOptions, reading: TextReading) {
    this.#exchange = exchange
    this.#socket = socket
    this.#options = options
    this.#reading = reading
    this.closed = socket.closed
  }

  /** Runs the handler and closes the socket by how it ended. */
  async run(handler: () => unknown): Promise<void> {
    void this.closed.then(() => this.#exchange.cancellation.cancel('disconnect'))
    try {
      await handler()
      this.#socket.close(1000, '')
    } catch (error) {
      if (error instanceof StreamCancelled && error === this.#exchange.cancellation.error) {
        this.#socket.close(error.reason === 'shutdown' ? 1012 : 1000, '')
        return
      }
      this.#exchange.log.error({ err: error, route: this.#exchange.route }, 'A WebSocket handler failed')
      this.#socket.close(1011, 'Internal error')
      throw error
    }
  }

  async send(message: unknown): Promise<void> {
    this.#assertOpen()
    const { sends } = this.#options
    const checked =
      sends === undefined ? message : await validate(sends, message, (issues) => mismatch(issues))
    this.#socket.send(encodeMessage(checked))
    if (this.#socket.buffered > HIGH_WATER) await this.#socket.drained()
  }

  follow(channel: Followable<unknown>, options?: { readonly replay?: number }): void {
    this.#assertOpen()
    const following = channel.subscribe(options)
    void this.closed.then(() => following.close())
    this.#pump(following).catch(() => this.#socket.close(1013, 'Too slow to follow the channel'))
  }

  close(code = 1000, reason = ''): void {
    this.#socket.close(code, reason)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    for await (const message of this.#socket.incoming) {
      const number = this.#received++
      const read = await this.#read(message)
      if ('problem' in read) {
        this.#socket.close(1007, `Message ${number}: ${read.problem}`.slice(0, 120))
        return
      }
      yield read.value
    }
  }

  async #pump(following: Following<unknown>): Promise<void> {
    while (!following.closed) {
      const entry = following.take()
      if (entry === undefined) await following.ready()
      else {
        this.#socket.send(entry.text)
        if (this.#socket.buffered > HIGH_WATER) await this.#socket.drained()
      }
    }
  }

  async #read(message: Message): Promise<{ value: unknown } | { problem: string }> {
    const schema = this.#options.receives
    if (schema === undefined) return { value: message }
    if (typeof message !== 'string' || this.#reading === 'string') return check(schema, message)
    if (this.#reading === 'either') {
      const asText = await check(schema, message)
      if ('value' in asText) return asText
    }
    let value: unknown
    try {
      value = JSON.parse(message)
    } catch {
      return { problem: 'not valid JSON' }
    }
    return check(schema, value)
  }

  #assertOpen(): void {
    const { error } = this.#exchange.cancellation
    if (error !== undefined) throw error
  }
}

async function check(schema: Schema, value: unknown): Promise<{ value: unknown } | { problem: string }> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return { value: result.value }
  const issue = placeIssues('message', result.issues)[0]
  return { problem: issue === undefined ? 'invalid' : [...issue.path, issue.detail].join(': ') }
}

function mismatch(issues: Parameters<typeof placeIssues>[1]): SchemaMismatch {
  return new SchemaMismatch('A message to send', placeIssues('message', issues))
}

/** A message as it goes over the wire: strings and bytes as they are, the rest as JSON. */
export function encodeMessage(message: unknown): Message {
  if (typeof message === 'string' || message instanceof Uint8Array) return message
  const text = JSON.stringify(message) as string | undefined
  if (text === undefined)
    throw new TypeError(`A ${typeof message} cannot be sent. Send a string, bytes or a JSON value.`)
  return text
}
