/** What handlers get and may give, worked out from the path and the options of their route. */
import type { WebSocketConnection } from './socket/connection.ts'
import type { Context, Inputs } from './context.ts'
import type { Used } from './dependency/dependency.ts'
import type { FormatItem, StreamEvent } from './reply/format.ts'
import type { Reply } from './reply/reply.ts'
import type { SchemaInput, SchemaOutput } from './schema.ts'
import type { Message } from './socket/socket.ts'
import type { Responder } from './reply/to-reply.ts'

/**
 * The handlers of routes with the path `P` and the options `O`; `U` is what their routers provide. They
 * are looked up in here so that editors show the functions they are, not a name with many arguments.
 */
export interface Handlers<P extends string, O, U> {
  readonly route: (context: Context<P, Inputs<O>> & U & Used<O>) => Result<O>
  readonly websocket: (
    context: Context<P, Inputs<O>> &
      U &
      Used<O> & {
        /** The open WebSocket: iterate over it to receive. */
        readonly socket: WebSocketConnection<Received<O>, Sent<O>>
      },
  ) => unknown
}

/** What a handler may return, by the options of its route. With both, only their interface is known. */
type Result<O> = 'streams' extends keyof O
  ? 'returns' extends keyof O
    ? unknown
    : Streams<FormatItem<O['streams']>>
  : 'returns' extends keyof O
    ? Returns<SchemaInput<O['returns']>>
    : unknown

/** What the handler of a route with `returns` may return. */
export type Returns<Value> = Value | AnyReply | Promise<Value | AnyReply> | PromiseLike<Value | AnyReply>

/** What the handler of a route with `streams` may return: it is a generator, or returns something iterable. */
export type Streams<Item> = Streamable<Item> | AnyReply | PromiseLike<Streamable<Item> | AnyReply>

/** A reply made by hand, which any handler may return instead. */
export type AnyReply = Reply | Responder | Response

// Async generators stand here by name, since a generic type is compared with itself by its arguments:
// that is three times cheaper than to compare iterators, and nearly every stream is one.
type Streamable<Item> =
  | AsyncGenerator<Yieldable<Item>, unknown, undefined>
  | Pullable<Yieldable<Item>>
  | Iterable<Yieldable<Item>>

type Yieldable<Item> = Item | StreamEvent<Item>

/** Any other async iterable: a web stream, a Node stream, a subscription. */
interface Pullable<Item> {
  [Symbol.asyncIterator](): { next(): Promise<IteratorResult<Item, unknown>> }
}

/** What a WebSocket handler receives and may send. */
type Received<O> = 'receives' extends keyof O ? SchemaOutput<O['receives']> : Message
type Sent<O> = 'sends' extends keyof O ? SchemaInput<O['sends']> : unknown
