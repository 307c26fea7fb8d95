import { assertHeader } from '../wire/header.js';
import { Source } from './source.js';
const NONE = { kind: 'none' };
/**
 * A reply as it crosses the border to a transport. Make one with `reply.*`; middleware receives and
 * returns them. Status and headers may be changed until the transport has it.
 */
export class Reply {
    status;
    headers;
    body;
    /**
     * For the transport, which calls it once when the body has ended; undefined when nobody waits for
     * that. Middleware uses `ctx.after`.
     */
    onEnd = undefined;
    /** For the transport: the time limits of a body that takes its time. */
    timing = undefined;
    constructor(status, headers, body) {
        this.status = status;
        this.headers = headers;
        this.body = body;
    }
    /**
     * Replaces a text, bytes or stream body by a stream over its chunks. Chunks keep flowing one by
     * one, and an error in the source ends the new body with the same error.
     *
     * @example reply.transform(async function* (chunks) { for await (const c of chunks) yield mask(c) })
     * @throws {TypeError} for a file or an upgrade.
     */
    transform(fn) {
        const { kind } = this.body;
        if (kind === 'file' || kind === 'upgrade')
            throw new TypeError(`A body of kind "${kind}" cannot be transformed.`);
        const source = Source.from(fn(bodyChunks(this.body)));
        if (source === undefined)
            throw new TypeError('transform takes a function that returns an async iterable.');
        this.body = { kind: 'stream', source, length: undefined };
        delete this.headers['content-length'];
        return this;
    }
}
async function* bodyChunks(body) {
    if (body.kind === 'text')
        yield body.text;
    else if (body.kind === 'bytes')
        yield body.bytes;
    else if (body.kind === 'stream')
        yield* body.source.chunks();
}
/**
 * Copies headers given by a user onto a reply's own, checked and in lower case.
 *
 * @throws {TypeError} for a name or value that could not be sent safely.
 */
export function mergeHeaders(own, given) {
    if (given === undefined)
        return own;
    for (const name of Object.keys(given))
        setHeader(own, name, given[name]);
    return own;
}
/** Sets one header, checked and in lower case. */
export function setHeader(headers, name, value) {
    assertHeaderField(name, value);
    headers[name.toLowerCase()] = value;
}
/** @throws {TypeError} for a header that could not be sent safely. */
export function assertHeaderField(name, value) {
    if (typeof value === 'string')
        assertHeader(name, value);
    else
        for (const each of value)
            assertHeader(name, each);
}
function assertStatus(status) {
    if (Number.isInteger(status) && status >= 200 && status <= 599)
        return status;
    throw new RangeError(`A reply takes a status from 200 to 599, not ${status}.`);
}
/**
 * Builds a reply: status and checked headers over a body.
 *
 * @throws {RangeError} for a status outside 200 to 599.
 * @throws {TypeError} for a header that could not be sent safely.
 */
export function createReply(contentType, body, init) {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    if (init === undefined)
        return new Reply(200, headers, body);
    return new Reply(assertStatus(init.status ?? 200), mergeHeaders(headers, init.headers), body);
}
export const TEXT = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';
export const OCTETS = 'application/octet-stream';
/**
 * A value as JSON.
 *
 * @throws {TypeError} for what has no JSON: undefined, a function, a cycle, a BigInt.
 */
export function jsonReply(value, init) {
    const text = JSON.stringify(value);
    if (text === undefined)
        throw new TypeError(`A ${typeof value} has no JSON form. Return null or reply.empty().`);
    return createReply(JSON_TYPE, { kind: 'text', text }, init);
}
/** Plain text, UTF-8. */
export function textReply(text, init) {
    return createReply(TEXT, { kind: 'text', text }, init);
}
/** An HTML document, UTF-8. Escape what you put into it. */
export function htmlReply(html, init) {
    return createReply('text/html; charset=utf-8', { kind: 'text', text: html }, init);
}
/** Bytes, sent as they are. `mediaType` defaults to application/octet-stream. */
export function bytesReply(bytes, init) {
    const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
    return createReply(init?.mediaType ?? OCTETS, { kind: 'bytes', bytes: view }, init);
}
/** A reply without a body; status 204 unless another is given. */
export function emptyReply(init) {
    return createReply(undefined, NONE, { status: 204, ...init });
}
/**
 * Sends the client elsewhere.
 *
 * @param location a URL or path; characters outside ASCII must be encoded already.
 * @param status 303 (default: go there with GET), 301, 302, 307 or 308.
 */
export function redirectReply(location, status = 303, init) {
    const made = createReply(undefined, NONE, { ...init, status });
    setHeader(made.headers, 'location', location);
    return made;
}
//# sourceMappingURL=reply.js.map