/** A connection over real sockets: HTTP by the runtime's own `fetch`. */
import { toWebStream } from '../core/endpoint.js';
/** @param origin for example `http://127.0.0.1:8000`. */
export function httpSender(origin) {
    return async (method, target, { headers = {}, body }, signal) => {
        // The signal of fetch is our own, so that a reply can leave by itself.
        const leaving = new AbortController();
        const leave = () => leaving.abort(signal.reason);
        if (signal.aborted)
            leave();
        else
            signal.addEventListener('abort', leave, { once: true });
        const init = {
            method,
            headers: { ...headers },
            redirect: 'manual',
            signal: leaving.signal,
        };
        if (body !== undefined) {
            init.body =
                typeof body === 'string' || body instanceof Uint8Array ? body : toWebStream(body);
            init.duplex = 'half';
        }
        return new HttpWire(await fetch(origin + target, init), leaving);
    };
}
class HttpWire {
    status;
    headers;
    ended;
    #leaving;
    #reader;
    #settle = () => { };
    #bytes = 0;
    constructor(response, leaving) {
        this.status = response.status;
        const cookies = response.headers.getSetCookie();
        this.headers = {
            ...Object.fromEntries(response.headers),
            ...(cookies.length > 0 ? { 'set-cookie': cookies } : undefined),
        };
        this.ended = new Promise((resolve) => {
            this.#settle = resolve;
        });
        this.#leaving = leaving;
        leaving.signal.addEventListener('abort', () => this.#end('disconnect'));
        this.#reader = response.body?.getReader();
        if (this.#reader === undefined)
            this.#end('complete');
    }
    #end(outcome, error) {
        this.#settle({ outcome, bytes: this.#bytes, ...(error === undefined ? undefined : { error }) });
    }
    async next() {
        try {
            const result = await this.#reader?.read();
            this.#bytes += result?.value?.byteLength ?? 0;
            if (result === undefined || result.done)
                this.#end('complete');
            return result?.value;
        }
        catch (error) {
            this.#end('error', error);
            throw error;
        }
    }
    leave() {
        this.#leaving.abort(new Error('The test left.'));
    }
    break() {
        this.leave();
    }
}
//# sourceMappingURL=http.js.map