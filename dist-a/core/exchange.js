/**
 * One request from its match to the end of its body: what handlers see as their context. What has to
 * be unwound at its end is in lifetime.ts.
 */
import { parseCookie } from 'cookie';
import { decodeParam } from '../wire/path.js';
import { BareRecord, parseQuery, QuerySyntaxError } from '../wire/query.js';
import { RequestBody } from './body.js';
import { CONTEXT_NAMES } from './context.js';
import { HttpError } from './error.js';
import { Head } from './head.js';
import { headerValue } from './incoming.js';
import { Lifetime } from './lifetime.js';
import { on, sleep } from './wait.js';
export class Exchange {
    request;
    method;
    path;
    engine;
    /** The pattern of the matched route. */
    route = undefined;
    lifetime;
    timeouts;
    /** Called when the route is found, by whoever waits for its limits. */
    onMatched = undefined;
    #rawQuery;
    #rawParams;
    #wildcard;
    #inputs;
    #bodyLimit;
    #body;
    #head;
    #headSent = false;
    #instances;
    constructor(engine, request, path, rawQuery) {
        this.engine = engine;
        this.request = request;
        this.method = request.method;
        this.path = path;
        this.#rawQuery = rawQuery;
        this.lifetime = new Lifetime(this, engine);
        this.timeouts = engine.timeouts;
        this.#bodyLimit = engine.bodyLimit;
    }
    /** Called once the router has found the route. */
    matched(route, params, wildcard, limits) {
        this.route = route;
        this.#rawParams = params;
        this.#wildcard = wildcard;
        // Middleware that asked before the match has seen none.
        if (this.#inputs !== undefined)
            delete this.#inputs.params;
        if (limits === undefined)
            return;
        if (limits.bodyLimit !== undefined)
            this.#bodyLimit = limits.bodyLimit;
        if (limits.timeouts !== undefined) {
            this.timeouts = { ...this.timeouts, ...limits.timeouts };
            this.onMatched?.();
        }
        if (limits.onDisconnect === 'finish') {
            this.lifetime.finishesAlone = true;
            this.cancellation.survive(() => this.lifetime.workOn());
        }
    }
    get params() {
        const inputs = (this.#inputs ??= {});
        // A schema may have made anything of it, undefined and null too.
        if (!('params' in inputs))
            inputs.params = decodeParams(this.#rawParams, this.#wildcard);
        return inputs.params;
    }
    get query() {
        const inputs = (this.#inputs ??= {});
        if (!('query' in inputs))
            inputs.query = readQuery(this.#rawQuery);
        return inputs.query;
    }
    get headers() {
        return this.#inputs !== undefined && 'headers' in this.#inputs
            ? this.#inputs.headers
            : this.request.headers;
    }
    get cookies() {
        const inputs = (this.#inputs ??= {});
        if (!('cookies' in inputs))
            inputs.cookies = parseCookie(headerValue(this.request.headers, 'cookie') ?? '');
        return inputs.cookies;
    }
    get body() {
        return this.#inputs !== undefined && 'body' in this.#inputs ? this.#inputs.body : this.rawBody;
    }
    /** Hands over inputs that passed their schemas. */
    accept(inputs) {
        this.#inputs = { ...this.#inputs, ...inputs };
    }
    /** The reader of the body, if anybody asked for it. */
    get touchedBody() {
        return this.#body;
    }
    get rawBody() {
        return (this.#body ??= new RequestBody(this.request, this.#bodyLimit, this.engine.clock, this.timeouts.body));
    }
    get lastEventId() {
        return headerValue(this.request.headers, 'last-event-id');
    }
    get cancellation() {
        return this.request.cancellation;
    }
    get signal() {
        return this.request.cancellation.signal;
    }
    get sleep() {
        return (ms) => sleep(ms, this.engine.clock, this.request.cancellation);
    }
    get on() {
        return (emitter, name, options) => on(emitter, name, this.request.cancellation, options);
    }
    get after() {
        return (fn) => this.lifetime.after(fn);
    }
    get head() {
        if (this.#head === undefined) {
            this.#head = new Head();
            if (this.#headSent)
                this.#head.markSent();
        }
        return this.#head;
    }
    /** The head is about to leave: from now on setting anything on it throws. Gives it if it was touched. */
    closeHead() {
        this.#headSent = true;
        this.#head?.markSent();
        return this.#head;
    }
    get log() {
        return this.engine.log;
    }
    /** The request's instances of its dependencies. */
    get instances() {
        return (this.#instances ??= new Map());
    }
    get observed() {
        return { method: this.method, path: this.path, route: this.route };
    }
}
/**
 * The context as one dependency sees it: the request's own, with inputs and dependencies of its own.
 */
export class ExchangeView {
    exchange;
    constructor(exchange, own) {
        this.exchange = exchange;
        for (const [name, value] of Object.entries(own))
            Object.defineProperty(this, name, { value, enumerable: true });
    }
}
for (const name of CONTEXT_NAMES) {
    Object.defineProperty(ExchangeView.prototype, name, {
        get() {
            return this.exchange[name];
        },
    });
}
function decodeParams(raw, wildcard) {
    const params = new BareRecord();
    // Decoded, it could not be told from the slashes between segments, which guards look at.
    if (wildcard !== undefined && raw?.[wildcard]?.includes('%2F') === true) {
        throw new HttpError('MALFORMED_TARGET', { detail: 'An encoded slash is ambiguous in this path.' });
    }
    if (raw !== undefined)
        for (const name of Object.keys(raw))
            params[name] = decodeParam(raw[name]);
    return params;
}
function readQuery(query) {
    try {
        return parseQuery(query);
    }
    catch (error) {
        if (error instanceof QuerySyntaxError)
            throw new HttpError('MALFORMED_QUERY', { detail: error.message });
        throw error;
    }
}
//# sourceMappingURL=exchange.js.map