import { Cancellation } from '../core/cancellation.js';
import { fileSource } from '../stream/file.js';
import { PulledBody } from '../stream/pulled.js';
/** @param onIncoming told of every request that the app gets this way. */
export function memorySender(app, onIncoming) {
    return (method, target, request, signal) => {
        const incoming = new MemoryIncoming(method, target, request);
        onIncoming(incoming);
        const replied = Promise.resolve(app.handle(incoming)).then((reply) => new MemoryWire(reply, incoming));
        return new Promise((resolve, reject) => {
            const leave = () => {
                incoming.cancellation.cancel('disconnect');
                // A route that finishes its work has not been cancelled by that.
                void replied.then((wire) => wire.leave());
                reject(signal.reason);
            };
            if (signal.aborted)
                return leave();
            signal.addEventListener('abort', leave, { once: true });
            void replied.then(resolve);
        });
    };
}
class MemoryIncoming {
    method;
    target;
    headers;
    body;
    cancellation = new Cancellation();
    protocol = 'memory';
    peer = { address: '127.0.0.1', port: undefined, encrypted: false };
    constructor(method, target, { headers = {}, body }) {
        this.method = method;
        this.target = target;
        const lower = { host: 'memory' };
        for (const [name, value] of Object.entries(headers))
            lower[name.toLowerCase()] = value;
        const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
        if (bytes instanceof Uint8Array)
            lower['content-length'] ??= String(bytes.byteLength);
        this.headers = lower;
        this.body = bytes instanceof Uint8Array ? once(bytes) : (bytes ?? null);
    }
}
async function* once(bytes) {
    if (bytes.byteLength > 0)
        yield bytes;
}
class MemoryWire {
    status;
    headers;
    ended;
    #body;
    #cancellation;
    constructor(reply, { cancellation }) {
        this.status = reply.status;
        const { body } = reply;
        const length = lengthOf(body);
        this.headers =
            length === undefined ? reply.headers : { ...reply.headers, 'content-length': String(length) };
        let onEnd = () => { };
        this.ended = new Promise((resolve) => {
            onEnd = (ending) => {
                reply.onEnd?.(ending);
                resolve(ending);
            };
        });
        this.#cancellation = cancellation;
        if (body.kind !== 'stream' && body.kind !== 'file') {
            this.#body = new WholeBody(bytesOf(body), onEnd, cancellation.error !== undefined);
            return;
        }
        const isFile = body.kind === 'file';
        const pulled = new PulledBody(isFile ? fileSource(body) : body.source, (ending) => onEnd(isFile ? { ...ending, items: 0 } : ending), { length, timing: reply.timing });
        this.#body = pulled;
        cancellation.subscribe((error) => pulled.cut(error.reason, error));
    }
    async next() {
        const result = await this.#body.next();
        return result.done === true ? undefined : result.value;
    }
    leave() {
        this.#cancellation.cancel('disconnect');
        this.#body.cut('disconnect');
    }
    break() {
        this.#body.breakNextWrite(new Error('The connection broke while the server wrote to it.'));
    }
}
/** A body that a network would take as a whole: its end does not wait for its reader. */
class WholeBody {
    #rest;
    #cutBy;
    constructor(bytes, onEnd, isGone) {
        if (bytes.byteLength > 0)
            this.#rest = bytes;
        const ending = isGone
            ? { outcome: 'disconnect', bytes: 0, items: 0 }
            : { outcome: 'complete', bytes: bytes.byteLength, items: 0 };
        void Promise.resolve().then(() => onEnd(ending));
    }
    async next() {
        if (this.#cutBy !== undefined)
            throw this.#cutBy.error;
        const value = this.#rest;
        this.#rest = undefined;
        return value === undefined ? { done: true, value } : { done: false, value };
    }
    cut(reason, error = new Error(`The reply was cut: ${reason}.`)) {
        this.#cutBy ??= { error };
    }
    breakNextWrite(error) {
        this.cut('disconnect', error);
    }
}
function bytesOf(body) {
    if (body.kind === 'text')
        return new TextEncoder().encode(body.text);
    return body.kind === 'bytes' ? body.bytes : new Uint8Array();
}
function lengthOf(body) {
    if (body.kind === 'text' || body.kind === 'bytes')
        return bytesOf(body).byteLength;
    return body.kind === 'stream' || body.kind === 'file' ? body.length : undefined;
}
//# sourceMappingURL=memory.js.map