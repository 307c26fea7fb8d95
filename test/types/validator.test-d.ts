/** The same with zod, valibot, arktype, and a Standard Schema written by hand. */
import { type } from 'arktype'
import { channel, jsonl, type Route, type Schema, sse } from 'millrace'
import * as v from 'valibot'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { app } from './app.ts'

type In = { id: string; kind: 'book' | 'film'; count?: string | undefined }
type Out = { id: string; kind: 'book' | 'film'; count: number }

const schemas = {
  zod: z.object({ id: z.string(), kind: z.enum(['book', 'film']) }),
  mini: mini.object({ id: mini.string(), kind: mini.enum(['book', 'film']) }),
  valibot: v.object({ id: v.string(), kind: v.picklist(['book', 'film']) }),
  arktype: type({ id: 'string', kind: "'book' | 'film'" }),
}
type Value = { id: string; kind: 'book' | 'film' }
declare const own: Schema<In, Out>

app.post('/', { query: schemas.zod, body: schemas.zod }, ({ query, body }) => {
  expectTypeOf(query).toEqualTypeOf<Value>()
  expectTypeOf(body).toEqualTypeOf<Value>()
})
app.post('/', { query: schemas.mini, body: schemas.mini }, ({ query, body }) => {
  expectTypeOf(query).toEqualTypeOf<Value>()
  expectTypeOf(body).toEqualTypeOf<Value>()
})
app.post('/', { query: schemas.valibot, body: schemas.valibot }, ({ query, body }) => {
  expectTypeOf(query).toEqualTypeOf<Value>()
  expectTypeOf(body).toEqualTypeOf<Value>()
})
app.post('/', { query: schemas.arktype, body: schemas.arktype }, ({ query, body }) => {
  expectTypeOf(query).toEqualTypeOf<Value>()
  expectTypeOf(body).toEqualTypeOf<Value>()
})
app.post('/', { query: own, body: own }, ({ query, body }) => {
  expectTypeOf(query).toEqualTypeOf<Out>()
  expectTypeOf(body).toEqualTypeOf<Out>()
})

// Replies are given as the schema takes them. Literals stay literals.
app.get('/', { returns: schemas.mini }, () => ({ id: '1', kind: 'book' }))
app.get('/', { returns: schemas.valibot }, () => ({ id: '1', kind: 'book' }))
app.get('/', { returns: schemas.arktype }, () => ({ id: '1', kind: 'book' }))
app.get('/', { returns: own }, () => ({ id: '1', kind: 'book', count: '5' }))
app.get('/', { streams: jsonl(schemas.mini) }, async function* () {
  yield { id: '1', kind: 'book' }
})
app.get('/', { streams: jsonl(schemas.valibot) }, async function* () {
  yield { id: '1', kind: 'book' }
})
app.get('/', { streams: sse(schemas.arktype) }, async function* () {
  yield { id: '1', kind: 'book' }
})
app.get('/', { streams: [jsonl(own), sse(own)] }, async function* () {
  yield { id: '1', kind: 'book', count: '5' }
})
// @ts-expect-error not one of the kinds
app.get('/', { returns: schemas.valibot }, () => ({ id: '1', kind: 'song' }))
// @ts-expect-error not one of the kinds
app.get('/', { returns: schemas.arktype }, () => ({ id: '1', kind: 'song' }))
// @ts-expect-error the schema takes a string
app.get('/', { returns: own }, () => ({ id: '1', kind: 'book', count: 5 }))

// Where input and output differ, the client sends the one and gets the other.
const converting = {
  zod: z.object({ n: z.string().transform(Number) }),
  valibot: v.object({ n: v.pipe(v.string(), v.transform(Number)) }),
  arktype: type({ n: 'string.numeric.parse' }),
}
type Both<S> = Route<'POST', '/', { body: { n: string }; returns: { n: number } }> & S
expectTypeOf(app.post('/', { body: converting.zod, returns: converting.zod }, () => ({ n: '1' }))).toExtend<
  Both<unknown>
>()
expectTypeOf(
  app.post('/', { body: converting.valibot, returns: converting.valibot }, () => ({ n: '1' })),
).toExtend<Both<unknown>>()
expectTypeOf(
  app.post('/', { body: converting.arktype, returns: converting.arktype }, () => ({ n: '1' })),
).toExtend<Both<unknown>>()
expectTypeOf(app.post('/', { body: own, returns: own }, () => ({ id: '', kind: 'book' }))).toEqualTypeOf<
  Route<'POST', '/', { body: In; returns: Out }>
>()

// Channels and sockets.
expectTypeOf(channel('own', own).publish).parameter(0).toEqualTypeOf<In>()
app.websocket('/', { receives: schemas.arktype, sends: converting.valibot }, async ({ socket }) => {
  for await (const message of socket) expectTypeOf(message).toEqualTypeOf<Value>()
  await socket.send({ n: '5' })
  // @ts-expect-error sent as the schema takes it
  await socket.send({ n: 5 })
})

// Generic helpers pass schemas on.
function crud<S extends Schema>(schema: S) {
  return app.get('/', { returns: schema, query: schema }, () => undefined as never)
}
expectTypeOf(crud(schemas.valibot)).toEqualTypeOf<Route<'GET', '/', { query: Value; returns: Value }>>()
