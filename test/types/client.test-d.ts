/** The client: what a module's routes look like from outside. */
import { App, bytes, event, jsonl, reply, Router, sse, text } from 'millrace'
import {
  type Call,
  type ClientSocket,
  createClient,
  ReplyError,
  type StreamCall,
  type Under,
} from 'millrace/client'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app, db, Page, Row, type RowInput, type RowOutput } from './app.ts'

const users = new Router({ prefix: '/users', use: { db } })

/** As `typeof import('./server.ts')` is: routes among everything else that a module exports. */
const server = {
  app,
  Row,
  Page,
  version: '1',
  start: () => new App(),
  nothing: undefined,
  read: app.get('/rows/:id', { returns: Row }, () => ({ id: '1', kind: 'book' })),
  list: app.get('/rows', { query: Page, streams: [jsonl(Row), sse(Row)] }, async function* () {
    yield event({ id: '1', kind: 'book' }, { id: '1' })
  }),
  create: app.post('/rows', { body: Row, returns: Row, status: 201 }, ({ body }) => body),
  search: app.get('/search', { query: z.object({ q: z.string(), limit: z.number().optional() }) }, () => [1]),
  at: app.get(
    '/at',
    { returns: z.object({ at: z.date(), maybe: z.date().optional(), set: z.array(z.date()) }) },
    () => ({
      at: new Date(),
      set: [],
    }),
  ),
  lines: app.get('/lines', { streams: text }, async function* () {}),
  tokens: app.get('/tokens', { streams: sse(z.string()) }, async function* () {}),
  video: app.get('/video', { streams: bytes('video/mp4') }, async function* () {}),
  inferred: app.get('/inferred', async function* () {
    yield { n: 1 }
  }),
  chunks: app.get('/chunks', function* () {
    yield 'a'
  }),
  file: app.get('/file', () => reply.file('x')),
  nothingBack: app.delete('/rows/:id', async () => {}),
  note: app.post('/note', { body: z.string().optional(), returns: Row.optional() }, () => undefined),
  preset: app.post(
    '/preset',
    { body: z.object({ a: z.string() }).default({ a: 'b' }) },
    ({ body }) => body.a,
  ),
  upload: app.post('/upload', { body: bytes() }, () => 1),
  importRows: app.post('/import', { body: jsonl(Row), streams: jsonl(Row) }, async function* ({ body }) {
    yield* body
  }),
  traced: app.get('/traced', { headers: z.object({ 'x-trace': z.string() }) }, () => 1),
  rest: app.get('/files/*path', () => 1),
  checked: app.get('/checked/:id', { params: z.object({ id: z.coerce.number() }) }, () => 1),
  purge: app.route('PURGE', '/cache/:key', () => 1),
  user: users.get('/:id', ({ params }) => params),
  chat: app.websocket('/chat', { receives: z.string(), sends: z.string() }, async () => {}),
  points: app.websocket('/points/:room', { receives: Row, sends: Row }, async () => {}),
  anything: app.websocket('/anything', {}, async () => {}),
}
const api = createClient<typeof server>('http://localhost')

// Values are promises, streams both: of all of it, and iterable.
expectTypeOf(api.get('/rows/:id', { params: { id: 1 } })).toEqualTypeOf<Promise<RowOutput>>()
expectTypeOf(await api.get('/rows/:id', { params: { id: '1' } })).toEqualTypeOf<RowOutput>()
expectTypeOf(api.get('/rows')).toEqualTypeOf<StreamCall<RowOutput[], RowOutput>>()
for await (const row of api.get('/rows', { query: { limit: '5' } }))
  expectTypeOf(row).toEqualTypeOf<RowOutput>()
for await (const { data, id } of api.get('/rows').events()) {
  expectTypeOf(data).toEqualTypeOf<RowOutput>()
  expectTypeOf(id).toEqualTypeOf<string | undefined>()
}
expectTypeOf(await api.get('/rows')).toEqualTypeOf<RowOutput[]>()
expectTypeOf(api.get('/lines')).toEqualTypeOf<StreamCall<string, string>>()
expectTypeOf(api.get('/tokens')).toEqualTypeOf<StreamCall<string[], string>>()
expectTypeOf(api.get('/video')).toEqualTypeOf<StreamCall<Uint8Array, Uint8Array>>()
expectTypeOf(api.get('/inferred')).toEqualTypeOf<StreamCall<{ n: number }[], { n: number }>>()
expectTypeOf(api.get('/chunks')).toEqualTypeOf<StreamCall<string, string>>()
expectTypeOf(await api.get('/file')).toEqualTypeOf<unknown>()
expectTypeOf(api.get('/file')).toEqualTypeOf<Call<unknown>>()
expectTypeOf(await api.delete('/rows/:id', { params: { id: '1' } })).toEqualTypeOf<void>()
expectTypeOf(await api.get('/rows').response).toEqualTypeOf<Response>()

