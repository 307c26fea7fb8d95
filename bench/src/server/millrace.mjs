/** Millrace, in its own words. `MILLRACE_DIST` is the `dist` of another build of it (`--old DIR`). */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { endless, file, fileChunks, frames, item, pacedFrames, ready, stats } from './source.mjs'

const other = process.env.MILLRACE_DIST
const from = (/** @type {string} */ name, /** @type {string} */ entry) =>
  other ? pathToFileURL(join(other, entry)).href : name
/** @type {typeof import('millrace')} */
const { App, bytes, reply, text } = await import(from('millrace', 'index.js'))
/** @type {typeof import('millrace/node')} */
const { readChunks } = await import(from('millrace/node', 'node.js'))

const app = new App({ title: 'Bench', version: '0.0.0' })

app.get('/json', () => item())
app.get('/burst', { streams: text }, ({ query }) => frames(Number(query.frames)))
app.get('/paced', { streams: text }, ({ query }) => pacedFrames(Number(query.frames)))
app.get('/endless', { streams: text }, ({ query }) => endless(String(query.reader)))
app.get('/download', () => reply.file(file))
app.get('/async-download', { streams: bytes('application/octet-stream') }, ({ query }) =>
  fileChunks(Number(query.chunk), Number(query.bytes)),
)
app.get('/read-chunks', { streams: bytes('application/octet-stream') }, ({ query }) =>
  readChunks(file, Number(query.chunk)),
)
app.get('/stats', ({ query }) => stats(/** @type {string | undefined} */ (query.gc)))

const { port } = await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
ready(port)
