/** Routes that stream: what may be yielded or returned, and what may not. */
import { Readable } from 'node:stream'
import { bytes, channel, event, jsonArray, jsonl, jsonSeq, reply, sse, text } from 'millrace'
import { z } from 'zod'
import { app, Row } from './app.ts'

// Generators of both kinds. Literals stay literals, with and without the context.
app.get('/', { streams: jsonl(Row) }, async function* () {
  yield { id: '1', kind: 'book' }
})
app.get('/', { streams: sse(Row) }, async function* ({ sleep }) {
  await sleep(1)
  yield { id: '1', kind: 'book', tags: ['new'] }
  yield { id: '2', kind: Math.random() > 0.5 ? 'book' : 'film' }
})
app.get('/', { streams: jsonSeq(Row) }, function* () {
  yield { id: '1', kind: 'film' }
})
app.get('/:id', { streams: jsonArray(Row) }, function* ({ params }) {
  yield { id: params.id, kind: 'film' }
})
app.get('/', { streams: text }, async function* () {
  yield 'line\n'
  yield* ['more\n', 'and more\n']
})
app.get('/', { streams: bytes('video/mp4') }, async function* () {
  yield new Uint8Array(4)
  yield Buffer.from('frame')
})
app.get('/', { streams: jsonl() }, async function* () {
  yield 1
  yield { any: 'thing' }
})

// Several formats: an item passes all of them.
app.get('/', { streams: [jsonl(Row), sse(Row)] }, async function* () {
  yield { id: '1', kind: 'book' }
})
const Priced = z.object({ price: z.number() })
app.get('/', { streams: [jsonl(Row), sse(Priced)] }, async function* () {
  yield { id: '1', kind: 'book', price: 2 }
})
// @ts-expect-error the second format asks for a price
app.get('/', { streams: [jsonl(Row), sse(Priced)] }, async function* () {
  yield { id: '1', kind: 'book' }
})

// Items with metadata.
app.get('/', { streams: sse(Row) }, async function* ({ lastEventId }) {
  yield event({ id: '1', kind: 'book', tags: ['new'] }, { id: '1', event: 'row', retry: 1000 })
  yield event({ id: '2', kind: lastEventId === undefined ? 'book' : 'film' }, { id: '2' })
  yield { id: '3', kind: 'film' }
})
app.get('/', { streams: sse() }, async function* () {
  yield event([1, 2], { id: '1' })
  // @ts-expect-error an event has no such metadata
  yield event([1, 2], { ids: '1' })
})
// @ts-expect-error the data of the event is no Row
app.get('/', { streams: sse(Row) }, async function* () {
  yield event({ id: 1, kind: 'book' }, { id: '1' })
})

// What else can be streamed.
const rows = channel('rows', Row)
app.get('/', { streams: sse(Row) }, () => rows.subscribe({ replay: 10 }))
app.get('/', { streams: sse(Row) }, async function* ({ signal }) {
  yield* rows.subscribe({ signal })
})
app.get('/', { streams: text }, () => Readable.from(['a', 'b']))
app.get('/', { streams: bytes() }, () => new ReadableStream<Uint8Array>())
app.get('/', { streams: text }, () => ['a', 'b'])
app.get('/', { streams: text }, async () => new Set(['a', 'b']))
app.get('/', { streams: sse(Row) }, async ({ lastEventId }) => {
  if (lastEventId !== undefined) return reply.empty()
  return rows.subscribe()
})

// Replies made by hand.
app.get('/', { streams: text }, () => reply.text('not today', { status: 503 }))
app.get('/', { streams: bytes() }, () => reply.file('movie.mp4'))
app.get('/', { streams: text }, async () => new Response('hello'))
app.get('/', { streams: text }, () => fetch('http://localhost'))

// @ts-expect-error a number is no text
app.get('/', { streams: text }, async function* () {
  yield 1
})
// @ts-expect-error the same, of a sync generator
app.get('/', { streams: text }, function* () {
  yield 1
})
// @ts-expect-error a property is missing
app.get('/', { streams: jsonl(Row) }, async function* () {
  yield { id: '1' }
})
// @ts-expect-error not one of the kinds
app.get('/', { streams: jsonl(Row) }, async function* () {
  yield { id: '1', kind: 'song' }
})
// @ts-expect-error one wrong yield among right ones
app.get('/', { streams: jsonl(Row) }, async function* ({ query }) {
  yield { id: '1', kind: 'book' }
  if (query['more']) yield { id: 2, kind: 'book' }
})
// @ts-expect-error a channel of something else
app.get('/', { streams: sse(Priced) }, () => rows.subscribe())
// @ts-expect-error a web stream of strings where bytes are declared
app.get('/', { streams: bytes() }, () => new ReadableStream<string>())
// @ts-expect-error one row is no stream of rows
app.get('/', { streams: jsonl(Row) }, () => ({ id: '1', kind: 'book' }))
// @ts-expect-error a schema is no format
app.get('/', { streams: Row }, async function* () {
  yield { id: '1', kind: 'book' }
})
// @ts-expect-error the format was not called
app.get('/', { streams: jsonl }, async function* () {})
// @ts-expect-error events are no body
app.post('/', { body: sse(Row) }, () => 1)
// @ts-expect-error one or the other
app.get('/', { returns: Row, streams: jsonl(Row) }, async function* () {
  yield { id: '1', kind: 'book' }
})

// A limit: with middleware written in place, literals stay literals only if the handler names its context,
// since the compiler looks at functions without parameters before it looks at such options.
// @ts-expect-error the kind has become a string
app.get('/', { streams: jsonl(Row), middleware: [(_ctx, next) => next()] }, async function* () {
  yield { id: '1', kind: 'book' }
})
app.get('/', { streams: jsonl(Row), middleware: [(_ctx, next) => next()] }, async function* (_ctx) {
  yield { id: '1', kind: 'book' }
})
