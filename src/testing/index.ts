/**
 * Tools for tests of streams: the app in process, with live chunks.
 *
 * @module
 */
export { connect, type MemoryReply, type MemoryRequest, type TestConnection } from './connection.ts'
