/**
 * Tools for tests of streams: an app in process or over sockets with live chunks, a clock, and proof
 * that nothing is left over. They need no particular test runner.
 *
 * @module
 */
export { connect } from './connection.js';
export { createTestClock } from './clock.js';
export { everyDisconnectPoint, } from './disconnect-point.js';
export { LeakError } from './leak.js';
export { StreamTruncated } from '../wire/truncation.js';
//# sourceMappingURL=index.js.map