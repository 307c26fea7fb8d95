/** Hono on @hono/node-server: `streamText` and its `onAbort` and `sleep`; SIGTERM as in its documentation. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { HTTPException } from 'hono/http-exception'
import { stream, streamText } from 'hono/streaming'
import { port, ready, streams, tellOf, told, variant } from '../../src/contract/server/producer.mjs'

const app = new Hono()
if (variant.startsWith('compress')) app.use(compress())

const forbidden = () => new HTTPException(403)

for (const [path, make] of Object.entries(streams)) {
  app.get(path, (c) => {
    const id = c.req.query('id')
    const { signal } = c.req.raw
    if (variant === 'web-stream') {
      // Not the helper: a web stream of one's own.
      tellOf(signal, id)
      const items = ReadableStream.from(make({ id, signal, forbidden })).pipeThrough(new TextEncoderStream())
      return c.body(items, 200, { 'content-type': 'text/plain' })
    }
    // streamText names its transfer encoding, and what does so is not compressed; stream() does not.
    const streaming = variant === 'compress-stream' ? stream : streamText
    if (streaming === stream) c.header('content-type', 'text/plain')
    return streaming(c, async (out) => {
      out.onAbort(() => told(id))
      for await (const item of make({ id, sleep: (ms) => out.sleep(ms), signal, forbidden })) await out.write(item)
    })
  })
}

app.use('/guarded', async () => {
  throw forbidden()
})
app.get('/guarded', (c) => streamText(c, (out) => out.write('secret\n')))
app.get('/ping', (c) => c.text('pong'))

const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (address) => ready(address.port))
process.on('SIGTERM', () => server.close((error) => process.exit(error ? 1 : 0)))
