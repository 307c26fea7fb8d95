import type { Exchange } from '../core/exchange.ts';
import { type Body, type OpenFile, type Reply, type ReplyInit } from '../core/reply.ts';
import { Source } from '../core/source.ts';
import type { Responder } from '../core/to-reply.ts';
/** Something a file can be read from: a path on disk, an object of a store, a buffer. */
export interface FileSource {
    /** For the media type, for example `report.pdf`. */
    readonly name: string;
    /**
     * Opens it. What is known of the open file is what is sent, whatever happens to the name meanwhile.
     *
     * @returns undefined when there is no such file (or it is not one): a 404.
     */
    open(): Promise<OpenedFile | undefined>;
}
export interface OpenedFile extends OpenFile {
    /** Bytes. */
    readonly size: number;
    readonly modified?: Date | undefined;
}
export interface FileOptions extends ReplyInit {
    /** Default: by the name's extension, or application/octet-stream. */
    readonly mediaType?: string;
    /** Offers the file for download under this name (RFC 6266). */
    readonly downloadAs?: string;
}
/** The answer that `reply.file` stands for: opened only when the request is at hand. */
export declare class FileReply implements Responder {
    #private;
    constructor(source: FileSource, options: FileOptions);
    respond(exchange: Exchange): Promise<Reply>;
}
/** The part of an open file as a source, for transports without a writer of their own for files. */
export declare function fileSource(body: Extract<Body, {
    kind: 'file';
}>): Source;
//# sourceMappingURL=file.d.ts.map