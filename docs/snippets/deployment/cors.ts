import { App, type Middleware, reply } from 'millrace'

const origins = new Set(['https://shop.example', 'http://localhost:5173'])

const cors: Middleware = ({ head, headers, method }, next) => {
  const origin = String(headers.origin)
  head.set('vary', 'Origin')
  if (origins.has(origin)) {
    head.set('access-control-allow-origin', origin)
    head.set('access-control-expose-headers', 'Preference-Applied, Retry-After')
    if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
      head.set('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
      head.set('access-control-allow-headers', 'Authorization, Content-Type, Prefer, Last-Event-ID')
      return reply.empty()
    }
  }
  return next()
}

const app = new App({ middleware: [cors] })

app.get('/items', () => ['lamp'])

await app.listen({ port: 8000 })
