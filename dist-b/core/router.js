import { UsageError } from './error.js';
import { WEBSOCKET } from './match.js';
import { assertUses } from './provide.js';
import { callSite } from './route.js';
/**
 * A group of routes with a common prefix, tags, dependencies and middleware. Include it in an app or
 * in another router.
 */
export class Router {
    prefix;
    tags;
    use;
    middleware;
    declared = [];
    #frozen = false;
    get = this.#register('GET');
    post = this.#register('POST');
    put = this.#register('PUT');
    patch = this.#register('PATCH');
    delete = this.#register('DELETE');
    options = this.#register('OPTIONS');
    /** QUERY (RFC 10008): safe and idempotent like GET, with a body. */
    query = this.#register('QUERY');
    constructor(options = {}) {
        this.prefix = options.prefix ?? '';
        this.tags = options.tags ?? [];
        this.use = options.use ?? {};
        this.middleware = options.middleware ?? [];
        if (this.prefix !== '' && (!this.prefix.startsWith('/') || this.prefix.endsWith('/'))) {
            throw new UsageError(`A prefix starts with "/" and does not end with one: not "${this.prefix}".`);
        }
        assertUses(this.use, `Router "${this.prefix}"`);
    }
    route(method, ...rest) {
        if (!/^[A-Z][A-Z-]*$/.test(method) || method === WEBSOCKET) {
            throw new UsageError(`"${method}" is not an HTTP method. Write it in upper case.`);
        }
        const declare = this.#register(method, this.route);
        return declare(...rest);
    }
    /**
     * Declares a WebSocket route.
     *
     * @param handler runs while the socket is open; when it returns, the socket is closed with 1000.
     */
    websocket(path, options, handler) {
        this.#assertOpen(`WebSocket ${path}`);
        const route = Object.freeze({
            method: WEBSOCKET,
            path: this.prefix + path,
            options: options,
            declaredAt: callSite(this.websocket),
        });
        assertUses(options.use ?? {}, `WebSocket ${path}`);
        this.declared.push({ kind: 'websocket', path, route, handler: handler });
        return route;
    }
    /** Adds the routes of a router, under this one's prefix, dependencies and middleware. */
    include(router) {
        this.#assertOpen(`include of router "${router.prefix}"`);
        this.declared.push({ kind: 'group', group: router });
    }
    /**
     * Hands everything below a path to a fetch-style handler (Hono, h3, another Millrace app). It sees
     * the path without the prefix.
     */
    mount(path, handler) {
        this.#assertOpen(`mount at ${path}`);
        const fetch = typeof handler === 'function' ? handler : (request) => handler.fetch(request);
        this.declared.push({ kind: 'mount', path, declaredAt: callSite(this.mount), fetch });
    }
    /** Ends registration. The app calls it when it starts. */
    freeze() {
        this.#frozen = true;
        Object.freeze(this.declared);
        for (const each of this.declared)
            if (each.kind === 'group')
                each.group.freeze();
    }
    #register(method, entry) {
        const declare = (path, first, second) => {
            this.#assertOpen(`${method} ${path}`);
            const [options, handler] = typeof first === 'function' ? [{}, first] : [first, second];
            if (typeof handler !== 'function')
                throw new UsageError(`${method} ${path}: the last argument must be the handler.`);
            assertUses(options.use ?? {}, `${method} ${path}`);
            const route = Object.freeze({
                method,
                path: this.prefix + path,
                options,
                declaredAt: callSite(entry ?? declare),
            });
            this.declared.push({ kind: 'route', path, route, handler });
            return route;
        };
        return declare;
    }
    #assertOpen(what) {
        if (!this.#frozen)
            return;
        throw new UsageError(`${what} was declared after the app had started. Declare everything before listen() or fetch().`);
    }
}
//# sourceMappingURL=router.js.map