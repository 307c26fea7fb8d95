/**
 * What only Node has: servers and files.
 *
 * @module
 */
export { diskFile, readChunks } from './transports/node/file.ts'
export { type CloseOptions, type Listening, type ListenOptions, serve } from './transports/node/serve.ts'
