import { placeIssues, runSchema, SchemaMismatch } from '../core/schema.js';
import { MemoryLog } from './log.js';
import { Subscription } from './subscription.js';
/** A named, typed, bounded log with followers. Make one with `channel(name, schema, options)`. */
export class Channel {
    name;
    #schema;
    #log;
    #followed;
    #subscriptions = new Set();
    constructor(name, schema, options) {
        this.name = name;
        this.#schema = schema;
        this.#log = new MemoryLog(options.history ?? 256);
        this.#followed = {
            name,
            log: this.#log,
            slow: options.slow ?? 'disconnect',
            forget: (subscription) => this.#subscriptions.delete(subscription),
        };
    }
    /** How many follow at the moment. */
    get followers() {
        return this.#subscriptions.size;
    }
    /**
     * Appends a value and wakes every follower. Never waits for any of them.
     *
     * @throws {SchemaMismatch} when the value does not pass the channel's schema.
     * @throws {TypeError} when the schema is asynchronous: order could not be kept.
     */
    publish(value) {
        const result = runSchema(this.#schema, value);
        if (result instanceof Promise) {
            result.catch(() => { });
            throw new TypeError(`The schema of channel "${this.name}" must be synchronous.`);
        }
        if (result.issues !== undefined)
            throw new SchemaMismatch(`What was published on "${this.name}"`, placeIssues('message', result.issues));
        const entry = this.#log.append(result.value);
        for (const subscription of this.#subscriptions)
            subscription.notify();
        return entry;
    }
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
    subscribe(options = {}) {
        const subscription = new Subscription(this.#followed, options);
        if (!subscription.closed)
            this.#subscriptions.add(subscription);
        return subscription;
    }
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
export function channel(name, schema, options = {}) {
    return new Channel(name, schema, options);
}
//# sourceMappingURL=channel.js.map