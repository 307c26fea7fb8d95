/** What a handler gets: inputs typed by the path and the schemas, and the rest of the context. */
import { bytes, type Context, type Head, jsonl, type RequestBody, type RequestContext, text } from 'millrace'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app, Page, type PageOutput, Row, type RowOutput } from './app.ts'

// Parameters, by the path.
app.get('/', ({ params }) => expectTypeOf(params).toEqualTypeOf<{}>())
app.get('/rows/:id', ({ params }) => expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>())
app.get('/a/:first/b/:second', {}, ({ params }) => {
  expectTypeOf(params).toEqualTypeOf<{ readonly first: string; readonly second: string }>()
})
app.get('/:first/:second', ({ params }) => {
  expectTypeOf(params).toEqualTypeOf<{ readonly first: string; readonly second: string }>()
})
app.get('/files/*rest', ({ params }) => expectTypeOf(params).toEqualTypeOf<{ readonly rest: string }>())
app.get('/files/*', ({ params }) => expectTypeOf(params).toEqualTypeOf<{ readonly '*': string }>())
app.get('/users/:user/files/*path', ({ params }) => {
  expectTypeOf(params).toEqualTypeOf<{ readonly user: string; readonly path: string }>()
})
app.get('/files/:id/', ({ params }) => expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>())

declare const computed: string
app.get(computed, ({ params }) => expectTypeOf(params).toEqualTypeOf<Readonly<Record<string, string>>>())

// @ts-expect-error the path has no parameter of this name
app.get('/rows/:id', ({ params }) => params.row)
// @ts-expect-error the same where there are options
app.get('/rows/:id', { query: Page }, ({ params }) => params.row)

// Every input, by its schema.
app.get(
  '/rows/:id',
  {
    params: z.object({ id: z.coerce.number() }),
    query: Page,
    headers: z.object({ 'x-trace': z.string() }),
    cookies: z.object({ session: z.uuid().optional() }),
  },
  ({ params, query, headers, cookies }) => {
    expectTypeOf(params).toEqualTypeOf<{ id: number }>()
    expectTypeOf(query).toEqualTypeOf<PageOutput>()
    expectTypeOf(headers).toEqualTypeOf<{ 'x-trace': string }>()
    expectTypeOf(cookies).toEqualTypeOf<{ session?: string | undefined }>()
  },
)

// Without schemas: as they came.
app.get('/', ({ query, headers, cookies, body }) => {
  expectTypeOf(query).toEqualTypeOf<Readonly<Record<string, string | string[]>>>()
  expectTypeOf(headers).toEqualTypeOf<Readonly<Record<string, string | readonly string[] | undefined>>>()
  expectTypeOf(cookies).toEqualTypeOf<Readonly<Record<string, string | undefined>>>()
  expectTypeOf(body).toEqualTypeOf<RequestBody>()
})

// The body.
app.post('/', { body: Row }, ({ body }) => expectTypeOf(body).toEqualTypeOf<RowOutput>())
app.post('/', { body: text }, ({ body }) => expectTypeOf(body).toEqualTypeOf<string>())
app.post('/', { body: bytes('image/png') }, ({ body }) => expectTypeOf(body).toEqualTypeOf<RequestBody>())
app.post('/', { body: jsonl(Row) }, ({ body }) => {
  expectTypeOf(body).toEqualTypeOf<AsyncIterable<RowOutput>>()
})
app.post('/', { body: jsonl() }, ({ body }) => expectTypeOf(body).toEqualTypeOf<AsyncIterable<unknown>>())
app.query('/', { body: Row }, ({ body }) => expectTypeOf(body).toEqualTypeOf<RowOutput>())

// Options in a variable; options of which only the interface is known.
const shared = { query: Page, tags: ['rows'] }
app.get('/', shared, ({ query }) => expectTypeOf(query).toEqualTypeOf<PageOutput>())
app.get('/', { ...shared, body: text }, ({ query, body }) => {
  expectTypeOf(query).toEqualTypeOf<PageOutput>()
  expectTypeOf(body).toEqualTypeOf<string>()
})

// The rest of the context.
app.get('/', async ({ after, head, lastEventId, log, method, on, path, route, signal, sleep }) => {
  expectTypeOf(head).toEqualTypeOf<Head>()
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
  expectTypeOf(sleep(1)).toEqualTypeOf<Promise<void>>()
  expectTypeOf([method, path]).toEqualTypeOf<string[]>()
  expectTypeOf([lastEventId, route]).toEqualTypeOf<(string | undefined)[]>()
  after(({ outcome }) => {
    expectTypeOf(outcome).toEqualTypeOf<'complete' | 'disconnect' | 'error' | 'timeout' | 'shutdown'>()
    log.info({ outcome }, 'ended')
  })
  for await (const args of on(new EventTarget(), 'tick')) expectTypeOf(args).toEqualTypeOf<unknown[]>()
})

// @ts-expect-error the context has no such member
app.get('/', ({ sleeep }) => sleeep)
// @ts-expect-error nothing provides this
app.get('/', ({ db }) => db)

// A function that serves any handler takes what all contexts have in common.
declare function audit(context: RequestContext): void
app.get('/', { query: Page }, (ctx) => audit(ctx))
// One that reads inputs says which.
declare function since(context: Context<string, { query: PageOutput }>): Date | undefined
app.get('/rows/:id', { query: Page }, (ctx) => since(ctx))
// @ts-expect-error the route does not declare the query
app.get('/rows/:id', (ctx) => since(ctx))

// Handlers may be written apart, and say what they read.
async function* rowsSince({ params, query }: Context<'/rows/:id', { query: PageOutput }>) {
  yield { id: params.id + query.limit, kind: 'book' as const }
}
app.get('/rows/:id', { query: Page, streams: jsonl(Row) }, rowsSince)
// @ts-expect-error the route does not declare the query
app.get('/rows/:id', { streams: jsonl(Row) }, rowsSince)
// @ts-expect-error nor does it have the parameter
app.get('/rows', { query: Page, streams: jsonl(Row) }, rowsSince)
