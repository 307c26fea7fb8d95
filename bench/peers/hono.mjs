/** Hono on @hono/node-server: the callback writer of `hono/streaming`; files by its `serveStatic`. */
import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { stream, streamText } from 'hono/streaming'
import { endless, file, fileChunks, frames, item, pacedFrames, ready, stats } from '../src/server/source.mjs'

const app = new Hono()

const streamFrames = (c, items) =>
  streamText(c, async (out) => {
    for await (const chunk of items) await out.write(chunk)
  })

app.get('/json', (c) => c.json(item()))
app.get('/burst', (c) => streamFrames(c, frames(Number(c.req.query('frames')))))
app.get('/paced', (c) => streamFrames(c, pacedFrames(Number(c.req.query('frames')))))
app.get('/endless', (c) => streamFrames(c, endless(c.req.query('reader'))))
app.get('/download', serveStatic({ path: file }))
app.get('/async-download', (c) => {
  c.header('content-type', 'application/octet-stream')
  return stream(c, async (out) => {
    for await (const chunk of fileChunks(Number(c.req.query('chunk')), Number(c.req.query('bytes')))) await out.write(chunk)
  })
})
app.get('/stats', (c) => c.json(stats(c.req.query('gc'))))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 0), hostname: '127.0.0.1' }, (address) => ready(address.port))
