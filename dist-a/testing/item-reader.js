import { placeIssues, SchemaMismatch, validate } from '../core/schema.js';
import { createItemDecoder } from './item.js';
export class ItemReader {
    #reply;
    #schema;
    #onProblem;
    #decoder;
    #ready = [];
    #ended = false;
    endMarked = false;
    constructor(reply, schema, onProblem) {
        this.#reply = reply;
        this.#schema = schema;
        this.#onProblem = onProblem;
        const contentType = reply.headers['content-type'];
        this.#decoder = createItemDecoder(reply.status, typeof contentType === 'string' ? contentType : '');
    }
    async next() {
        while (this.#ready.length === 0 && !this.#ended) {
            const text = await this.#reply.next();
            this.#ended = text === undefined;
            for (const each of text === undefined ? this.#decoder.end() : this.#decoder.push(text))
                this.#take(each);
        }
        const item = this.#ready.shift();
        return item === undefined ? undefined : this.#checked(item);
    }
    #take(decoded) {
        if (decoded.kind === 'item')
            this.#ready.push(decoded.item);
        else if (decoded.kind === 'end')
            this.endMarked = true;
        else
            this.#onProblem(decoded.problem);
    }
    async #checked(item) {
        if (this.#schema === undefined)
            return item;
        const data = await validate(this.#schema, item.data, (issues) => new SchemaMismatch('An item of the reply', placeIssues('item', issues)));
        return { ...item, data };
    }
    async all() {
        const all = [];
        for (let item = await this.next(); item !== undefined; item = await this.next())
            all.push(item.data);
        return all;
    }
    async disconnectAfter(items) {
        const taken = [];
        while (taken.length < items) {
            const item = await this.next();
            if (item === undefined) {
                throw new Error(`The stream ended after ${taken.length} items, so nobody could leave it after ${items}.`);
            }
            taken.push(item.data);
        }
        this.#reply.disconnect();
        return taken;
    }
    async *[Symbol.asyncIterator]() {
        let ended = false;
        try {
            for (let item = await this.next(); item !== undefined; item = await this.next())
                yield item;
            ended = true;
        }
        finally {
            if (!ended)
                this.#reply.disconnect();
        }
    }
}
//# sourceMappingURL=item-reader.js.map