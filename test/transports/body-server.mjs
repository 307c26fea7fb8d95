/** A server that collects bodies, in a process of its own, so that its memory is not its client's. */
import { App, file, form } from 'millrace'

const [, , bodyBytes, ms] = process.argv
const app = new App({
  log: { debug() {}, info() {}, warn() {}, error: console.error },
  timeouts: { body: Number(ms), first: Number(ms) },
})
const seen = { begun: 0, ended: 0, cancelled: 0, read: 0, peak: 0 }
const memory = () => {
  // What is held counts, and not what has yet to be collected.
  globalThis.gc()
  // Array buffers are part of it.
  return process.memoryUsage().external
}
const before = memory()
setInterval(() => (seen.peak = Math.max(seen.peak, memory() - before)), 25).unref()
const track = async (context, collect) => {
  seen.begun++
  context.after(({ outcome }) => {
    seen.ended++
    if (outcome === 'disconnect') seen.cancelled++
  })
  return String(await collect(context.body))
}
app.post('/json', { bodyLimit: 2 * 1024 * 1024 }, (context) =>
  track(context, async (body) => JSON.stringify(await body.json()).length),
)
app.post('/bytes', (context) => track(context, async (body) => (await body.bytes()).byteLength))
app.post('/form', { body: form({ photo: file() }) }, (context) => track(context, ({ photo }) => photo.size))
app.post('/stream', { bodyLimit: 64 * 1024 * 1024 }, (context) =>
  track(context, async (body) => {
    let size = 0
    for await (const piece of body) seen.read = size += piece.byteLength
    return size
  }),
)
app.get('/seen', () => seen)
const limits = bodyBytes === 'default' ? {} : { bodyBytes: Number(bodyBytes) }
const { port } = await app.listen({ port: 0, http2: true, signals: false, limits })
process.send(port)
process.once('disconnect', () => process.exit())
