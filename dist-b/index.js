/**
 * Millrace: a streaming-first API framework.
 *
 * @module
 */
export { App } from './app.js';
export { reply } from './reply.js';
export { Router } from './core/router.js';
export { dependency } from './core/dependency.js';
export { event, StreamEvent } from './core/format.js';
export { bytes, jsonArray, jsonl, jsonSeq, sse, text, } from './stream/format.js';
export { channel, Channel } from './channels/channel.js';
export { FollowerTooSlow } from './core/following.js';
export { HttpError, UsageError } from './core/error.js';
export { StreamCancelled } from './core/cancellation.js';
export { Reply } from './core/reply.js';
export { SchemaMismatch } from './core/schema.js';
//# sourceMappingURL=index.js.map