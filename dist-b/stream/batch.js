/** A batch that has this many bytes (or UTF-16 units) is full. */
export const FULL = 16 * 1024;
/**
 * Small chunks on their way to becoming one write. Strings are joined as strings. Views that follow
 * each other in one buffer are joined without a copy; other bytes are copied together.
 */
export class Batch {
    #text = '';
    #buffer;
    #start = 0;
    #end = 0;
    /** Whether `#buffer` is ours to write into, not the producer's. */
    #own = false;
    get isEmpty() {
        return this.#text === '' && this.#buffer === undefined;
    }
    get isFull() {
        return this.#text.length >= FULL || this.#end - this.#start >= FULL;
    }
    /** Adds a chunk. Returns false when what is there has to be taken first. */
    add(chunk) {
        if (typeof chunk === 'string') {
            if (this.#buffer !== undefined)
                return false;
            this.#text += chunk;
            return true;
        }
        return this.#text === '' && this.#addBytes(chunk);
    }
    #addBytes(chunk) {
        if (this.#buffer === undefined) {
            this.#buffer = chunk.buffer;
            this.#start = chunk.byteOffset;
            this.#end = chunk.byteOffset + chunk.byteLength;
            this.#own = false;
            return true;
        }
        if (this.#buffer === chunk.buffer && this.#end === chunk.byteOffset && !this.#own) {
            this.#end += chunk.byteLength;
            return true;
        }
        const held = this.#end - this.#start;
        if (held + chunk.byteLength > FULL)
            return false;
        this.#copy(chunk, held);
        return true;
    }
    #copy(chunk, held) {
        if (!this.#own) {
            const own = new Uint8Array(FULL);
            own.set(new Uint8Array(this.#buffer, this.#start, held));
            this.#buffer = own.buffer;
            this.#own = true;
            this.#start = 0;
        }
        new Uint8Array(this.#buffer).set(chunk, held);
        this.#end = held + chunk.byteLength;
    }
    /** Gives what was gathered and starts anew. A buffer that was given away is never filled again. */
    take() {
        if (this.#buffer === undefined) {
            const text = this.#text;
            this.#text = '';
            return text;
        }
        const bytes = new Uint8Array(this.#buffer, this.#start, this.#end - this.#start);
        this.#buffer = undefined;
        this.#start = this.#end = 0;
        return bytes;
    }
}
//# sourceMappingURL=batch.js.map