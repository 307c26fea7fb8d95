import type { Reply } from '../../core/reply.ts';
import type { NodeResponse, Sending } from './response.ts';
type FileBody = Extract<Reply['body'], {
    kind: 'file';
}>;
/** Sends a part of an open file, and closes it. */
export declare function sendFile(response: NodeResponse, reply: Reply, body: FileBody): Sending;
export {};
//# sourceMappingURL=send-file.d.ts.map