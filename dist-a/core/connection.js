/** One open WebSocket as its handler sees it: messages checked both ways, its end told truthfully. */
import { StreamCancelled } from './cancellation.js';
import { Follower, FollowerTooSlow } from './following.js';
import { assertClose, clipReason, encodeMessage } from './message.js';
import { placeIssues, SchemaMismatch, validate } from './schema.js';
/** What may be queued by sends that nobody awaits: a peer for which more is waiting is cut off. */
const MAX_QUEUED = 16 * 1024 * 1024;
export class Connection {
    closed;
    protocol;
    #exchange;
    #socket;
    #sends;
    #read;
    #received = 0;
    #reported;
    #wasCutShort = false;
    constructor(exchange, socket, { read, sends, protocol }) {
        this.#exchange = exchange;
        this.#socket = socket;
        this.#sends = sends;
        this.#read = read;
        this.protocol = protocol;
        this.closed = socket.closed;
    }
    /** Runs the handler, closes the socket by how it ended, and tells when both are done. Never rejects. */
    async run(handler) {
        const { cancellation } = this.#exchange;
        cancellation.subscribe(({ reason, message }) => {
            if (reason !== 'disconnect')
                this.#socket.close(reason === 'shutdown' ? 1012 : 1011, message);
        });
        void this.closed.then(() => cancellation.cancel('disconnect'));
        await this.#untilUnwound(this.#runHandler(handler));
        const close = await this.closed;
        if (close.error !== undefined)
            this.#exchange.lifetime.failure ??= { error: close.error };
        const { failure } = this.#exchange.lifetime;
        if (failure !== undefined)
            return { outcome: 'error', error: failure.error };
        const reason = cancellation.error?.reason;
        if (reason === 'shutdown' || reason === 'timeout')
            return { outcome: reason };
        return { outcome: close.code === 1006 || this.#wasCutShort ? 'disconnect' : 'complete' };
    }
    async #runHandler(handler) {
        let failure;
        try {
            await handler();
        }
        catch (error) {
            failure = { error };
            if (this.#isCancellation(error))
                this.#wasCutShort = true;
            else
                this.#fail(error, 1011);
        }
        this.#socket.close(1000, '');
        await this.#exchange.lifetime.releaseHandlerScope(failure);
    }
    /** Waits for the handler; once the socket is closed, only as long as the app lets streams unwind. */
    async #untilUnwound(handled) {
        const { clock, unwindMs, log } = this.#exchange.engine;
        let isDone = false;
        let cancelTimer = () => { };
        const late = this.closed.then(() => new Promise((resolve) => {
            if (!isDone)
                cancelTimer = clock.after(unwindMs, resolve);
        }).then(() => {
            this.#wasCutShort = true;
            log.warn({ route: this.#exchange.route }, 'A WebSocket handler goes on though its socket is closed. Await socket.send, ctx.sleep, ctx.on or something that takes ctx.signal.');
        }));
        await Promise.race([handled, late]);
        isDone = true;
        cancelTimer();
    }
    send(message) {
        const sent = this.#send(message);
        // A send that nobody awaits must neither end the process when the peer is gone, nor fail in silence.
        sent.catch((error) => {
            if (!this.#isCancellation(error))
                this.#report(error);
        });
        return sent;
    }
    async #send(message) {
        this.#assertOpen();
        const checked = this.#check(message);
        const value = checked instanceof Promise ? await checked : checked;
        this.#assertOpen();
        if (this.#socket.buffered > MAX_QUEUED) {
            this.#fail(new Error(`More than ${MAX_QUEUED} bytes wait for a slow peer. Await every send().`), 1013);
            this.#assertOpen();
        }
        this.#socket.send(encodeMessage(value));
        const drained = this.#socket.drained();
        if (drained === undefined)
            return;
        await drained;
        this.#assertOpen();
    }
    #check(message) {
        if (this.#sends === undefined)
            return message;
        return validate(this.#sends, message, (issues) => new SchemaMismatch('A message to send', placeIssues('message', issues)));
    }
    follow(channel, options) {
        this.#assertOpen();
        const { leave } = new Follower(this.#socket, channel.subscribe(options), (error) => this.#fail(error, error instanceof FollowerTooSlow ? 1013 : 1011));
        void this.closed.then(leave);
        return leave;
    }
    close(code = 1000, reason = '') {
        assertClose(code, reason);
        this.#socket.close(code, reason);
    }
    async *[Symbol.asyncIterator]() {
        for await (const message of this.#socket.incoming) {
            const number = this.#received++;
            const read = await this.#read(message);
            if ('problem' in read) {
                const problem = `Message ${number}: ${read.problem}`;
                this.#exchange.lifetime.failure ??= {
                    error: new Error(`The peer sent what the route does not receive. ${problem}`),
                };
                this.#socket.close(1007, clipReason(problem));
                return;
            }
            yield read.value;
        }
    }
    /** Something on our side ends the socket. The peer learns no more than that. */
    #fail(error, code) {
        // A follower that is too slow is its peer's affair, and may be one of thousands.
        if (!(error instanceof FollowerTooSlow))
            this.#report(error);
        this.#exchange.lifetime.failure ??= { error };
        this.#socket.close(code, code === 1013 ? 'Too slow' : 'Internal error');
    }
    #report(error) {
        if (this.#reported === error)
            return;
        this.#reported = error;
        this.#exchange.lifetime.report(error);
    }
    /** Whether an error is what the handler's waits throw when the socket is closed, or was made of that. */
    #isCancellation(error) {
        if (this.#socket.open && this.#exchange.cancellation.error === undefined)
            return false;
        return (error instanceof StreamCancelled || (error instanceof Error && error.cause instanceof StreamCancelled));
    }
    /** @throws {StreamCancelled} when nothing can be sent any more. */
    #assertOpen() {
        const { error } = this.#exchange.cancellation;
        if (error !== undefined)
            throw error;
        if (!this.#socket.open)
            throw new StreamCancelled('disconnect');
    }
}
//# sourceMappingURL=connection.js.map