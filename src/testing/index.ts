/// <reference types="node" preserve="true" />
/**
 * Tools for tests of streams: an app in process or over sockets with live chunks, a clock, and proof
 * that nothing is left over. They need no particular test runner.
 *
 * @module
 */
export { connect, type ConnectOptions, type TestConnection } from './connection.ts'
export type { TestEnding, TestReply, TestRequest } from './reply.ts'
export type { TestItem, TestItems } from './item-reader.ts'
export { createTestClock, type TestClock, type TestTimer } from './clock.ts'
export {
  type DisconnectPointOptions,
  type DisconnectPoints,
  everyDisconnectPoint,
  type ReplayedRequest,
} from './disconnect-point.ts'
export { type Leak, LeakError } from './leak.ts'
export { StreamTruncated } from '../wire/truncation.ts'
