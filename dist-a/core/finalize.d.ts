import type { Exchange } from './exchange.ts';
import { type Reply } from './reply.ts';
/**
 * The last touches before a transport gets a reply: oversized bodies refused, the context's head
 * applied, bodies dropped where there must be none, and the exchange bound to the body's end.
 */
export declare function finalize(exchange: Exchange, reply: Reply, failed?: boolean): Reply | Promise<Reply>;
//# sourceMappingURL=finalize.d.ts.map