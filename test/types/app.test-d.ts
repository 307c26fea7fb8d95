/** Apps: options, lifespan, middleware, error handlers, mounts. */
import { App, HttpError, type Middleware, type Reply, reply, Router } from 'millrace'
import { expectTypeOf } from 'vitest'
import { app, db, type Db } from './app.ts'

// Lifespan.
void new App({
  title: 'Shop',
  lifespan: async function* () {
    yield
  },
})
// @ts-expect-error start-up and shutdown are one generator
void new App({ lifespan: async () => {} })
// @ts-expect-error misspelt
void new App({ titel: 'Shop' })

// Middleware, named and in place.
const timing: Middleware = async (ctx, next) => {
  expectTypeOf(ctx.query).toEqualTypeOf<Readonly<Record<string, string | string[]>>>()
  const made = await next()
  expectTypeOf(made).toEqualTypeOf<Reply>()
  made.headers['x-time'] = '1'
  return made
}
void new App({ middleware: [timing, (_ctx, next) => next()] })
void new Router({ middleware: [timing] })
app.get('/', { middleware: [timing, ({ path }) => reply.text(path)] }, () => 1)
// @ts-expect-error middleware returns a reply
app.get('/', { middleware: [() => 'hello'] }, () => 1)
// @ts-expect-error middleware returns a reply
const forgetful: Middleware = async (_ctx, next) => {
  await next()
}
void forgetful

// Errors.
app.onError((error, { path }) => {
  expectTypeOf(error).toEqualTypeOf<unknown>()
  expectTypeOf(path).toEqualTypeOf<string>()
  return error instanceof HttpError ? reply.json({ code: error.code }) : undefined
})
// @ts-expect-error an error is answered with a reply
app.onError(() => 'sorry')

// An app that provides more can be passed where less is asked for, and not the other way round.
declare function register(plain: App): void
declare function registerWired(wired: App<{ db: Db }>): void
register(new App({ use: { db } }))
registerWired(new App({ use: { db } }))
// @ts-expect-error it does not provide the database
registerWired(app)

// Routers and mounts.
app.include(new Router({ prefix: '/items' }))
app.mount('/old', (request) => new Response(request.url))
app.mount('/old', { fetch: async () => new Response() })
// @ts-expect-error not an app
app.mount('/old', { handle: () => {} })
// @ts-expect-error not a router
app.include({ prefix: '/items' })
