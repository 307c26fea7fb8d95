/**
 * Replies that are streams. The first item is pulled before the head is decided, so that an error in
 * front of it is a real status.
 */
import type { Exchange } from './exchange.ts';
import type { Format } from './format.ts';
import { Reply } from './reply.ts';
import { Source } from './source.ts';
/**
 * Streams what a handler gave in the format the client asked for, or, without declared formats, in
 * the one that fits the first item.
 *
 * @throws {TypeError} for what cannot be streamed.
 */
export declare function streamReply(value: unknown, exchange: Exchange, formats: readonly Format[] | undefined, status: number | undefined): Reply | Promise<Reply>;
/** Pulls the first item before the reply is given on; after `holdMs` the head goes without it. */
export declare function hold(reply: Reply, source: Source, exchange: Exchange, holdMs: number): Reply | Promise<Reply>;
//# sourceMappingURL=stream-reply.d.ts.map