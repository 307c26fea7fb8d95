import { constants } from 'node:http2';
/** HTTP/1: a cut is a connection that closes before the end of the body. */
export class Http1Response {
    raw;
    #lengthIsKnown = false;
    constructor(raw) {
        this.raw = raw;
        // A response's own error (a body that differs from its content-length) cuts it.
        raw.on('error', () => this.cut());
        if (raw.socket === null)
            this.#watchConnection();
    }
    /** A pipelined response has no socket until its turn comes; that its connection closes it is not told. */
    #watchConnection() {
        const { raw } = this;
        const { socket } = raw.req;
        const close = () => {
            raw.destroy();
            raw.emit('close');
        };
        // One per pipelined request, of which there may be many.
        socket.setMaxListeners(0);
        socket.once('close', close);
        raw.once('socket', () => socket.off('close', close));
    }
    get gone() {
        return this.raw.destroyed || this.raw.writableEnded;
    }
    get finished() {
        return this.raw.writableFinished;
    }
    writeHead(reply) {
        this.#lengthIsKnown = reply.headers['content-length'] !== undefined;
        this.raw.writeHead(reply.status, reply.headers);
    }
    flushHead() {
        this.raw.flushHeaders();
    }
    write(chunk, done) {
        return this.raw.write(chunk, done);
    }
    end(chunk) {
        if (chunk === undefined)
            this.raw.end();
        else
            this.raw.end(chunk);
    }
    cut() {
        const { socket } = this.raw;
        if (socket === null) {
            // Its turn has not come. When it does, what was written leaves first, in the same tick.
            this.raw.once('socket', () => process.nextTick(() => this.cut()));
            return;
        }
        if (socket.destroyed)
            return;
        // What was written in this tick is still corked, and Node 26 would close before it lets it out.
        this.raw.uncork();
        // Where only the end of the connection marks the end of the body (HTTP/1.0), a clean close would be a lie.
        if (!this.#lengthIsKnown && !this.raw.chunkedEncoding && this.raw.headersSent)
            socket.resetAndDestroy();
        else
            socket.destroySoon();
    }
    destroy() {
        this.raw.destroy();
    }
    on(event, listener) {
        this.raw.on(event, listener);
    }
}
/** Fields of a connection have no place in HTTP/2 (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection'];
/** HTTP/2: a cut is a RST_STREAM, and leaves the connection's other streams alone. */
export class Http2Response {
    #raw;
    #pending = 0;
    #cutting = false;
    #ended = false;
    #finished = false;
    #closed = false;
    #onFinish = () => { };
    constructor(raw) {
        this.#raw = raw;
        // Not the response's own: Node tells that one of every stream that closes, also of one that was
        // reset; and it ends the writable side of a stream that its client has reset.
        raw.stream.once('finish', () => {
            if (!this.#ended || raw.stream.rstCode !== constants.NGHTTP2_NO_ERROR)
                return;
            this.#finished = true;
            this.#onFinish();
        });
        raw.on('close', () => {
            this.#closed = true;
        });
        raw.stream.on('error', () => { });
    }
    get gone() {
        return this.#closed || this.#raw.stream.destroyed || this.#raw.writableEnded;
    }
    get finished() {
        return this.#finished;
    }
    writeHead(reply) {
        for (const name of CONNECTION_FIELDS)
            delete reply.headers[name];
        this.#raw.writeHead(reply.status, reply.headers);
    }
    /** Nothing to do: HTTP/2 sends a head at once. */
    flushHead() { }
    write(chunk, done) {
        this.#pending++;
        return this.#raw.write(chunk, () => {
            this.#pending--;
            done?.();
            if (this.#pending === 0 && this.#cutting)
                this.#reset();
        });
    }
    end(chunk) {
        this.#ended = !this.gone;
        if (chunk === undefined)
            this.#raw.end();
        else
            this.#raw.end(chunk);
    }
    /**
     * A reset overtakes what is queued, and on Node 20 it frees the memory of writes that the session
     * still has to send: their frames then carry garbage. So it waits until nothing is queued.
     */
    cut() {
        this.#cutting = true;
        if (this.#pending === 0)
            this.#reset();
    }
    #reset() {
        const { stream } = this.#raw;
        if (!stream.destroyed && !stream.closed)
            stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
    /** For the same reason a connection that is itself stuck is given up as a whole. */
    destroy() {
        const { session } = this.#raw.stream;
        if (session !== undefined && !session.destroyed && isStuck(session))
            session.destroy();
        else
            this.#reset();
    }
    on(event, listener) {
        if (event === 'finish')
            this.#onFinish = listener;
        else
            this.#raw.on(event, listener);
    }
}
/**
 * Whether the session waits for its connection to take bytes. HTTP/2 writes past the socket's own
 * queue, so that only the handle knows; where it does not tell, the worst is assumed.
 */
function isStuck({ socket }) {
    const { _handle: handle } = socket;
    return handle?.writeQueueSize !== 0;
}
//# sourceMappingURL=response.js.map