import { bytesReply, emptyReply, htmlReply, jsonReply, redirectReply, type Reply, type ReplyInit, textReply } from './core/reply.ts';
import { type FileOptions, FileReply, type FileSource } from './stream/file.ts';
export interface StreamReplyInit extends ReplyInit {
    /** Default application/octet-stream. */
    readonly mediaType?: string;
    /** Bytes, if they are known: sent as `content-length`, and a stream that differs is cut. */
    readonly length?: number;
}
/**
 * Replies made by hand, for what a returned value cannot say: status, headers, media types, files,
 * redirects.
 */
export declare const reply: {
    /** A value as JSON. */
    readonly json: typeof jsonReply;
    /** Plain text, UTF-8. */
    readonly text: typeof textReply;
    /** An HTML document, UTF-8. Escape what you put into it. */
    readonly html: typeof htmlReply;
    /** Bytes as they are. */
    readonly bytes: typeof bytesReply;
    /** No body; status 204 unless another is given. */
    readonly empty: typeof emptyReply;
    /** Sends the client elsewhere; status 303 unless another is given. */
    readonly redirect: typeof redirectReply;
    readonly stream: typeof streamReply;
    readonly file: typeof fileReply;
};
/**
 * A stream of strings or bytes: any iterable or async iterable, a generator, a web ReadableStream or
 * a Node Readable. It is pulled at the client's pace, and stopped when the client leaves.
 *
 * @throws {TypeError} when the value cannot be streamed.
 */
declare function streamReply(chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array> | ReadableStream<string | Uint8Array>, init?: StreamReplyInit): Reply;
/**
 * A file, sent from disk in large blocks at the client's pace, with its length, media type and date;
 * a missing one is a 404. Whoever chooses the path decides what may be read: never build it from raw
 * input.
 *
 * @param source a path, or a FileSource (an object store, a buffer).
 */
declare function fileReply(source: string | FileSource, options?: FileOptions): FileReply;
export {};
//# sourceMappingURL=reply.d.ts.map