// As JSON makes it.
expectTypeOf(await api.get('/at')).toEqualTypeOf<{ at: string; maybe?: string | undefined; set: string[] }>()

// Inputs.
api.post('/rows', { body: { id: '1', kind: 'book' } satisfies RowInput })
api.post('/rows', { body: new URLSearchParams() })
api.get('/search', { query: { q: 'x' }, signal: AbortSignal.timeout(1), headers: { 'x-a': 1 } })
// What takes undefined may be left out.
expectTypeOf(await api.post('/note')).toEqualTypeOf<RowOutput | undefined>()
void api.post('/note', { body: 'x' })
void api.post('/preset')
// @ts-expect-error not a string
void api.post('/note', { body: 1 })
api.post('/upload', { body: new Blob([]), onUploadProgress: ({ sent }) => sent })
api.post('/upload', { body: new ReadableStream<Uint8Array>() })
api.post('/import', {
  body: (async function* () {
    yield { id: '1', kind: 'book' as const }
  })(),
})
api.get('/traced', { headers: { 'x-trace': 'a', other: 'b' } })
api.get('/files/*path', { params: { path: 'a/b' } })
api.get('/checked/:id', { params: { id: '5' } })
api.method('PURGE')('/cache/:key', { params: { key: 'k' } })
api.get('/users/:id', { params: { id: '1' } })

// @ts-expect-error no such path
api.get('/rowz')
// @ts-expect-error no such method
api.put('/rows')
// @ts-expect-error the parameter is missing
api.get('/rows/:id')
// @ts-expect-error the parameter has another name
api.get('/rows/:id', { params: { row: '1' } })
// @ts-expect-error the query is missing
api.get('/search')
// @ts-expect-error it is no number
api.get('/search', { query: { q: 5 } })
// @ts-expect-error misspelt
api.get('/search', { query: { q: '5', limmit: 5 } })
// @ts-expect-error misspelt
api.get('/rows', { querry: {} })
// @ts-expect-error the body is missing
api.post('/rows')
// @ts-expect-error not one of the kinds
api.post('/rows', { body: { id: '1', kind: 'song' } })
// @ts-expect-error the header is missing
api.get('/traced', { headers: { other: 'b' } })
// @ts-expect-error a value is no stream
for await (const x of api.get('/rows/:id', { params: { id: '1' } })) void x
// @ts-expect-error a string is no bytes
api.post('/upload', { body: 'text' })

// Errors.
declare const error: unknown
if (error instanceof ReplyError) {
  expectTypeOf(error.status).toEqualTypeOf<number>()
  if (error.is('NOT_FOUND')) expectTypeOf(error.status).toEqualTypeOf<404>()
  if (error.is('VALIDATION_FAILED'))
    expectTypeOf(error.problem.errors[0]?.detail).toEqualTypeOf<string | undefined>()
  if (error.is(413)) expectTypeOf(error.code).toEqualTypeOf<'BODY_TOO_LARGE'>()
  if (error.is('https://example.com/problems/credit'))
    expectTypeOf(error.problem['credit']).toEqualTypeOf<unknown>()
}

// WebSockets.
expectTypeOf(await api.websocket('/chat')).toEqualTypeOf<ClientSocket<string, string>>()
const points = await api.websocket('/points/:room', { params: { room: 'a' }, json: true })
expectTypeOf(points).toEqualTypeOf<ClientSocket<RowOutput, RowInput>>()
points.send({ id: '1', kind: 'book' })
for await (const point of points) expectTypeOf(point).toEqualTypeOf<RowOutput>()
for await (const message of await api.websocket('/anything'))
  expectTypeOf(message).toEqualTypeOf<string | Uint8Array>()
// @ts-expect-error messages of that route are JSON, and only the caller can say so
void api.websocket('/points/:room', { params: { room: 'a' } })
// @ts-expect-error messages of that route are text
void api.websocket('/chat', { json: true })
// @ts-expect-error no row
points.send('hello')
// @ts-expect-error not a WebSocket
void api.websocket('/rows')

// Under the prefix of a router that includes the module's.
const nested = createClient<Under<'/v1', typeof server>>('http://localhost')
expectTypeOf(await nested.get('/v1/rows/:id', { params: { id: '1' } })).toEqualTypeOf<RowOutput>()
expectTypeOf(await nested.websocket('/v1/chat')).toEqualTypeOf<ClientSocket<string, string>>()
// @ts-expect-error without the prefix
nested.get('/rows')

// Modules together.
const both = createClient<{ a: typeof server.read } & { b: typeof server.chunks }>('http://localhost')
expectTypeOf(await both.get('/rows/:id', { params: { id: '1' } })).toEqualTypeOf<RowOutput>()
expectTypeOf(both.get('/chunks')).toEqualTypeOf<StreamCall<string, string>>()
