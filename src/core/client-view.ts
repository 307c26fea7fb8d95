/** A route as its client sees it. */
import type { BodyReader } from './body/body-reader.ts'
import type { InputName } from './context.ts'
import type { Format, FormatItem, FormatWhole, StreamEvent } from './reply/format.ts'
import type { AnyReply } from './handler.ts'
import type { AnySchema, SchemaInput, SchemaOutput } from './schema.ts'
import type { Message } from './socket/socket.ts'

/**
 * What the client of a route sends, by the names of its inputs, and what it gets: `returns` one value or
 * `streams` many. The type of a stream is that of all of it: an array of its items, and for text and bytes
 * a string and bytes. `O` are the options; where they do not say what it gets, the handler `H` does.
 *
 * A mapped type, so that nothing of it is worked out where nobody looks at it.
 */
export type ClientView<O extends Partial<Record<InputName, unknown>>, H> = O extends unknown
  ? {
      [K in (keyof O & InputName) | ReplyName<O, H>]: K extends InputName
        ? SentInput<O[K]>
        : K extends keyof O
          ? K extends 'streams'
            ? FormatWhole<O[K]>
            : SchemaOutput<O[K]>
          : InferredReply<H>
    }
  : never

/** The same of a WebSocket route: what it `receives` from its client and `sends` to it. */
export type SocketView<O> = O extends unknown
  ? {
      [K in (keyof O & InputName) | 'receives' | 'sends']: K extends keyof O
        ? K extends 'sends'
          ? SchemaOutput<O[K]>
          : SchemaInput<O[K]>
        : Message
    }
  : never

type SentInput<S> = S extends AnySchema
  ? SchemaInput<S>
  : S extends Format<never, 'jsonl'>
    ? AsyncIterable<FormatItem<S>>
    : S extends BodyReader<unknown, infer Sent>
      ? Sent
      : FormatItem<S>

type ReplyName<O, H> = 'streams' extends keyof O
  ? 'streams'
  : 'returns' extends keyof O
    ? 'returns'
    : H extends (context: never) => AnyStream | Promise<AnyStream>
      ? 'streams'
      : 'returns'

/** What is streamed without being declared. An array is iterable, but no iterator: it is one value. */
type AnyStream<Item = unknown> = AsyncIterable<Item> | Generator<Item, unknown, never>

type InferredReply<H> = H extends (context: never) => infer R
  ? ReplyType<Exclude<Awaited<R>, AnyReply>>
  : never

/** Never: there are only replies made by hand, which say nothing of their type. */
type ReplyType<T> = [T] extends [never]
  ? unknown
  : T extends AnyStream<infer Item>
    ? Whole<Item extends StreamEvent<infer Data> ? Data : Item>
    : T

/** What chunks are together: the format follows from the first of them. */
type Whole<Item> = [Item] extends [string] ? string : [Item] extends [Uint8Array] ? Uint8Array : Item[]
