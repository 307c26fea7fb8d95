/** An app with a route for each way in and out, small limits and short timeouts, so that everything ends soon. */
import { App, channel, dependency, HttpError, reply } from 'millrace'
import { diskStore } from 'millrace/node'
import { z } from 'zod'
import { bodyRoutes } from './body.mjs'
import { counted, isOnPurpose, live, log, OnPurpose } from './live.mjs'
import { replyRoutes } from './reply.mjs'
import { socketRoutes } from './socket.mjs'

const TIMEOUTS = { headers: 1500, body: 800, first: 800, idle: 800, stall: 800, total: 2500 }

/** A resource with a cleanup that takes a turn. */
const resource = dependency(async function* ({ headers }) {
  if (headers['x-refuse'] !== undefined) throw new HttpError(403)
  live.dependencies++
  try {
    yield 'resource'
  } finally {
    await new Promise((resolve) => setImmediate(resolve))
    live.dependencies--
  }
})

/** Says which request a reply belongs to, and how its body is to be read. */
function identify(context, next) {
  live.requests++
  const id = context.request.headers['x-id']
  if (typeof id === 'string' && /^\d{1,9}$/.test(id)) context.head.set('x-id', id)
  context.head.set('x-method', context.method === 'HEAD' ? 'HEAD' : 'other')
  return next()
}

/** @param place the folders that the app may write to, and the one it serves. */
export function createApp(place, middleware = []) {
  const app = new App({
    log,
    compress: true,
    bodyLimit: 64 * 1024,
    timeouts: TIMEOUTS,
    unwindMs: 1000,
    middleware: [identify, ...middleware],
  })
  app.onError((error) => {
    if (isOnPurpose(error, 'handled')) return reply.text('handled', { status: 418 })
  })
  const news = channel('news', z.string(), { history: 50, slow: 'drop-oldest' })
  replyRoutes(app, { place, resource, news })
  bodyRoutes(app, { place, resource, store: diskStore(place.incoming, { fsync: false }) })
  socketRoutes(app, { resource, news })
  app.static('/public', place.public, { precompressed: true })
  mountAll(app)
  return app
}

function mountAll(app) {
  const inner = new App({ log, timeouts: TIMEOUTS })
  inner.get(
    '/deep/:id',
    counted(({ params }) => params),
  )
  inner.post(
    '/echo',
    counted(async ({ body }) => new Response(await body.text())),
  )
  app.mount('/inner', inner)
  app.mount('/fetch', async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/throw')) throw new OnPurpose('mount')
    if (pathname.endsWith('/body')) return new Response(request.body)
    return new Response(pathname)
  })
}
