import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { Cancellation } from '../../core/cancellation.ts';
import type { Incoming, IncomingHeaders, Peer, Protocol } from '../../core/incoming.ts';
/** A node:http request as Incoming: every member is read from the message when it is wanted. */
export declare class NodeIncoming implements Incoming {
    #private;
    readonly method: string;
    readonly target: string;
    readonly cancellation: Cancellation;
    constructor(message: IncomingMessage | Http2ServerRequest, upgrade?: boolean);
    get headers(): IncomingHeaders;
    get body(): AsyncIterable<Uint8Array> | null;
    /**
     * Lets an unread body run off: while it waits in the socket, Node does not notice that the client
     * went away.
     */
    discardUnreadBody(): void;
    get peer(): Peer;
    get protocol(): Protocol;
}
//# sourceMappingURL=incoming.d.ts.map