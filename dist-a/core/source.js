/**
 * A source is the one shape in which the pump sees everything that can be streamed: generators,
 * iterables, web streams and Node streams. It is pulled with `next()`, and stopped once.
 *
 * Stopping has a theory. `return()` of an async generator that is inside an `await` is only queued
 * by JavaScript; so the request's waits are cancelled first (by the caller), sources that have a
 * stop of their own (streams) are stopped directly, and only then `return()` is awaited, under a
 * deadline, so that a generator that never unwinds is found and reported instead of waited for.
 */
import { captureAsyncScope } from './async-scope.js';
/** For sources whose items are chunks already. */
export const RAW = {
    encode(item) {
        if (typeof item === 'string' || item instanceof Uint8Array)
            return item;
        if (ArrayBuffer.isView(item))
            return new Uint8Array(item.buffer, item.byteOffset, item.byteLength);
        if (item instanceof ArrayBuffer)
            return new Uint8Array(item);
        throw new TypeError(`A stream of bytes or text got ${item === null ? 'null' : `a value of type ${typeof item}`}. ` +
            'Yield strings or Uint8Arrays, or declare a format for objects: `streams: jsonl(Schema)`.');
    },
};
export class Source {
    /** May be replaced until the first item is encoded. */
    encoding;
    /** Called once when the source has ended or failed by itself; told of the failure. */
    onEnded = undefined;
    /**
     * Enters the asynchronous context in which the source was made. Whoever pulls enters it once; what
     * follows by promises stays in it.
     */
    enter;
    #puller;
    #first;
    #stopped;
    #ended = false;
    #failure;
    constructor(puller, encoding) {
        this.#puller = puller;
        this.enter = captureAsyncScope();
        this.encoding = encoding;
    }
    /** @returns undefined when the value cannot be streamed. */
    static from(value, encoding = RAW) {
        const puller = toPuller(value);
        return puller === undefined ? undefined : new Source(puller, encoding);
    }
    /** The encoded chunks, for middleware that transforms a body; the last word of a failure is one of them. */
    async *chunks() {
        const { opening } = this.encoding;
        if (opening !== undefined)
            yield opening;
        for (;;) {
            let chunk;
            try {
                const result = await this.pull();
                if (result.done === true)
                    break;
                chunk = await this.encoding.encode(result.value);
            }
            catch (error) {
                const last = this.lastWord(error);
                if (last !== undefined)
                    yield last;
                throw error;
            }
            if (chunk !== undefined)
                yield chunk;
        }
        const last = this.encoding.finish?.();
        if (last !== undefined)
            yield last;
    }
    /** What the format has to say about a failure, if anything. Never throws. */
    lastWord(error) {
        try {
            return this.encoding.failure?.(error);
        }
        catch {
            return undefined;
        }
    }
    /** Like `next`, but takes note of the end. */
    async pull() {
        try {
            const result = await this.next();
            if (result.done === true)
                this.markEnded();
            return result;
        }
        catch (error) {
            this.markEnded({ error });
            throw error;
        }
    }
    /** Pulls the next item. Throws or rejects when the source fails. */
    next() {
        const first = this.#first;
        if (first === undefined)
            return this.#puller.next();
        this.#first = undefined;
        return first;
    }
    /** Puts a result back in front: it was pulled to learn whether there is one. */
    unshift(first) {
        this.#first = first;
    }
    /**
     * Puts the first item back in front, encoded already, so that an item that cannot be encoded is
     * found out while there is still a status to choose. Throws (or rejects) for such an item.
     */
    prime(first) {
        this.#first = first;
        if (first.done === true)
            return;
        const { encoding } = this;
        const chunk = encoding.encode(first.value);
        this.encoding = {
            ...encoding,
            encode: () => {
                this.encoding = encoding;
                return chunk;
            },
        };
        if (chunk instanceof Promise)
            return chunk.then(() => { });
    }
    /** What it failed with by itself. */
    get failure() {
        return this.#failure;
    }
    /** Whether the source has ended, failed or been stopped. */
    get ended() {
        return this.#ended;
    }
    /** To be called by whoever saw `done` or an error: there is nothing left to stop. */
    markEnded(failure) {
        this.#failure ??= failure;
        if (this.#ended)
            return;
        this.#ended = true;
        this.onEnded?.(failure);
    }
    /**
     * Stops the source and waits until it has unwound.
     *
     * @returns whether it has, within `deadlineMs`. Rejects with what its cleanup threw.
     */
    async stop(reason, clock, deadlineMs) {
        if (this.#ended)
            return true;
        this.#stopped ??= unwind(this.#puller, reason, this.enter).finally(() => {
            this.#ended = true;
        });
        let cancelTimer = () => { };
        const late = new Promise((resolve) => {
            cancelTimer = clock.after(deadlineMs, () => resolve(false));
        });
        try {
            return await Promise.race([this.#stopped.then(() => true), late]);
        }
        finally {
            cancelTimer();
        }
    }
}
async function unwind(puller, reason, enter) {
    await enter(() => puller.stop(reason));
}
function toPuller(value) {
    if (typeof value === 'string')
        return fromIterator([value][Symbol.iterator]());
    if (value === null || typeof value !== 'object')
        return undefined;
    if (isWebStream(value))
        return fromWebStream(value);
    if (isNodeReadable(value))
        return fromNodeReadable(value);
    if (Symbol.asyncIterator in value)
        return fromIterator(value[Symbol.asyncIterator]());
    if (Symbol.iterator in value)
        return fromIterator(value[Symbol.iterator]());
    return undefined;
}
function fromIterator(iterator) {
    return { next: () => iterator.next(), stop: () => iterator.return?.() };
}
/** A web ReadableStream, by shape: it may come from another realm or a polyfill. */
export function isWebStream(value) {
    return 'getReader' in value && typeof value.getReader === 'function';
}
function fromWebStream(stream) {
    const reader = stream.getReader();
    return {
        next: () => reader.read(),
        // A stream that has already failed rejects its cancel with the same error, which was reported.
        stop: (reason) => reader.cancel(reason).catch(() => { }),
    };
}
export function isNodeReadable(value) {
    return ('pipe' in value && 'readableEnded' in value && 'destroy' in value && typeof value.destroy === 'function');
}
function fromNodeReadable(stream) {
    let wake;
    let stopped = false;
    const settle = () => {
        const waiting = wake;
        wake = undefined;
        waiting?.();
    };
    for (const event of ['readable', 'end', 'error', 'close'])
        stream.on(event, settle);
    const take = () => {
        if (stream.errored)
            throw stream.errored;
        const value = stream.destroyed ? null : stream.read();
        if (value !== null)
            return { done: false, value };
        if (stream.readableEnded || stopped)
            return { done: true, value: undefined };
        if (stream.destroyed)
            throw new Error('The Node stream was destroyed before it ended.');
        return undefined;
    };
    return {
        next: () => take() ??
            new Promise((resolve, reject) => {
                const retry = () => {
                    try {
                        const result = take();
                        if (result === undefined)
                            wake = retry;
                        else
                            resolve(result);
                    }
                    catch (error) {
                        reject(error instanceof Error ? error : new Error('The Node stream failed.', { cause: error }));
                    }
                };
                wake = retry;
            }),
        stop: () => {
            stopped = true;
            stream.destroy();
            settle();
        },
    };
}
//# sourceMappingURL=source.js.map