/** Express: no streaming of its own, so Node's `pipeline`, which its users are told to use; `close()` at SIGTERM as in its guide. */
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import compression from 'compression'
import express from 'express'
import { port, ready, streams, tellOf, variant } from '../../src/contract/server/producer.mjs'

const forbidden = () => Object.assign(new Error('Forbidden'), { status: 403 })

const app = express()
if (variant.startsWith('compress')) app.use(compression())

for (const [path, make] of Object.entries(streams)) {
  app.get(path, async (req, res) => {
    const left = new AbortController()
    res.on('close', () => {
      if (!res.writableFinished) left.abort()
    })
    const { id } = req.query
    tellOf(left.signal, id)
    res.type('text/plain')
    const items = make({ id, signal: left.signal, forbidden })
    if (variant !== 'loop' && variant !== 'compress-flush') return pipeline(Readable.from(items), res)
    // The loop by hand.
    for await (const item of items) {
      if (!res.write(item)) await once(res, 'drain')
      res.flush?.()
    }
    res.end()
  })
}

app.use('/guarded', () => {
  throw forbidden()
})
app.get('/guarded', (req, res) => res.send('secret\n'))
app.get('/ping', (req, res) => res.send('pong'))

const server = app.listen(port, '127.0.0.1', () => ready(server.address().port))
process.on('SIGTERM', () => {
  server.close()
  if (variant === 'force') server.closeAllConnections()
})
