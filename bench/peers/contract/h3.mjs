/** h3 on srvx: `iterable()` around the generator, the request's signal, srvx's own handling of SIGTERM. */
import { H3, HTTPError, iterable, serve } from 'h3'
import { port, ready, streams, tellOf, variant } from '../../src/contract/server/producer.mjs'

const forbidden = () => new HTTPError({ status: 403 })

const app = new H3({ silent: true })

app.use('/guarded', () => {
  throw forbidden()
})

for (const [path, make] of Object.entries(streams)) {
  app.get(path, (event) => {
    const id = event.url.searchParams.get('id')
    const { signal } = event.req
    tellOf(signal, id)
    event.res.headers.set('content-type', 'text/plain; charset=utf-8')
    return iterable(make({ id, signal, forbidden }))
  })
}

app.get('/guarded', () => iterable(['secret\n']))
app.get('/ping', () => 'pong')

const server = serve(app, {
  port,
  hostname: '127.0.0.1',
  silent: true,
  ...(variant === 'short' ? { gracefulShutdown: { gracefulTimeout: 1 } } : {}),
})
await server.ready()
ready(Number(new URL(server.url).port))
