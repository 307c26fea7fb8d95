/** Millrace: a route per stream. `MILLRACE_DIST` is the `dist` of another build. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { port, ready, streams, tellOf, variant } from './producer.mjs'

const other = process.env.MILLRACE_DIST
/** @type {typeof import('millrace')} */
const { App, dependency, HttpError, jsonl, sse, text } = await import(
  other ? pathToFileURL(join(other, 'index.js')).href : 'millrace'
)

// The log would tell of every failure that is asked for here.
const silent = { info() {}, warn() {}, error() {}, debug() {} }
const app = new App({ log: silent, compress: variant === 'compress' })
const format = variant === 'sse' ? sse() : variant === 'jsonl' ? jsonl() : text

for (const [path, make] of Object.entries(streams)) {
  app.get(path, { streams: format }, ({ query, signal, sleep }) => {
    const id = String(query.id)
    tellOf(signal, id)
    return make({ id, sleep, signal, forbidden: () => new HttpError(403) })
  })
}

const guard = dependency(() => {
  throw new HttpError(403)
})
app.get('/guarded', { use: { guard }, streams: text }, async function* () {
  yield 'secret\n'
})

app.get('/ping', () => 'pong')

const listening = await app.listen({ port, host: '127.0.0.1' })
ready(listening.port)
