/** From how many unread bytes on the peer is made to wait. */
const CAPACITY = 256 * 1024;
/** Counted for every message besides its bytes, so that empty ones are bounded too. */
const MESSAGE_COST = 64;
/** How long a full inbox waits for somebody to iterate. */
const PATIENCE_MS = 500;
export class Inbox {
    #flow;
    #clock;
    #messages = [];
    #bytes = 0;
    #paused = false;
    #stopped = false;
    #ended = false;
    #reading = false;
    #dropped = 0;
    #wake;
    #cancelPatience = () => { };
    constructor(flow, clock) {
        this.#flow = flow;
        this.#clock = clock;
    }
    /** Whether the peer is being made to wait. */
    get paused() {
        return this.#paused;
    }
    push(message) {
        if (this.#stopped)
            return;
        if (this.#dropped > 0) {
            this.#dropped++;
            return;
        }
        this.#messages.push(message);
        this.#bytes += weigh(message);
        this.#wake?.();
        if (this.#bytes < CAPACITY || this.#paused)
            return;
        this.#paused = true;
        this.#flow.pause();
        if (!this.#reading)
            this.#awaitReader();
    }
    /** Takes nothing in any more; what waits can still be read. */
    stop() {
        this.#stopped = true;
        this.#resume();
    }
    /** The socket is closed: who iterates gets what waits, and then the end. */
    end() {
        this.stop();
        this.#ended = true;
        this.#wake?.();
    }
    /** @throws {Error} for a second reader, or when messages were dropped before this one came. */
    async *[Symbol.asyncIterator]() {
        if (this.#reading)
            throw new Error('Somebody iterates over this socket already. Read in one place.');
        this.#reading = true;
        this.#cancelPatience();
        try {
            for (;;) {
                const message = this.#take();
                if (message !== undefined)
                    yield message;
                else if (this.#ended)
                    return;
                else
                    await new Promise((resolve) => (this.#wake = resolve));
            }
        }
        finally {
            this.#reading = false;
            this.#wake = undefined;
            if (this.#paused)
                this.#awaitReader();
        }
    }
    #take() {
        if (this.#dropped > 0) {
            throw new Error(`${this.#dropped} messages were dropped: more than ${CAPACITY} bytes came while nobody iterated ` +
                'over the socket. Begin to iterate sooner.');
        }
        const message = this.#messages.shift();
        if (message === undefined)
            return undefined;
        this.#bytes -= weigh(message);
        if (this.#bytes <= CAPACITY / 2)
            this.#resume();
        return message;
    }
    #resume() {
        if (!this.#paused)
            return;
        this.#paused = false;
        this.#cancelPatience();
        this.#flow.resume();
    }
    #awaitReader() {
        this.#cancelPatience = this.#clock.after(PATIENCE_MS, () => {
            this.#dropped = this.#messages.length;
            this.#messages.length = 0;
            this.#bytes = 0;
            this.#resume();
        });
    }
}
function weigh(message) {
    return MESSAGE_COST + (typeof message === 'string' ? message.length : message.byteLength);
}
//# sourceMappingURL=inbox.js.map