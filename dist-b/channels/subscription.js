import { FollowerTooSlow } from '../core/following.js';
/** One follower's cursor. Iterate over it, or `take()` what there is. */
export class Subscription {
    /** Entries this follower has missed, under `drop-oldest`. */
    dropped = 0;
    onReady = undefined;
    #channel;
    #log;
    #signal;
    #cursor;
    #closed = false;
    #failure;
    #waiting = [];
    /** @throws {RangeError} unless `replay` is a whole number from 0 up, or Infinity. */
    constructor(channel, { replay = 0, signal }) {
        if (!(replay >= 0 && (Number.isInteger(replay) || replay === Infinity)))
            throw new RangeError(`replay takes a whole number from 0 up, not ${replay}.`);
        this.#channel = channel;
        this.#log = channel.log;
        this.#signal = signal;
        this.#cursor = Math.max(this.#log.start, this.#log.end - replay);
        if (signal?.aborted === true)
            this.#onAbort();
        else
            signal?.addEventListener('abort', this.#onAbort, { once: true });
    }
    get closed() {
        return this.#closed;
    }
    /** Entries published and not yet taken. */
    get behind() {
        return this.#closed ? 0 : this.#log.end - this.#cursor;
    }
    /**
     * The next entry, or undefined when there is none yet, or no more.
     *
     * @throws {FollowerTooSlow} once, under the policy `disconnect`, when entries were lost to it.
     * @throws the reason of the signal, once, when it has aborted.
     */
    take() {
        if (this.#failure !== undefined) {
            const { error } = this.#failure;
            this.#failure = undefined;
            throw error;
        }
        if (this.#closed)
            return undefined;
        const missed = this.#log.start - this.#cursor;
        if (missed > 0) {
            this.dropped += missed;
            this.#cursor += missed;
        }
        const entry = this.#log.at(this.#cursor);
        if (entry !== undefined)
            this.#cursor++;
        return entry;
    }
    /** For the channel: something was published. */
    notify() {
        if (this.#cursor < this.#log.start && this.#channel.slow === 'disconnect')
            this.#fail(new FollowerTooSlow(this.#channel.name, this.#log.capacity));
        else
            this.#wake();
    }
    /** Stops following. Whoever waits is told that there is no more. */
    close() {
        if (this.#closed)
            return;
        this.#closed = true;
        this.#signal?.removeEventListener('abort', this.#onAbort);
        this.#channel.forget(this);
        this.#wake();
    }
    async next() {
        for (;;) {
            const entry = this.take();
            if (entry !== undefined)
                return { done: false, value: entry.value };
            if (this.#closed)
                return { done: true, value: undefined };
            await new Promise((resolve) => this.#waiting.push(resolve));
        }
    }
    return() {
        this.#failure = undefined;
        this.close();
        return Promise.resolve({ done: true, value: undefined });
    }
    [Symbol.asyncIterator]() {
        return this;
    }
    #onAbort = () => this.#fail(this.#signal?.reason);
    #fail(error) {
        if (this.#closed)
            return;
        this.#failure = { error };
        this.close();
    }
    #wake() {
        if (this.#waiting.length > 0)
            for (const wake of this.#waiting.splice(0))
                wake();
        this.onReady?.();
    }
}
//# sourceMappingURL=subscription.js.map