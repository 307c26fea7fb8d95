import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
/**
 * A response on a connection that Node has taken off its parser, because the request asked for an
 * upgrade. What Node's server would do for a response is done here: it goes on when the connection
 * has drained, and the connection ends with it.
 */
export declare function detachedResponse(message: IncomingMessage, duplex: Duplex): ServerResponse;
//# sourceMappingURL=detached.d.ts.map