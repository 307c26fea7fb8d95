import { UsageError } from '../core/error.js';
import { Ledger } from '../core/ledger.js';
import { httpSender } from './http.js';
import { LeakDetector, LeakError } from './leak.js';
import { memorySender } from './memory.js';
import { pause } from './patience.js';
import { LiveReply } from './reply.js';
/**
 * Connects to an app.
 *
 * @example
 * await using connection = connect(app)
 * const reply = await connection.request('GET', '/ticks')
 */
export function connect(app, options = {}) {
    return new AppConnection(app, options);
}
/** The connections that are in use, by app: what is open beside them need not be a leak. */
const busy = new WeakMap();
/** What a closed socket takes to be noticed on the other side, in milliseconds. */
const NETWORK_MS = 20;
export class AppConnection {
    #app;
    #over;
    #withinMs;
    #mine = new WeakSet();
    #leaving = new Set();
    #opened;
    #closed;
    constructor(app, { over = 'memory', withinMs = 1000 }) {
        this.#app = app;
        this.#over = over;
        this.#withinMs = withinMs;
    }
    request(method, target, request = {}) {
        const replied = this.#send(method, target, request);
        // A request that nobody awaits any more must not end the process when the connection is closed.
        replied.catch(() => { });
        return replied;
    }
    /** Starts what has to be started. */
    async open() {
        if (this.#closed !== undefined)
            throw new UsageError('This connection is closed. Make another one.');
        return (this.#opened ??= this.#open());
    }
    async #open() {
        const app = this.#app;
        app.engine.ledger ??= new Ledger();
        const startedApp = !app.ready;
        await app.start();
        const detector = new LeakDetector(app, ({ incoming }) => this.#mine.has(incoming));
        if (this.#over === 'memory') {
            const send = memorySender(app, (incoming) => this.#mine.add(incoming));
            return { send, detector, startedApp, hangUp: async () => { } };
        }
        if (this.#over !== 'http')
            return { send: httpSender(this.#over.url), detector, startedApp, hangUp: async () => { } };
        if (!('listen' in app))
            throw new UsageError('Over HTTP connect() takes an App, which can listen.');
        const listening = await app.listen({ port: 0, signals: false });
        const hangUp = () => listening.close({ grace: 0 });
        return { send: httpSender(listening.url), detector, startedApp, hangUp };
    }
    async #send(method, target, { signal, ...request }) {
        const leaving = new AbortController();
        if (signal?.aborted === true)
            leaving.abort(signal.reason);
        signal?.addEventListener('abort', () => leaving.abort(signal.reason), { once: true });
        this.#leaving.add(leaving);
        this.#note();
        const over = () => {
            this.#leaving.delete(leaving);
            this.#note();
        };
        try {
            const { send } = await this.open();
            const wire = await send(method, target, request, leaving.signal);
            void wire.ended.then(over);
            return new LiveReply(wire);
        }
        catch (error) {
            over();
            throw error;
        }
    }
    /** Notes whether anything is under way here. */
    #note() {
        const connections = busy.get(this.#app) ?? new Set();
        busy.set(this.#app, connections);
        if (this.#leaving.size > 0)
            connections.add(this);
        else
            connections.delete(this);
    }
    get #isAlone() {
        const connections = busy.get(this.#app);
        return connections === undefined || [...connections].every((each) => each === this);
    }
    /** @param onWait called now and then while it waits. */
    close(onWait) {
        return (this.#closed ??= this.#close(onWait));
    }
    async #close(onWait) {
        if (this.#opened === undefined)
            return;
        const opened = await this.#opened;
        const { detector, startedApp, hangUp } = opened;
        for (const leaving of this.#leaving)
            leaving.abort(new Error('The test closed its connection.'));
        // Over sockets it takes a moment until the server knows.
        if (this.#over !== 'memory')
            await pause(NETWORK_MS);
        const open = await detector.wait(this.#withinMs, this.#isAlone, onWait);
        await hangUp();
        if (startedApp) {
            const stopped = this.#app.stop();
            // What has not unwound would be waited for at length; the test is to hear of it now.
            if (open.length === 0)
                await stopped;
            else
                stopped.catch(() => { });
        }
        if (this.#isAlone)
            open.push(...detector.timers());
        if (open.length > 0)
            throw new LeakError(open);
    }
    [Symbol.asyncDispose]() {
        return this.close();
    }
}
//# sourceMappingURL=connection.js.map