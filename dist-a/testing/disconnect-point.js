import { toTestClock } from './clock.js';
import { AppConnection } from './connection.js';
import { fromFailure, LeakError } from './leak.js';
import { realNow, settle, within } from './patience.js';
/**
 * Replays a request, cuts it at every point, and looks after each whether everything has unwound:
 * the handler, its generators (their `finally` ran), dependencies, files, `after` callbacks,
 * background work, timers of a test clock; and whether what ran did not fail.
 *
 * An app with a test clock has its time turned whenever it waits for nothing else. Give it one:
 * otherwise sleeps take their time at every point.
 *
 * @param makeApp an app, or better a function that makes one, so that every replay has its own.
 * @param request `'GET /ticks'`, or an object.
 * @throws {LeakError} that names the point and what was left.
 */
export async function everyDisconnectPoint(makeApp, request, options = {}) {
    const replayed = toReplayed(request);
    const replay = async (point) => {
        const app = typeof makeApp === 'function' ? await makeApp() : makeApp;
        await new Replay(app, options).run(replayed, point);
    };
    let chunks = 0;
    let complete = false;
    const count = async (undisturbed) => {
        while (chunks < (options.chunks ?? 10) && (await undisturbed.next()))
            chunks++;
        complete = undisturbed.ended;
    };
    await replay({ name: AT_THE_END, cut: count });
    const points = [];
    for (const point of pointsUpTo(chunks, complete)) {
        points.push(point.name);
        await replay(point);
    }
    return { points, chunks, complete };
}
function toReplayed(request) {
    if (typeof request !== 'string')
        return request;
    const [method, target, ...rest] = request.split(' ');
    if (method === undefined || target === undefined || rest.length > 0)
        throw new TypeError(`A request is written as "GET /path", not "${request}".`);
    return { method, target };
}
/** The point of the replay that is left alone. */
const AT_THE_END = 'at the end';
/** All points of a reply of so many chunks. */
function* pointsUpTo(chunks, complete) {
    yield { name: 'as its request arrived', cut: (replay) => replay.leave() };
    yield { name: 'while its reply was awaited', cut: (replay) => settle().then(() => replay.leave()) };
    for (let taken = 0; taken <= chunks; taken++) {
        const after = taken === 0 ? 'after the head' : `after chunk ${taken}`;
        for (const [state, leave] of STATES) {
            const cut = async (replay) => {
                for (let i = 0; i < taken; i++)
                    await replay.next();
                await leave(replay);
            };
            // Behind the last chunk of a complete reply there is nothing to come but its end.
            if (!complete || taken < chunks || state === 'at once')
                yield { name: `${after}, ${state}`, cut };
        }
    }
}
const STATES = [
    ['at once', (replay) => replay.leave()],
    ['while it did not read', (replay) => settle().then(() => replay.leave())],
    [
        'while the next one was awaited',
        (replay) => {
            replay.reply?.next().catch(() => { });
            return settle().then(() => replay.leave());
        },
    ],
    [
        'while the next one was written',
        (replay) => {
            replay.reply?.breakConnection();
            return replay.next().then(() => replay.leave());
        },
    ],
];
/** With a test clock, real milliseconds after which a reply is taken to wait for the clock. */
const CLOCK_PATIENCE_MS = 5;
/** One replay of a request. */
class Replay {
    reply;
    /** Whether the reply has ended, cleanly or not. */
    ended = false;
    #app;
    #clock;
    #options;
    #connection;
    #failures = [];
    #leaving = new AbortController();
    constructor(app, options) {
        this.#app = app;
        this.#clock = toTestClock(app.engine.clock);
        this.#options = options;
        this.#connection = new AppConnection(app, options);
    }
    /** Sends the request, makes the cut, and looks at what is left. */
    async run({ method = 'GET', target, headers, body }, { name, cut }) {
        await this.#connection.open();
        this.#app.engine.ledger.onCleanupFailed = (failure) => this.#failures.push(failure);
        const replied = this.#connection.request(method, target, {
            ...(headers === undefined ? undefined : { headers }),
            ...(body === undefined ? undefined : { body: typeof body === 'function' ? body() : body }),
            signal: this.#leaving.signal,
        });
        if (name.startsWith('after') || name === AT_THE_END)
            this.reply = (await this.#patiently(replied.catch(() => undefined)))?.value;
        await cut(this);
        await this.#finish(name);
    }
    leave() {
        this.#leaving.abort(new Error('The client left.'));
    }
    /** Takes a chunk. Resolves to whether there was one before the end, or before silence. */
    async next() {
        if (this.reply === undefined || this.ended)
            return false;
        const read = this.reply.next().catch(() => undefined);
        const result = await this.#patiently(read);
        if (result === undefined)
            return false;
        this.ended = result.value === undefined;
        return !this.ended;
    }
    /** Waits, turning the clock when nothing else happens; undefined when that leads to nothing. */
    async #patiently(promise) {
        const quietMs = this.#options.quietMs ?? 500;
        if (this.#clock === undefined)
            return within(promise, quietMs);
        const deadline = realNow() + quietMs;
        for (;;) {
            const result = await within(promise, CLOCK_PATIENCE_MS);
            if (result !== undefined || realNow() > deadline)
                return result;
            await this.#clock.advanceToNext();
        }
    }
    async #finish(point) {
        const { engine } = this.#app;
        const leaks = [];
        try {
            // Work that goes on without a client may sleep; everything else has been cancelled.
            await this.#connection.close(() => engine.finishing.size > 0 && this.#clock?.advanceToNext());
        }
        catch (error) {
            if (!(error instanceof LeakError))
                throw error;
            leaks.push(...error.leaks);
        }
        finally {
            engine.ledger.onCleanupFailed = undefined;
        }
        leaks.push(...this.#failures.map(fromFailure));
        if (leaks.length > 0)
            throw new LeakError(leaks, point);
        await this.#options.check?.(point);
    }
}
//# sourceMappingURL=disconnect-point.js.map