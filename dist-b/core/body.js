import { mediaTypeCharset, mediaTypeEssence } from '../wire/header.js';
import { parseQuery, QuerySyntaxError } from '../wire/query.js';
import { HttpError } from './error.js';
import { headerValue } from './incoming.js';
import { phaseTimeout } from './timeout.js';
/** The default of `bodyLimit`: 1 MiB. */
export const DEFAULT_BODY_LIMIT = 1024 * 1024;
/**
 * The request body: an async iterable of bytes, pulled at the reader's pace and readable once, with
 * methods that collect it. Whatever way it is read, it never grows past the route's `bodyLimit`.
 */
export class RequestBody {
    /** Bytes accepted at the most. */
    limit;
    #incoming;
    #clock;
    #timeoutMs;
    #interrupted;
    #rejectRead = () => { };
    #unwatch = () => { };
    #received = 0;
    #started = false;
    #reading = false;
    #finished = false;
    #exceeded = false;
    #iterator;
    #drained;
    #collected;
    /** @param timeoutMs how long the whole body may take from the first read on, 0 for no limit. */
    constructor(incoming, limit, clock, timeoutMs) {
        this.#incoming = incoming;
        this.#clock = clock;
        this.#timeoutMs = timeoutMs;
        this.limit = limit;
        const declared = headerValue(incoming.headers, 'content-length');
        if (declared !== undefined && Number(declared) > limit)
            this.#exceeded = true;
    }
    /** The `content-length`, undefined when the body is sent in pieces of unknown number. */
    get length() {
        if (this.#incoming.body === null)
            return 0;
        const declared = headerValue(this.#incoming.headers, 'content-length');
        return declared === undefined ? undefined : Number(declared);
    }
    /** The media type without parameters, or undefined. */
    get mediaType() {
        const contentType = headerValue(this.#incoming.headers, 'content-type');
        return contentType === undefined ? undefined : mediaTypeEssence(contentType);
    }
    /** Whether more came, or was announced, than `limit` allows. */
    get exceeded() {
        return this.#exceeded;
    }
    /** Whether anybody has begun to read. */
    get started() {
        return this.#started;
    }
    /**
     * The bytes as they arrive.
     *
     * @throws {HttpError} 413 as soon as the body is known to be too large.
     * @throws {TypeError} when it was read already.
     */
    async *[Symbol.asyncIterator]() {
        if (this.#started)
            throw new TypeError('The request body was read already. Keep what you need of it.');
        this.#started = true;
        this.#assertFits();
        this.#reading = true;
        try {
            for (let bytes = await this.#pull(); bytes !== undefined; bytes = await this.#pull())
                yield bytes;
        }
        finally {
            this.#reading = false;
            // Whoever stops early leaves a rest, which would stand between the connection and its next request.
            void this.settle();
        }
    }
    /** The next bytes. The source is not returned when a reader stops early: `settle` reads on. */
    async #pull() {
        this.#iterator ??= this.#open();
        const result = this.#iterator === undefined ? undefined : await this.#next(this.#iterator);
        if (result === undefined || result.done === true) {
            this.#finished = true;
            this.#unwatch();
            return undefined;
        }
        this.#received += result.value.byteLength;
        if (this.#received > this.limit)
            this.#exceeded = true;
        this.#assertFits();
        return result.value;
    }
    /** From the first read on, the body has its time, and is given up when the request is. */
    #open() {
        const ms = this.#timeoutMs;
        const cancelTimer = ms === 0 ? () => { } : this.#clock.after(ms, () => this.#interrupt(phaseTimeout('body', ms)));
        const unsubscribe = this.#incoming.cancellation.subscribe((error) => this.#interrupt(error));
        this.#unwatch = () => {
            cancelTimer();
            unsubscribe();
        };
        return this.#incoming.body?.[Symbol.asyncIterator]();
    }
    #interrupt(error) {
        this.#interrupted ??= { error };
        this.#unwatch();
        this.#rejectRead(error);
    }
    #next(iterator) {
        if (this.#interrupted !== undefined)
            return Promise.reject(this.#interrupted.error);
        return new Promise((resolve, reject) => {
            this.#rejectRead = reject;
            iterator.next().then(resolve, reject);
        });
    }
    /** The whole body. May be called again. */
    bytes() {
        return (this.#collected ??= this.#collect());
    }
    /**
     * The whole body as text.
     *
     * @throws {HttpError} 400 for invalid UTF-8, 415 for a charset other than UTF-8.
     */
    async text() {
        const charset = mediaTypeCharset(headerValue(this.#incoming.headers, 'content-type') ?? '');
        if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
            throw new HttpError('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send text as UTF-8.' });
        }
        try {
            return UTF8.decode(await this.bytes());
        }
        catch (error) {
            if (error instanceof TypeError)
                throw malformed('The body is not valid UTF-8.');
            throw error;
        }
    }
    /**
     * The whole body as JSON. A key named `__proto__` becomes a plain own property.
     *
     * @throws {HttpError} 400 when it is not JSON.
     */
    async json() {
        const text = await this.text();
        try {
            return JSON.parse(text);
        }
        catch {
            throw malformed(text === '' ? 'The body is empty; send JSON.' : 'The body is not valid JSON.');
        }
    }
    /**
     * The whole body as the fields of a form (application/x-www-form-urlencoded).
     *
     * @throws {HttpError} 400 when it is malformed or has more than 1000 fields.
     */
    async form() {
        const text = await this.text();
        try {
            return parseQuery(text);
        }
        catch (error) {
            if (error instanceof QuerySyntaxError)
                throw malformed(`The form is malformed: ${error.message}`);
            throw error;
        }
    }
    /** Whether its size is not known yet, and nobody is reading who would learn it. */
    get unsettled() {
        return this.length === undefined && !this.#finished && !this.#reading && !this.#exceeded;
    }
    /**
     * Makes sure that an oversized body of unknown length does not pass because nobody read it, or not
     * all of it: reads and forgets the rest, up to the limit.
     */
    settle() {
        this.#started = true;
        return (this.#drained ??= this.#drain());
    }
    async #drain() {
        try {
            while (!this.#finished && (await this.#pull()) !== undefined)
                ;
        }
        catch {
            // Too large, which `assertFits` tells, or cut short by a client that is gone.
            this.#unwatch();
            // Not awaited: a source that waits for bytes answers only when they come.
            void this.#iterator?.return?.()?.catch(() => { });
        }
    }
    /** @throws {HttpError} 413 if the body is too large. */
    assertFits() {
        this.#assertFits();
    }
    #assertFits() {
        if (!this.#exceeded)
            return;
        throw new HttpError('BODY_TOO_LARGE', {
            detail: `The body may have at most ${this.limit} bytes.`,
            headers: { connection: 'close' },
        });
    }
    async #collect() {
        const parts = [];
        let size = 0;
        for await (const bytes of this) {
            parts.push(bytes);
            size += bytes.byteLength;
        }
        if (parts.length === 1)
            return parts[0];
        const whole = new Uint8Array(size);
        let offset = 0;
        for (const part of parts) {
            whole.set(part, offset);
            offset += part.byteLength;
        }
        return whole;
    }
}
const UTF8 = new TextDecoder('utf-8', { fatal: true });
function malformed(detail) {
    return new HttpError('MALFORMED_BODY', { detail });
}
//# sourceMappingURL=body.js.map