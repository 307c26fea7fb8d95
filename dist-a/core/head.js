import { serialize } from 'cookie';
import { setHeader } from './reply.js';
/**
 * The head of the reply to come, as handlers, dependencies and middleware see it: status and headers
 * may be set until the first item leaves. What is set here has the last word over the reply's own
 * headers, and stays on an error reply too (CORS, request ids), content headers excepted.
 */
export class Head {
    #status;
    #headers = {};
    #sent = false;
    /** The status to send, undefined while the reply's own counts. */
    get status() {
        return this.#status;
    }
    set status(status) {
        this.#assertOpen();
        if (!Number.isInteger(status) || status < 200 || status > 599) {
            throw new RangeError(`A reply takes a status from 200 to 599, not ${status}.`);
        }
        this.#status = status;
    }
    /** Whether the head has left. Setting anything after that throws. */
    get sent() {
        return this.#sent;
    }
    /** What was set so far, by lower-case name. */
    get headers() {
        return this.#headers;
    }
    /**
     * Sets a header; a list is sent as repeated fields.
     *
     * @throws {TypeError} for a name or value that could not be sent safely.
     */
    set(name, value) {
        this.#assertOpen();
        setHeader(this.#headers, name, value);
        return this;
    }
    /** Adds a value to a header that may be repeated. */
    append(name, value) {
        const present = this.#headers[name.toLowerCase()];
        const values = present === undefined ? [] : typeof present === 'string' ? [present] : present;
        return this.set(name, [...values, value]);
    }
    /**
     * Sets a cookie (RFC 6265). Default attributes: `Path=/`, `HttpOnly`, `SameSite=Lax`.
     *
     * @throws {TypeError} for a name or value that a cookie cannot hold.
     */
    cookie(name, value, options) {
        return this.append('set-cookie', serialize(name, value, { path: '/', httpOnly: true, sameSite: 'lax', ...options }));
    }
    /** Closes the head: it is about to leave. */
    markSent() {
        this.#sent = true;
    }
    #assertOpen() {
        if (this.#sent)
            throw new Error('The head has been sent already. Set status and headers before the first yield.');
    }
}
//# sourceMappingURL=head.js.map