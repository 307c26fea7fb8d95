/**
 * What only Node has: servers and files.
 *
 * @module
 */
export { diskFile, readChunks } from './transports/node/file.js';
export { serve } from './transports/node/serve.js';
//# sourceMappingURL=node.js.map