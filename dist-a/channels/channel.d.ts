/**
 * Channels: one producer side, any number of followers. A channel is a bounded log, and a follower is
 * a cursor in it, so that a slow follower costs a number, not a queue of copies, and never holds up
 * the others. Everybody sees the same entries in the same order.
 */
import type { Followable } from '../core/following.ts';
import { type Schema, type SchemaInput, type SchemaOutput } from '../core/schema.ts';
import { type LogEntry } from './log.ts';
import { type SlowPolicy, type SubscribeOptions, Subscription } from './subscription.ts';
export interface ChannelOptions {
    /**
     * Entries kept for followers that are behind, and for those that ask for the past; default 256. What
     * is published in one turn of the event loop must fit, since no loop can follow in between.
     */
    readonly history?: number;
    /** Default `disconnect`. */
    readonly slow?: SlowPolicy;
}
/** A named, typed, bounded log with followers. Make one with `channel(name, schema, options)`. */
export declare class Channel<T, Input = T> implements Followable<T> {
    #private;
    readonly name: string;
    constructor(name: string, schema: Schema<Input, T>, options: ChannelOptions);
    /** How many follow at the moment. */
    get followers(): number;
    /**
     * Appends a value and wakes every follower. Never waits for any of them.
     *
     * @throws {SchemaMismatch} when the value does not pass the channel's schema.
     * @throws {TypeError} when the schema is asynchronous: order could not be kept.
     */
    publish(value: Input): LogEntry<T>;
    /**
     * A cursor of its own for whoever wants to follow. It ends when its loop is left, when it is closed,
     * or when the signal aborts.
     *
     * A route streams a channel in either of two forms. Both stop following as soon as the client is gone:
     *
     * @example
     * app.get('/chat', { streams: sse(Line) }, () => chat.subscribe({ replay: 10 }))
     * app.get('/chat', { streams: sse(Line) }, async function* ({ signal }) {
     *   yield hello
     *   yield* chat.subscribe({ signal }) // without the signal, it would go on until the next publish
     * })
     */
    subscribe(options?: SubscribeOptions): Subscription<T>;
}
/**
 * Declares a channel in memory.
 *
 * @example
 * const chat = channel('chat', z.string(), { history: 100 })
 * app.websocket('/ws', { receives: z.string() }, async ({ socket }) => {
 *   socket.follow(chat)
 *   for await (const line of socket) chat.publish(line)
 * })
 * @throws {RangeError} unless `history` is a whole number of at least 1.
 */
export declare function channel<S extends Schema>(name: string, schema: S, options?: ChannelOptions): Channel<SchemaOutput<S>, SchemaInput<S>>;
//# sourceMappingURL=channel.d.ts.map