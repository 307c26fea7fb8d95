/** The only place that turns what handlers return into replies. */
import type { Exchange } from './exchange.ts';
import type { Format } from './format.ts';
import { Reply } from './reply.ts';
import { type Schema } from './schema.ts';
/** What of a route decides the form of its reply. */
export interface ReplyShape {
    readonly returns: Schema | undefined;
    readonly streams: readonly Format[] | undefined;
    readonly status: number | undefined;
}
/** A value that knows how to become a reply once the request is at hand (`reply.file`). */
export interface Responder {
    respond(exchange: Exchange): Reply | Promise<Reply>;
}
export declare function toReply(value: unknown, exchange: Exchange, shape: ReplyShape): Reply | Promise<Reply>;
//# sourceMappingURL=to-reply.d.ts.map