import { encodeMessage } from '../core/message.js';
import { SharedMessage } from '../core/socket.js';
class Entry {
    offset;
    value;
    #message;
    constructor(offset, value) {
        this.offset = offset;
        this.value = value;
    }
    get message() {
        return (this.#message ??= new SharedMessage(encodeMessage(this.value)));
    }
}
/**
 * A bounded log in memory: a ring of the last `capacity` entries. Offsets only grow; an offset below
 * `start` has been overwritten.
 */
export class MemoryLog {
    capacity;
    #ring;
    #next = 0;
    /** @throws {RangeError} unless `capacity` is a whole number of at least 1. */
    constructor(capacity) {
        if (!Number.isSafeInteger(capacity) || capacity < 1)
            throw new RangeError(`A log holds at least 1 entry, not ${capacity}.`);
        this.capacity = capacity;
        this.#ring = [];
    }
    /** The offset that the next entry will have. */
    get end() {
        return this.#next;
    }
    /** The offset of the oldest entry that is still there. */
    get start() {
        return Math.max(0, this.#next - this.capacity);
    }
    append(value) {
        const entry = new Entry(this.#next++, value);
        this.#ring[entry.offset % this.capacity] = entry;
        return entry;
    }
    /** @returns undefined for what is not there any more, or not yet. */
    at(offset) {
        if (offset < this.start || offset >= this.#next)
            return undefined;
        return this.#ring[offset % this.capacity];
    }
}
//# sourceMappingURL=log.js.map