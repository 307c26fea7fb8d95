import { systemClock } from './clock.js';
/** Waits `ms` milliseconds. Rejects with StreamCancelled as soon as the request is cancelled. */
export function sleep(ms, clock, cancellation) {
    if (!(ms >= 0))
        return Promise.reject(new RangeError(`sleep takes milliseconds from 0 up, not ${ms}.`));
    return new Promise((resolve, reject) => {
        const { error: cancelled } = cancellation;
        if (cancelled !== undefined)
            return void systemClock.after(0, () => reject(cancelled));
        const cancelTimer = clock.after(ms, () => {
            unsubscribe();
            resolve();
        });
        const unsubscribe = cancellation.subscribe((error) => {
            cancelTimer();
            reject(error);
        });
    });
}
/**
 * The events of an emitter as an async iterable of argument lists, as Node's `events.on` gives them,
 * but bounded and ended by the request: the listener is gone when the loop is left or the request
 * is cancelled. An EventEmitter's `error` event is thrown.
 *
 * @throws {StreamCancelled} in the loop, as soon as the request is cancelled.
 */
export function on(emitter, name, cancellation, options = {}) {
    const queue = new EventQueue(options);
    if (cancellation.error !== undefined) {
        queue.fail(cancellation.error);
        return queue;
    }
    const push = (...args) => queue.push(args);
    const fail = (error) => queue.fail(error);
    const detach = attach(emitter, name, push, fail);
    const unsubscribe = cancellation.subscribe((error) => queue.fail(error));
    queue.onClose = () => {
        detach();
        unsubscribe();
    };
    return queue;
}
function attach(emitter, name, push, fail) {
    if ('addEventListener' in emitter) {
        emitter.addEventListener(name, push);
        return () => emitter.removeEventListener(name, push);
    }
    emitter.on(name, push);
    if (name !== 'error')
        emitter.on('error', fail);
    return () => {
        emitter.off(name, push);
        if (name !== 'error')
            emitter.off('error', fail);
    };
}
class EventQueue {
    onClose = () => { };
    #limit;
    #dropOldest;
    #events = [];
    #waiting = [];
    #failure;
    #closed = false;
    constructor(options) {
        this.#limit = options.limit ?? 1024;
        this.#dropOldest = options.overflow === 'drop-oldest';
    }
    push(args) {
        const waiting = this.#waiting.shift();
        if (waiting !== undefined)
            return waiting.resolve({ done: false, value: args });
        if (this.#events.length >= this.#limit) {
            if (!this.#dropOldest) {
                return this.fail(new Error(`More than ${this.#limit} events wait to be read. Read faster, or set overflow.`));
            }
            this.#events.shift();
        }
        this.#events.push(args);
    }
    fail(error) {
        if (this.#closed)
            return;
        this.#failure = { error };
        this.#close();
        for (const waiting of this.#waiting.splice(0))
            waiting.reject(error);
    }
    next() {
        if (this.#failure !== undefined) {
            const { error } = this.#failure;
            return new Promise((_, reject) => systemClock.after(0, () => reject(error)));
        }
        const event = this.#events.shift();
        if (event !== undefined)
            return Promise.resolve({ done: false, value: event });
        if (this.#closed)
            return Promise.resolve({ done: true, value: undefined });
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    return() {
        this.#close();
        this.#events = [];
        for (const waiting of this.#waiting.splice(0))
            waiting.resolve({ done: true, value: undefined });
        return Promise.resolve({ done: true, value: undefined });
    }
    [Symbol.asyncIterator]() {
        return this;
    }
    #close() {
        if (this.#closed)
            return;
        this.#closed = true;
        this.onClose();
    }
}
//# sourceMappingURL=wait.js.map