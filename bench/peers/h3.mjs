/** h3 on srvx: `iterable()` around the generator; files by its `serveStatic`. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { getQuery, H3, iterable, serve, serveStatic } from 'h3'
import { endless, file, fileChunks, frames, item, pacedFrames, ready, stats } from '../src/server/source.mjs'

const app = new H3()

const stream = (event, type, items) => {
  event.res.headers.set('content-type', type)
  return iterable(items)
}
const text = 'text/plain; charset=utf-8'

app.get('/json', () => item())
app.get('/burst', (event) => stream(event, text, frames(Number(getQuery(event).frames))))
app.get('/paced', (event) => stream(event, text, pacedFrames(Number(getQuery(event).frames))))
app.get('/endless', (event) => stream(event, text, endless(getQuery(event).reader)))
app.get('/download', (event) =>
  serveStatic(event, {
    getMeta: async () => {
      const { size, mtimeMs } = await stat(file)
      return { size, mtime: mtimeMs, type: 'application/octet-stream' }
    },
    getContents: () => createReadStream(file),
  }),
)
app.get('/async-download', (event) => {
  const { chunk, bytes } = getQuery(event)
  return stream(event, 'application/octet-stream', fileChunks(Number(chunk), Number(bytes)))
})
app.get('/stats', (event) => stats(getQuery(event).gc))

const server = serve(app, { port: Number(process.env.PORT ?? 0), hostname: '127.0.0.1', silent: true })
await server.ready()
ready(Number(new URL(server.url).port))
