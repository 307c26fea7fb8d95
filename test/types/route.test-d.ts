/** A declared route as its client sees it: method, path, what is sent and what comes back. */
import { bytes, event, jsonl, reply, type Route, type RouteOptions, Router, sse, text } from 'millrace'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app, db, Page, Row, type RowInput, type RowOutput } from './app.ts'

type SentPage = { limit?: unknown; since?: unknown }

// Declared: inputs as the schemas take them, replies as the schemas give them.
expectTypeOf(app.get('/rows/:id', { returns: Row }, () => ({ id: '1', kind: 'book' }))).toEqualTypeOf<
  Route<'GET', '/rows/:id', { returns: RowOutput }>
>()
expectTypeOf(
  app.post('/rows', { query: Page, body: Row, returns: Row, use: { db }, status: 201 }, ({ body }) => body),
).toEqualTypeOf<Route<'POST', '/rows', { query: SentPage; body: RowInput; returns: RowOutput }>>()
expectTypeOf(
  app.get('/rows', { streams: sse(Row) }, async function* () {
    yield event({ id: '1', kind: 'book' }, { id: '1' })
  }),
).toEqualTypeOf<Route<'GET', '/rows', { streams: RowOutput[] }>>()
expectTypeOf(
  app.put('/rows', { body: jsonl(Row), streams: [jsonl(Row), sse(Row)] }, async function* ({ body }) {
    yield* body
  }),
).toEqualTypeOf<Route<'PUT', '/rows', { body: AsyncIterable<RowInput>; streams: RowOutput[] }>>()
expectTypeOf(
  app.patch('/', { body: text, streams: text }, async function* ({ body }) {
    yield body
  }),
).toEqualTypeOf<Route<'PATCH', '/', { body: string; streams: string }>>()
expectTypeOf(
  app.query('/', { body: bytes(), streams: bytes() }, async function* ({ body }) {
    yield* body
  }),
).toEqualTypeOf<Route<'QUERY', '/', { body: Uint8Array; streams: Uint8Array }>>()
expectTypeOf(
  app.get('/', { headers: z.object({ a: z.string() }), cookies: z.object({ b: z.string() }) }, () => 1),
).toEqualTypeOf<Route<'GET', '/', { headers: { a: string }; cookies: { b: string }; returns: number }>>()

// Inferred, where nothing is declared.
expectTypeOf(app.get('/', () => ({ n: 1 }))).toEqualTypeOf<Route<'GET', '/', { returns: { n: number } }>>()
expectTypeOf(app.delete('/', async () => {})).toEqualTypeOf<Route<'DELETE', '/', { returns: void }>>()
expectTypeOf(app.get('/', () => [1])).toEqualTypeOf<Route<'GET', '/', { returns: number[] }>>()
expectTypeOf(
  app.get('/', async function* () {
    const item = { n: 1 }
    yield item
    yield event(item, { id: '1' })
  }),
).toEqualTypeOf<Route<'GET', '/', { streams: { n: number }[] }>>()
expectTypeOf(
  app.get('/', { query: Page }, function* ({ query }) {
    yield query.limit
  }),
).toEqualTypeOf<Route<'GET', '/', { query: SentPage; streams: number[] }>>()
expectTypeOf(app.get('/', ({ query }) => (query['x'] ? reply.text('x') : { n: 1 }))).toEqualTypeOf<
  Route<'GET', '/', { returns: { n: number } }>
>()
expectTypeOf(app.get('/', () => reply.file('x'))).toEqualTypeOf<Route<'GET', '/', { returns: unknown }>>()

// Any other method.
expectTypeOf(app.route('PURGE', '/cache/:key', ({ params }) => params.key)).toEqualTypeOf<
  Route<'PURGE', '/cache/:key', { returns: string }>
>()
expectTypeOf(
  app.route('PURGE', '/cache/:key', { returns: Row }, () => ({ id: '', kind: 'book' })),
).toEqualTypeOf<Route<'PURGE', '/cache/:key', { returns: RowOutput }>>()

// Under the prefix of its router.
const items = new Router({ prefix: '/shops/:shop/items' })
expectTypeOf(
  items.get('/:id', ({ params }) => {
    expectTypeOf(params).toEqualTypeOf<{ readonly shop: string; readonly id: string }>()
    return params.id
  }),
).toEqualTypeOf<Route<'GET', '/shops/:shop/items/:id', { returns: string }>>()

// Plain data, whatever the types.
const route = app.get('/', { query: Page }, () => 1)
expectTypeOf(route.method).toEqualTypeOf<'GET'>()
expectTypeOf(route.path).toEqualTypeOf<'/'>()
expectTypeOf(route.options).toEqualTypeOf<RouteOptions>()
const any: Route = route
void any

// A client tells routes apart by their types.
type RowsOf<R> = R extends Route<'GET', infer P, { streams: infer Item }> ? [P, Item] : never
const stream = app.get('/rows', { streams: jsonl(Row) }, async function* () {})
expectTypeOf<RowsOf<typeof stream>>().toEqualTypeOf<['/rows', RowOutput[]]>()
expectTypeOf<RowsOf<typeof route>>().toEqualTypeOf<never>()

// @ts-expect-error misspelt
app.get('/', { retuns: Row }, () => 1)
// @ts-expect-error misspelt, beside a right one
app.get('/', { query: Page, retuns: Row }, () => 1)
// @ts-expect-error a status is a number
app.get('/', { status: '201' }, () => 1)
// @ts-expect-error the handler is missing
app.get('/', { returns: Row })
// @ts-expect-error a path is a string
app.get(/rows/, () => 1)
