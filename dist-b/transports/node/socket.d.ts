import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.ts';
import { Inbox } from '../../core/inbox.ts';
import type { Message, SharedMessage, Socket, SocketClose } from '../../core/socket.ts';
/** A socket of ws as Millrace's: ws reads, pings and closes; messages are written to the connection itself. */
export declare class NodeSocket implements Socket {
    #private;
    readonly incoming: Inbox;
    readonly closed: Promise<SocketClose>;
    bytes: number;
    messages: number;
    constructor(websocket: WebSocket, connection: Duplex, clock: Clock);
    get open(): boolean;
    get buffered(): number;
    send(message: Message | SharedMessage): void;
    close(code: number, reason: string): void;
    drained(): Promise<void> | undefined;
    /** Asks the peer for a sign of life, and cuts one that gave none since the last time. */
    probe(): void;
}
//# sourceMappingURL=socket.d.ts.map