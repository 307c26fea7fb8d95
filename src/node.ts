/// <reference types="node" preserve="true" />
/**
 * What only Node has: servers and files.
 *
 * @module
 */
export { diskFile, readChunks } from './transports/node/file.ts'
export { type CloseOptions, type Listening, serve } from './transports/node/serve.ts'
export type { ListenOptions, TlsOptions } from './transports/node/listen.ts'
export { diskStore, type DiskStoreOptions } from './transports/node/upload-store.ts'
