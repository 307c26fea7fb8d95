/** Writes replies to Node's responses: one writer per body kind. */
import type { Reply } from '../../core/reply.ts';
import { type Coding } from './compress.ts';
import type { NodeResponse, Sending } from './response.ts';
export interface SendOptions {
    /** HEAD replies have no body, and a length only if GET has one. */
    readonly isHead: boolean;
    /** The content coding to compress with. */
    readonly coding: Coding | undefined;
}
/**
 * Sends a reply. Never throws for what the network does: whatever goes wrong there cuts the body.
 *
 * @returns a handle on a body that takes its time, undefined when everything was handed over.
 */
export declare function send(response: NodeResponse, reply: Reply, options: SendOptions): Sending | undefined;
//# sourceMappingURL=send.d.ts.map