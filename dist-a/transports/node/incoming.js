import { Cancellation } from '../../core/cancellation.js';
/** A node:http request as Incoming: every member is read from the message when it is wanted. */
export class NodeIncoming {
    method;
    target;
    cancellation = new Cancellation();
    #message;
    #upgrade;
    #body;
    #headers;
    constructor(message, upgrade = false) {
        this.#message = message;
        this.#upgrade = upgrade;
        this.method = message.method ?? 'GET';
        this.target = message.url ?? '/';
    }
    get headers() {
        return (this.#headers ??=
            this.protocol === 'h2' ? withoutPseudo(this.#message.headers) : this.#message.headers);
    }
    get body() {
        if (this.#body === undefined) {
            this.#body = this.#hasBody() && !this.#upgrade ? new NodeBody(this.#message) : null;
        }
        return this.#body;
    }
    #hasBody() {
        const { headers } = this.#message;
        if (headers['content-length'] !== undefined)
            return Number(headers['content-length']) > 0;
        // HTTP/2 frames bodies by itself: a stream that its client has ended with the headers has none.
        if ('stream' in this.#message)
            return !this.#message.stream.endAfterHeaders;
        return headers['transfer-encoding'] !== undefined;
    }
    /**
     * Lets an unread body run off: while it waits in the socket, Node does not notice that the client
     * went away.
     */
    discardUnreadBody() {
        if (this.#body?.started === true)
            return;
        if (this.#body)
            this.#body.discarded = true;
        this.#message.resume();
    }
    get peer() {
        const { socket } = this.#message;
        return {
            address: socket.remoteAddress,
            port: socket.remotePort,
            encrypted: socket.encrypted === true,
        };
    }
    get protocol() {
        if (this.#upgrade)
            return 'websocket';
        if (this.#message.httpVersionMajor === 2)
            return 'h2';
        return this.#message.httpVersion === '1.0' ? 'http/1.0' : 'http/1.1';
    }
}
/** HTTP/2 says in pseudo fields what HTTP/1 says in its request line and Host. */
function withoutPseudo(headers) {
    const plain = { host: headers[':authority'] };
    for (const name of Object.keys(headers))
        if (!name.startsWith(':'))
            plain[name] = headers[name];
    return plain;
}
class NodeBody {
    #message;
    started = false;
    discarded = false;
    constructor(message) {
        this.#message = message;
    }
    async *[Symbol.asyncIterator]() {
        if (this.discarded)
            throw new Error('The request body was discarded: the reply had begun before anybody read it.');
        this.started = true;
        try {
            // The message is not destroyed when the reader stops early: its connection still has a reply to carry.
            yield* this.#message.iterator({ destroyOnReturn: false });
        }
        finally {
            this.#message.resume();
        }
    }
}
//# sourceMappingURL=incoming.js.map