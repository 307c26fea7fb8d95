import type { Exchange } from './exchange.ts';
import { type Followable } from './following.ts';
import { type MessageReader } from './message.ts';
import type { Ending } from './reply.ts';
import { type Schema } from './schema.ts';
import type { Socket, SocketClose } from './socket.ts';
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
    send(message: Send): Promise<void>;
    /**
     * Sends the `replay` latest entries of a channel, and everything published from now on, until the
     * socket closes. A peer that falls further behind than the channel's history is closed with 1013.
     *
     * @returns a function that stops following.
     */
    follow(channel: Followable<Send>, options?: {
        readonly replay?: number;
    }): () => void;
    /**
     * Closes. What was sent before is still delivered.
     *
     * @param code 1000 (the default), 3000 to 4999 for codes of your own, or another that may be sent.
     * @param reason at most 123 bytes.
     */
    close(code?: number, reason?: string): void;
    /** Settles when the socket is closed. */
    readonly closed: Promise<SocketClose>;
    /** The subprotocol in use, one of the route's `protocols`. */
    readonly protocol: string | undefined;
}
/** What the route says about its messages. */
export interface ConnectionOptions {
    readonly read: MessageReader;
    readonly sends: Schema | undefined;
    readonly protocol: string | undefined;
}
export declare class Connection implements WebSocketConnection<unknown, unknown> {
    #private;
    readonly closed: Promise<SocketClose>;
    readonly protocol: string | undefined;
    constructor(exchange: Exchange, socket: Socket, { read, sends, protocol }: ConnectionOptions);
    /** Runs the handler, closes the socket by how it ended, and tells when both are done. Never rejects. */
    run(handler: () => unknown): Promise<Pick<Ending, 'outcome' | 'error'>>;
    send(message: unknown): Promise<void>;
    follow(channel: Followable<unknown>, options?: {
        readonly replay?: number;
    }): () => void;
    close(code?: number, reason?: string): void;
    [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined>;
}
//# sourceMappingURL=connection.d.ts.map