/** From declarations to endpoints: routers flattened, everything composed once, when the app starts. */
import { planBody } from './body-plan.js';
import { HttpError } from './error.js';
import { headerValue } from './incoming.js';
import { chain, compose, prepare } from './pipeline.js';
import { Reply } from './reply.js';
import {} from './router.js';
import { negotiate, streamHead } from './offer.js';
import { toReply } from './to-reply.js';
import { isThenable } from './thenable.js';
import { sameOrigin, websocketAnswer } from './websocket.js';
/** The endpoints of an app, in order of declaration. Its own middleware is left to the dispatcher. */
export function flatten(app) {
    return app.declared.flatMap((each) => toEndpoints(each, { prefix: '', tags: app.tags, use: app.use, middleware: [] }));
}
function toEndpoints(declared, inherited) {
    if (declared.kind === 'group') {
        const { group } = declared;
        const inner = {
            prefix: inherited.prefix + group.prefix,
            tags: [...inherited.tags, ...group.tags],
            use: { ...inherited.use, ...group.use },
            middleware: [...inherited.middleware, ...group.middleware],
        };
        return group.declared.flatMap((each) => toEndpoints(each, inner));
    }
    if (declared.kind === 'mount')
        return mountEndpoints(declared, inherited);
    const { route } = declared;
    const full = Object.freeze({
        ...route,
        path: inherited.prefix + declared.path,
        options: Object.freeze({ ...route.options, tags: [...inherited.tags, ...(route.options.tags ?? [])] }),
    });
    const { use, middleware } = route.options;
    const answer = declared.kind === 'websocket'
        ? websocketAnswer(declared.route.options, declared.handler)
        : handlerAnswer(declared.route, declared.handler);
    const body = declared.kind === 'route' ? planBody(declared.route.options.body) : undefined;
    const prepared = prepare({ uses: { ...inherited.use, ...use }, inputs: route.options, body }, answer);
    const guarded = declared.kind === 'websocket' ? sameOrigin(declared.route.options.origins, prepared) : prepared;
    const target = {
        answer: compose([...inherited.middleware, ...(middleware ?? [])], guarded),
        limits: declared.kind === 'route' ? declared.route.options : undefined,
        route: full,
    };
    return [{ method: full.method, path: full.path, declaredAt: full.declaredAt, target }];
}
/** Runs the handler and turns what it gives into a reply. */
function handlerAnswer(route, handler) {
    const { returns, streams, status } = route.options;
    const formats = streams === undefined ? undefined : Array.isArray(streams) ? streams : [streams];
    const shape = { returns, streams: formats, status };
    const isGenerator = /^(Async)?GeneratorFunction$/.test(handler.constructor.name);
    return (exchange) => {
        if (exchange.method === 'HEAD' && isGenerator)
            return headOfStream(exchange, shape);
        const value = handler(exchange);
        const reply = isThenable(value)
            ? Promise.resolve(value).then((v) => toReply(v, exchange, shape))
            : toReply(value, exchange, shape);
        return exchange.lifetime.hasHandlerScope ? chain(reply, (made) => endHandlerScope(made, exchange)) : reply;
    };
}
/** HEAD of a generator: what can be said without running it. */
function headOfStream(exchange, { streams, status }) {
    if (streams === undefined)
        return new Reply(status ?? 200, {}, { kind: 'none' });
    return streamHead(negotiate(streams, exchange), streams, status);
}
/** A stream's handler has finished its work when its source has ended; any other one when it returned. */
function endHandlerScope(reply, exchange) {
    if (reply.body.kind !== 'stream' || reply.body.source.ended) {
        return exchange.lifetime.commitHandlerScope().then(() => reply);
    }
    reply.body.source.onEnded = (failure) => void exchange.lifetime.releaseHandlerScope(failure);
    return reply;
}
function mountEndpoints(mount, inherited) {
    const prefix = inherited.prefix + mount.path.replace(/\/$/, '');
    const depth = prefix.split('/').length;
    const call = async (exchange) => {
        const response = await mount.fetch(toMountedRequest(exchange, depth));
        return toReply(response, exchange, { returns: undefined, streams: undefined, status: undefined });
    };
    const prepared = prepare({ uses: inherited.use, inputs: {}, body: undefined }, call);
    const target = {
        answer: compose(inherited.middleware, prepared),
        limits: undefined,
        route: undefined,
    };
    const at = { method: '*', declaredAt: mount.declaredAt, target };
    return [
        { ...at, path: prefix === '' ? '/' : prefix },
        { ...at, path: `${prefix}/*` },
    ];
}
/** The request as a mounted handler sees it: without the `depth` first segments, its body still live. */
function toMountedRequest(exchange, depth) {
    const { request } = exchange;
    if (/^(CONNECT|TRACE|TRACK)$/.test(exchange.method))
        throw new HttpError('NOT_IMPLEMENTED');
    const headers = new Headers();
    for (const name of Object.keys(request.headers)) {
        // Connection-level pseudo fields of HTTP/2 are no headers of a Request.
        if (!name.startsWith(':'))
            headers.set(name, headerValue(request.headers, name));
    }
    const scheme = request.peer.encrypted ? 'https' : 'http';
    const query = request.target.indexOf('?');
    const rest = exchange.path.split('/').slice(depth).join('/');
    // Relative links of a mounted site hang on the slash that our own routes do not care for.
    const slash = rest !== '' && /^[^?]*\/(\?|$)/.test(request.target) ? '/' : '';
    const path = `/${rest}${slash}`;
    const url = originOf(scheme, headers.get('host'));
    url.pathname = path;
    url.search = query === -1 ? '' : request.target.slice(query);
    const init = {
        method: exchange.method,
        headers,
        signal: exchange.signal,
    };
    if (request.body !== null && exchange.method !== 'GET' && exchange.method !== 'HEAD') {
        init.body = toWebStream(exchange.rawBody);
        init.duplex = 'half';
    }
    return new Request(url, init);
}
/** @throws {HttpError} 400 when the Host header is more than a host. */
function originOf(scheme, host) {
    const origin = `${scheme}://${host || 'localhost'}`;
    const url = /[\s/?#@\\]/.test(host ?? '') || !URL.canParse(origin) ? undefined : new URL(origin);
    if (url === undefined)
        throw new HttpError('BAD_REQUEST', { detail: 'The Host header is malformed.' });
    return url;
}
/** A web stream that pulls from an async iterable, one piece at a time. */
export function toWebStream(bytes) {
    const iterator = bytes[Symbol.asyncIterator]();
    return new ReadableStream({
        async pull(controller) {
            const result = await iterator.next();
            if (result.done === true)
                controller.close();
            else
                controller.enqueue(result.value);
        },
        async cancel() {
            await iterator.return?.();
        },
    }, { highWaterMark: 0 });
}
//# sourceMappingURL=endpoint.js.map