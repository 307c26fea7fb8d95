import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Reply } from '../../core/reply.ts';
/**
 * Refuses a body without losing the refusal. Closing a connection that still has unread bytes makes
 * TCP reset it, and the client may never see the reply; so the reply is written at once, and the
 * connection is closed when the client has stopped sending, or after a while.
 *
 * @returns false when the reply is not such a refusal.
 */
export declare function linger(message: IncomingMessage, response: ServerResponse, reply: Reply): boolean;
//# sourceMappingURL=linger.d.ts.map