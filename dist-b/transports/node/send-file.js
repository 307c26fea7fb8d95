import { phaseTimeout } from '../../core/timeout.js';
import { StreamWatch } from '../../stream/watch.js';
/** Blocks start small, for an early first byte, and find their measure between these bounds. */
const FIRST_BLOCK = 64 * 1024;
const LARGEST_BLOCK = 64 * 1024;
/** A block is written in pieces, so that a reader that has become slow is seen to move. */
const PIECE = Number(process.env['PIECE'] ?? 128) * 1024;
/** A block that left faster than this many milliseconds is followed by a larger one, ... */
const FAST_MS = 50;
/** ... and one that took longer than this by a smaller one, so that a slow reader holds little. */
const SLOW_MS = 500;
/** Sends a part of an open file, and closes it. */
export function sendFile(response, reply, body) {
    reply.headers['content-length'] = String(body.length);
    const copy = new FileCopy(response, body, reply);
    response.writeHead(reply);
    const released = copy.run().then(async (ending) => {
        if (ending.outcome !== 'complete')
            response.cut();
        await body.file.close().catch(() => { });
        reply.onEnd?.({ bytes: copy.sent, items: 0, ...ending });
    });
    return {
        endless: false,
        stop: () => { },
        cut: (reason) => copy.cut(reason),
        released,
    };
}
/**
 * Copies a part of a file in two buffers that take turns: while one is written, the next block is
 * read into the other. Nothing is allocated per block, and a slow reader holds two small ones.
 */
class FileCopy {
    sent = 0;
    #response;
    #body;
    #watch;
    #cutFor = { outcome: 'disconnect' };
    #isCut = false;
    #position;
    #size = FIRST_BLOCK;
    #wake;
    #closed = false;
    constructor(response, body, { timing }) {
        this.#response = response;
        this.#body = body;
        this.#position = body.start;
        response.on('close', () => {
            this.#closed = true;
            this.#wake?.(false);
        });
        if (timing === undefined)
            return;
        this.#watch = StreamWatch.start(timing.clock, { stall: timing.stall, total: timing.total }, (due) => {
            const phase = due === 'stall' ? 'stall' : 'total';
            this.cut('timeout', phaseTimeout(phase, timing[phase]));
        });
    }
    cut(outcome, error) {
        this.#cutFor = error === undefined ? { outcome } : { outcome, error };
        // Writes to a destroyed response settle at once, before it tells that it is closed.
        this.#closed = this.#isCut = true;
        this.#response.destroy();
        this.#wake?.(false);
    }
    async run() {
        try {
            await this.#copy();
            if (!this.#closed)
                await this.#finish();
            return this.#response.finished && !this.#isCut ? { outcome: 'complete' } : this.#cutFor;
        }
        catch (error) {
            return { outcome: 'error', error };
        }
        finally {
            this.#watch?.stop();
        }
    }
    async #copy() {
        const end = this.#body.start + this.#body.length;
        let block = await this.#read(undefined, end);
        let spare;
        while (block.byteLength > 0 && !this.#closed) {
            const startedAt = performance.now();
            const writing = this.#write(block);
            const reading = this.#read(spare, end);
            // Both must have settled before a buffer changes hands; a failed read counts after the write.
            const [open, next] = await Promise.all([writing, reading.catch((error) => ({ error }))]);
            if (!open)
                return;
            this.#measure(performance.now() - startedAt);
            this.sent += block.byteLength;
            if ('error' in next)
                throw next.error;
            spare = block;
            block = next;
        }
    }
    #measure(ms) {
        if (ms < FAST_MS)
            this.#size = Math.min(this.#size * 2, LARGEST_BLOCK);
        else if (ms > SLOW_MS)
            this.#size = FIRST_BLOCK;
    }
    /** Reads the next block; an empty one means that all has been read. */
    async #read(spare, end) {
        const size = Math.min(this.#size, end - this.#position);
        if (size === 0)
            return EMPTY;
        const whole = spare === undefined ? undefined : Buffer.from(spare.buffer);
        // A buffer that has become too large for a slow reader is given up.
        const fits = whole !== undefined && whole.byteLength >= size && whole.byteLength <= this.#size * 2;
        const target = fits ? whole.subarray(0, size) : Buffer.allocUnsafeSlow(size);
        const count = await this.#body.file.read(target, this.#position);
        if (count === 0)
            throw new Error('The file became shorter while it was sent.');
        this.#position += count;
        return target.subarray(0, count);
    }
    /** Settles when the block has left; false when the response was closed instead. */
    #write(block) {
        return new Promise((resolve) => {
            this.#wake = resolve;
            let at = 0;
            const writeOn = () => {
                if (this.#closed || at >= block.byteLength)
                    return resolve(!this.#closed);
                const piece = block.subarray(at, at + PIECE);
                at += PIECE;
                this.#watch?.blocked();
                this.#response.write(piece, () => {
                    this.#watch?.resumed();
                    writeOn();
                });
            };
            writeOn();
        });
    }
    #finish() {
        return new Promise((resolve) => {
            this.#wake = resolve;
            this.#response.on('finish', () => resolve(true));
            this.#response.end();
        });
    }
}
const EMPTY = Buffer.alloc(0);
//# sourceMappingURL=send-file.js.map