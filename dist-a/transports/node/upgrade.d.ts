/** WebSocket on Node: handshakes, and the sockets that come of them until the server closes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Application } from '../../core/app.ts';
/**
 * Whether a request asks for a WebSocket, in a way that can be answered (RFC 6455 section 4.2.1).
 * Nothing else is spoken here.
 */
export declare function asksForWebSocket({ method, headers }: IncomingMessage): boolean;
/** Answers the requests of one server that ask for an upgrade. */
export declare class Upgrader {
    #private;
    constructor(app: Application);
    /** Upgrades to WebSocket, or answers why not. Never throws. */
    upgrade(message: IncomingMessage, connection: Duplex, head: Buffer): void;
    /**
     * An upgrade to anything else is ignored (RFC 9110 section 7.8), and the request answered as if it
     * had not asked. But Node has taken the connection off its parser: the reply is the last one on it,
     * and a body cannot be read any more.
     *
     * @returns undefined when that was answered already.
     */
    ignore(message: IncomingMessage, connection: Duplex): ServerResponse | undefined;
    /** Tells all of them that the server shuts down: handlers by their signal, peers by a close with 1012. */
    close(): void;
    /** Cuts whatever is still connected. */
    destroy(): void;
}
//# sourceMappingURL=upgrade.d.ts.map