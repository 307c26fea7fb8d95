/** Routes that return one value. */
import { reply } from 'millrace'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app, db, Row, type RowInput } from './app.ts'

// Literals stay literals however the handler is written.
app.get('/', { returns: Row }, () => ({ id: '1', kind: 'book' }))
app.get('/:id', { returns: Row }, ({ params }) => ({ id: params.id, kind: 'film' }))
app.get('/', { returns: Row }, async () => ({ id: '1', kind: 'book', tags: [] }))
app.get('/', { returns: Row }, async function ({ query }) {
  if (query['film']) return { id: '1', kind: 'film' }
  return { id: '2', kind: 'book' }
})
app.get('/', { returns: z.array(Row) }, ({ query }) =>
  Object.keys(query).map((id) => ({ id, kind: 'book' as const })),
)
app.get('/', { returns: z.object({ items: z.array(Row), total: z.number() }) }, () => ({
  items: [{ id: '1', kind: 'book' }],
  total: 1,
}))
app.get('/', { returns: z.literal('ok') }, () => 'ok')
app.get('/:id', { returns: Row, use: { db } }, ({ db, params }) => db.find(params.id))

// What is awaited like a promise, such as the query of a database library.
declare const query: PromiseLike<RowInput>
app.get('/', { returns: Row }, () => query)

// What the schema does not name is stripped before it is sent, so it may be there.
app.get('/', { returns: Row }, () => ({ id: '1', kind: 'book', secret: 'hash' }))

// Replies made by hand.
app.get('/', { returns: Row }, ({ query }) => {
  if (query['gone']) return reply.json({ gone: true }, { status: 410 })
  if (query['raw']) return new Response('raw')
  if (query['file']) return reply.file('row.json')
  return { id: '1', kind: 'book' }
})

// @ts-expect-error a wrong property
app.get('/', { returns: Row }, () => ({ id: 1, kind: 'book' }))
// @ts-expect-error a missing property
app.get('/', { returns: Row }, () => ({ id: '1' }))
// @ts-expect-error a missing property, of an async function
app.get('/', { returns: Row }, async () => {
  return { id: '1' }
})
// @ts-expect-error not one of the kinds
app.get('/', { returns: Row }, ({ params }) => ({ id: String(params), kind: 'song' }))
// @ts-expect-error nothing
app.get('/', { returns: Row }, () => {})
// @ts-expect-error a list of rows is no row
app.get('/', { returns: Row }, () => [{ id: '1', kind: 'book' }])
// @ts-expect-error a generator is no row
app.get('/', { returns: Row }, async function* () {
  yield { id: '1', kind: 'book' }
})
// @ts-expect-error not a schema
app.get('/', { returns: { id: 'string' } }, () => ({ id: '1' }))

// Without a declaration anything may be returned.
app.get('/', () => ({ id: '1' }))
app.get('/', () => undefined)
app.get('/', { query: Row }, ({ query }) => query)
app.get('/', { status: 201 }, () => 'made')
app.get('/', async function* () {
  yield 1
})

// Replies.
expectTypeOf(reply.json).parameter(0).toEqualTypeOf<unknown>()
reply.text('hello', { status: 404, headers: { 'x-a': ['1', '2'] } })
reply.redirect('/elsewhere')
reply.empty()
reply.bytes(new Uint8Array(1))
reply.stream(['a', new Uint8Array(1)], { mediaType: 'text/plain', length: 2 })
reply.stream(new ReadableStream<Uint8Array>())
reply.file('report.pdf', { downloadAs: 'Report.pdf' })
// @ts-expect-error text is a string
reply.text(5)
// @ts-expect-error misspelt
reply.json({}, { stauts: 404 })
// @ts-expect-error numbers are no chunks
reply.stream([1, 2])
// @ts-expect-error not a path
reply.file(5)
