import { StreamTruncated } from '../wire/truncation.js';
import { ItemReader } from './item-reader.js';
export class LiveReply {
    status;
    headers;
    ended;
    #wire;
    #decoder = new TextDecoder();
    #bytes = 0;
    #reading = false;
    #problem;
    constructor(wire) {
        this.#wire = wire;
        this.status = wire.status;
        this.headers = wire.headers;
        this.ended = wire.ended;
    }
    next() {
        const read = this.#next();
        // A read that nobody awaits any more must not end the process when the reply is left.
        read.catch(() => { });
        return read;
    }
    async #next() {
        const bytes = await this.#pull();
        if (bytes !== undefined)
            return this.#decoder.decode(bytes, { stream: true });
        const rest = this.#decoder.decode();
        return rest === '' ? undefined : rest;
    }
    async #pull() {
        if (this.#reading)
            throw new Error('The reply is being read already. Await one read before the next.');
        this.#reading = true;
        try {
            const bytes = await this.#wire.next();
            this.#bytes += bytes?.byteLength ?? 0;
            return bytes;
        }
        catch (cause) {
            throw new StreamTruncated(this.#bytes, { cause, problem: this.#problem });
        }
        finally {
            this.#reading = false;
        }
    }
    async text() {
        let whole = '';
        for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next())
            whole += chunk;
        return whole;
    }
    async json() {
        return JSON.parse(await this.text());
    }
    items(schema) {
        return new ItemReader(this, schema, (problem) => {
            this.#problem = problem;
        });
    }
    disconnect() {
        this.#wire.leave();
    }
    async disconnectAfter(chunks) {
        const taken = [];
        while (taken.length < chunks) {
            const chunk = await this.next();
            if (chunk === undefined) {
                throw new Error(`The stream ended after ${taken.length} chunks, so nobody could leave it after ${chunks}.`);
            }
            taken.push(chunk);
        }
        this.disconnect();
        return taken;
    }
    breakConnection() {
        this.#wire.break();
    }
    async *[Symbol.asyncIterator]() {
        let ended = false;
        try {
            for (let bytes = await this.#pull(); bytes !== undefined; bytes = await this.#pull())
                yield bytes;
            ended = true;
        }
        finally {
            if (!ended)
                this.disconnect();
        }
    }
}
//# sourceMappingURL=reply.js.map