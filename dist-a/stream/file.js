import { lookup } from 'mrmime';
import { HttpError } from '../core/error.js';
import { createReply, OCTETS } from '../core/reply.js';
import { Source } from '../core/source.js';
/** The answer that `reply.file` stands for: opened only when the request is at hand. */
export class FileReply {
    #source;
    #options;
    constructor(source, options) {
        this.#source = source;
        this.#options = options;
    }
    async respond(exchange) {
        const opened = await this.#source.open();
        if (opened === undefined)
            throw new HttpError('NOT_FOUND', { detail: 'There is no such file.' });
        const file = new OwnedFile(opened);
        // Whatever becomes of the reply (middleware may drop it), the request closes the file.
        exchange.lifetime.ownFile(file);
        return this.#reply(file);
    }
    #reply(file) {
        const { mediaType, downloadAs } = this.#options;
        const made = createReply(mediaType ?? mediaTypeOf(this.#source.name), { kind: 'file', file, start: 0, length: file.size }, this.#options);
        if (file.modified !== undefined)
            made.headers['last-modified'] ??= file.modified.toUTCString();
        if (downloadAs !== undefined)
            made.headers['content-disposition'] ??= attachment(downloadAs);
        return made;
    }
}
/** An opened file that may be closed more than once. */
class OwnedFile {
    size;
    modified;
    #file;
    #closed;
    constructor(file) {
        this.size = file.size;
        this.modified = file.modified;
        this.#file = file;
    }
    read(target, position) {
        return this.#file.read(target, position);
    }
    close() {
        return (this.#closed ??= this.#file.close());
    }
}
/** Bytes per read where a body is pulled piece by piece. */
const PULLED_READ = 64 * 1024;
/** The part of an open file as a source, for transports without a writer of their own for files. */
export function fileSource(body) {
    return Source.from(readPart(body));
}
async function* readPart({ file, start, length, }) {
    try {
        for (let sent = 0; sent < length;) {
            const target = new Uint8Array(Math.min(PULLED_READ, length - sent));
            const count = await file.read(target, start + sent);
            if (count === 0)
                throw new Error('The file became shorter while it was sent.');
            sent += count;
            yield target.subarray(0, count);
        }
    }
    finally {
        await file.close();
    }
}
function mediaTypeOf(name) {
    const type = lookup(name) ?? OCTETS;
    return type.startsWith('text/') || type === 'application/javascript' ? `${type}; charset=utf-8` : type;
}
/** RFC 6266 with the name of RFC 8187 beside an ASCII fallback. */
function attachment(name) {
    const fallback = name.replace(/[^\u0020-\u007e]|["\\%]/g, '_');
    const encoded = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    return `attachment; filename="${fallback}"; filename*=UTF-8''${encoded}`;
}
//# sourceMappingURL=file.js.map