import { createReply, emptyReply, jsonReply, OCTETS, Reply, TEXT } from './reply.js';
import { placeIssues, SchemaMismatch, validate } from './schema.js';
import { isNodeReadable, isWebStream, Source } from './source.js';
import { hold, streamReply } from './stream-reply.js';
export function toReply(value, exchange, shape) {
    if (value instanceof Reply)
        return adopt(value, exchange);
    if (shape.streams === undefined && shape.returns === undefined)
        return inferReply(value, exchange, shape);
    if (value instanceof Response)
        return fromResponse(value, exchange);
    if (isResponder(value))
        return value.respond(exchange);
    if (shape.streams !== undefined)
        return streamReply(value, exchange, shape.streams, shape.status);
    const checked = validate(shape.returns, value, (issues) => mismatch('What the handler returned', 'returns', issues));
    return checked instanceof Promise
        ? checked.then((settled) => jsonReply(settled, statusOf(shape)))
        : jsonReply(checked, statusOf(shape));
}
function statusOf(shape) {
    return shape.status === undefined ? undefined : { status: shape.status };
}
function mismatch(what, place, issues) {
    return new SchemaMismatch(what, placeIssues(place, issues));
}
/** Without a declaration, the kind of value decides; what has no obvious form is JSON. */
function inferReply(value, exchange, shape) {
    const init = statusOf(shape);
    if (typeof value === 'string')
        return createReply(TEXT, { kind: 'text', text: value }, init);
    if (value === undefined)
        return emptyReply(init);
    if (value === null || typeof value !== 'object')
        return jsonReply(value, init);
    if (Array.isArray(value))
        return jsonReply(value, init);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype)
        return jsonReply(value, init);
    if (ArrayBuffer.isView(value)) {
        const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        return createReply(OCTETS, { kind: 'bytes', bytes }, init);
    }
    if (value instanceof ArrayBuffer)
        return createReply(OCTETS, { kind: 'bytes', bytes: new Uint8Array(value) }, init);
    if (value instanceof Response)
        return fromResponse(value, exchange);
    if (isResponder(value))
        return value.respond(exchange);
    if (isWebStream(value) || isNodeReadable(value))
        return rawStream(value, exchange, init);
    if (isIterable(value))
        return streamReply(value, exchange, undefined, shape.status);
    if (value instanceof Map || value instanceof Set) {
        throw new TypeError('A Map or a Set has no JSON form. Return Object.fromEntries(map), or [...set].');
    }
    return jsonReply(value, init);
}
function isResponder(value) {
    return (typeof value === 'object' && value !== null && 'respond' in value && typeof value.respond === 'function');
}
/** Maps, Sets and other collections are iterable too, but only iterators and async iterables mean a stream. */
function isIterable(value) {
    return Symbol.asyncIterator in value || (Symbol.iterator in value && 'next' in value);
}
/** A reply made by hand: its source, if it has one, must not outlive the request. */
function adopt(reply, exchange) {
    if (reply.body.kind !== 'stream')
        return reply;
    exchange.lifetime.own(reply.body.source);
    return exchange.method === 'HEAD' ? reply : hold(reply, reply.body.source, exchange, Infinity);
}
function rawStream(value, exchange, init) {
    const source = Source.from(value);
    return adopt(createReply(OCTETS, { kind: 'stream', source, length: undefined }, init), exchange);
}
function fromResponse(response, exchange) {
    if (response.type === 'error')
        throw new TypeError('Response.error() cannot be sent. Throw an HttpError.');
    const headers = {};
    for (const [name, value] of response.headers)
        if (name !== 'set-cookie')
            headers[name] = value;
    const cookies = response.headers.getSetCookie();
    if (cookies.length > 0)
        headers['set-cookie'] = cookies;
    if (response.body === null)
        return new Reply(response.status, headers, { kind: 'none' });
    // What fetch() gave is decoded already, but still says what it was.
    if (response.url !== '' && headers['content-encoding'] !== undefined) {
        delete headers['content-encoding'];
        delete headers['content-length'];
    }
    const length = headers['content-length'];
    const source = Source.from(response.body);
    const known = typeof length === 'string' ? Number(length) : undefined;
    return adopt(new Reply(response.status, headers, { kind: 'stream', source, length: known }), exchange);
}
//# sourceMappingURL=to-reply.js.map