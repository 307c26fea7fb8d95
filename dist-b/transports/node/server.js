import { createServer } from 'node:http';
import { createSecureServer, createServer as createHttp2Server, Http2ServerRequest, } from 'node:http2';
import { negotiateCoding } from './compress.js';
import { NodeIncoming } from './incoming.js';
import { linger } from './linger.js';
import { Http1Response, Http2Response } from './response.js';
import { send } from './send.js';
import { asksForWebSocket, Upgrader } from './upgrade.js';
/** What Node keeps back of a reply before it asks us to wait, in bytes. */
const HIGH_WATER = 16 * 1024;
/** How often connections that have become idle are looked for at shutdown, in milliseconds. */
const IDLE_CHECK_MS = 50;
/** The part of the grace in which handlers that were cut at its end may still unwind, and its bound. */
const UNWINDING_PART = 1 / 20;
const MAX_UNWINDING_MS = 500;
/** One listening socket: requests in, replies out, and an orderly end. */
export class NodeServer {
    #app;
    #server;
    #compress;
    #upgrader;
    #active = new Set();
    #sessions = new Set();
    #connections = new Set();
    #closed;
    /** When the grace is over, by the app's clock. */
    #deadline = Infinity;
    #onEnded = () => { };
    constructor(app, options) {
        const { compress } = options;
        this.#app = app;
        this.#compress = compress === true ? {} : compress === false ? undefined : compress;
        this.#upgrader = new Upgrader(app);
        this.#server = createNodeServer(app, options, this.#onRequest);
        this.#server.on('upgrade', this.#onUpgrade);
        this.#server.on('connection', this.#onConnection);
        this.#server.on('secureConnection', this.#onConnection);
        this.#server.on('session', (session) => {
            this.#sessions.add(session);
            if (this.#closed !== undefined)
                session.close();
            session.once('close', () => this.#sessions.delete(session));
            // A session's error ends it; its streams have been told.
            session.on('error', () => { });
        });
    }
    /** @returns the port it is bound to. */
    async listen(port, host) {
        await new Promise((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen({ port, host }, resolve);
        });
        return this.#server.address().port;
    }
    #onRequest = (message, raw) => {
        const incoming = new NodeIncoming(message);
        const response = message instanceof Http2ServerRequest
            ? new Http2Response(raw)
            : new Http1Response(raw);
        const reply = this.#app.handle(incoming);
        if (!(reply instanceof Promise))
            return this.#send(message, response, incoming, reply);
        const work = reply.then((settled) => this.#send(message, response, incoming, settled, active));
        const active = this.#track(incoming, response, work);
    };
    #send(message, response, incoming, reply, active) {
        if (this.#closed !== undefined)
            reply.headers['connection'] = 'close';
        try {
            if (response instanceof Http1Response && linger(message, response.raw, reply))
                return;
            const coding = this.#compress === undefined
                ? undefined
                : negotiateCoding(reply, message.headers['accept-encoding'], this.#compress);
            const sending = send(response, reply, { isHead: incoming.method === 'HEAD', coding });
            if (sending === undefined)
                return;
            const known = active ?? this.#track(incoming, response, undefined);
            known.sending = sending;
            incoming.discardUnreadBody();
            // A stream that begins while the server closes is told like those that had begun before.
            if (this.#closed !== undefined)
                dismiss(known);
        }
        catch (error) {
            this.#app.engine.log.error({ err: error }, 'A reply could not be sent');
            response.destroy();
            reply.onEnd?.({ outcome: 'error', bytes: 0, items: 0, error });
        }
    }
    /** Follows what takes its time, so that a client that leaves, or a shutdown, reaches it. */
    #track(incoming, response, work) {
        const active = { incoming, work, sending: undefined };
        this.#active.add(active);
        response.on('close', () => {
            void this.#forget(active);
            if (!response.finished)
                incoming.cancellation.cancel('disconnect');
        });
        return active;
    }
    async #forget(active) {
        await active.work;
        await active.sending?.released;
        this.#active.delete(active);
        this.#onEnded();
    }
    #onConnection = (connection) => {
        this.#connections.add(connection);
        connection.once('close', () => {
            this.#connections.delete(connection);
            this.#onEnded();
        });
    };
    #onUpgrade = (message, socket, head) => {
        if (asksForWebSocket(message))
            return this.#upgrader.upgrade(message, socket, head);
        const response = this.#upgrader.ignore(message, socket);
        if (response !== undefined)
            this.#onRequest(message, response);
    };
    /**
     * Accepts nothing more, tells every stream at once, lets finite replies finish within the grace, and
     * cuts the rest. Called again, a shorter grace counts.
     */
    async close(grace) {
        this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
        // An HTTP/2 session is told to go away, and closes when its last stream has ended.
        for (const session of this.#sessions)
            session.close();
        this.#upgrader.close();
        for (const active of this.#active)
            dismiss(active);
        if ('closeIdleConnections' in this.#server)
            this.#server.closeIdleConnections();
        // What becomes idle later, or was kept alive by a head that had left before, must not be waited for.
        const idleCheck = setInterval(() => this.#closeIdle(), IDLE_CHECK_MS);
        const { clock } = this.#app.engine;
        this.#deadline = Math.min(this.#deadline, clock.now() + grace);
        await this.#ended(grace, () => clock.now() >= this.#deadline);
        clearInterval(idleCheck);
        for (const { incoming, sending } of this.#active) {
            incoming.cancellation.cancel('shutdown');
            sending?.cut('shutdown');
        }
        this.#upgrader.destroy();
        for (const session of this.#sessions)
            session.destroy();
        for (const connection of this.#connections)
            connection.destroy();
        await this.#closed;
        const unwindingMs = Math.min(MAX_UNWINDING_MS, Math.max(IDLE_CHECK_MS, grace * UNWINDING_PART));
        const giveUpAt = clock.now() + unwindingMs;
        await this.#ended(unwindingMs, () => clock.now() >= giveUpAt);
    }
    /**
     * Waits, for `ms` milliseconds at the most, until every connection is closed and every reply has told
     * its end: whoever waits for the server goes on to take away what those may still be using.
     */
    async #ended(ms, isLate) {
        // A timer may fire a fraction of a millisecond early.
        const cancelTimer = this.#app.engine.clock.after(ms + 1, () => this.#onEnded());
        while (!isLate() && this.#connections.size + this.#active.size > 0) {
            const others = this.#onEnded;
            await new Promise((resolve) => {
                this.#onEnded = () => {
                    others();
                    resolve();
                };
            });
        }
        cancelTimer();
    }
    #closeIdle() {
        if ('closeIdleConnections' in this.#server)
            this.#server.closeIdleConnections();
        // Node takes a connection on which nothing has been asked yet for a busy one.
        for (const connection of this.#connections)
            if (connection.bytesRead === 0)
                connection.destroy();
    }
}
/** Tells a stream that the server closes; finite replies may use the grace. */
function dismiss({ incoming, sending }) {
    const { cancellation } = incoming;
    if (sending === undefined ? !cancellation.awaitsFirstItem : !sending.endless)
        return;
    sending?.stop();
    cancellation.cancel('shutdown');
}
function createNodeServer(app, { tls, http2 }, onRequest) {
    const { headers } = app.engine.timeouts;
    // Node's own limit on a whole request stands behind ours on its body, for bodies that nobody reads.
    const body = longestBody(app);
    const requestTimeout = headers === 0 || body === Infinity ? 0 : headers + body;
    const connectionsCheckingInterval = headers === 0 ? 5000 : Math.max(50, Math.min(5000, headers / 10));
    const timeouts = {
        headersTimeout: headers,
        requestTimeout,
        connectionsCheckingInterval,
        // Newer Nodes ask which upgrades are spoken, and treat the others as plain requests themselves.
        shouldUpgradeCallback: asksForWebSocket,
    };
    if (tls !== undefined) {
        const { key, cert } = tls;
        const options = { key: toBuffer(key), cert: toBuffer(cert), allowHTTP1: true, ...timeouts };
        return createSecureServer(options, onRequest);
    }
    if (http2 === true)
        return createHttp2Server(onRequest);
    return createServer({ highWaterMark: HIGH_WATER, ...timeouts }, onRequest);
}
/** The longest time that any route gives to its body. */
function longestBody({ engine, routes }) {
    const limits = routes.map((route) => ('timeouts' in route.options ? route.options.timeouts?.body : undefined));
    return Math.max(...[engine.timeouts.body, ...limits].map((ms) => (ms === 0 ? Infinity : (ms ?? 0))));
}
function toBuffer(pem) {
    return typeof pem === 'string' ? pem : Buffer.from(pem);
}
//# sourceMappingURL=server.js.map