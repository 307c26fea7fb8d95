/**
 * The typed client: calls the routes of a Millrace app by their types alone. It runs wherever there is
 * `fetch`, and holds nothing of the server.
 *
 * @module
 */
export { createClient, type Client, type ClientOptions, type Under } from './client.ts'
export type { Call, ItemEvent, StreamCall } from './call.ts'
export { ReplyError } from './reply-error.ts'
export type { CallOptions, ClientRequest, Hooks, Retrying } from './request.ts'
export type { UploadProgress } from './upload.ts'
export type { RetryPolicy } from './retry.ts'
export { SocketClosed } from './socket-closed.ts'
export type { WebSocketClass } from './handshake.ts'
export type { ClientSocket, SocketOptions } from './socket.ts'
export { StreamTruncated } from '../wire/truncation.ts'
