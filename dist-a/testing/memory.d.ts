/** A connection in memory: no sockets, no ports, the real pipeline and the real pump. */
import type { Application } from '../core/app.ts';
import type { Incoming } from '../core/incoming.ts';
import type { TestRequest, Wire } from './reply.ts';
/** Sends a request, and gives what comes back once its head is there. Leaves when `signal` is aborted. */
export type Send = (method: string, target: string, request: TestRequest, signal: AbortSignal) => Promise<Wire>;
/** @param onIncoming told of every request that the app gets this way. */
export declare function memorySender(app: Application, onIncoming: (incoming: Incoming) => void): Send;
//# sourceMappingURL=memory.d.ts.map