/** WebSockets and channels: messages both ways. */
import { type Channel, channel, type Message, type SocketClose, type WebSocketRoute } from 'millrace'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app, Page, type PageOutput, Row, type RowInput, type RowOutput } from './app.ts'

const rows = channel('rows', Row, { history: 10, slow: 'drop-oldest' })
const lines = channel('lines', z.string())

// Both ways, by their schemas; the handshake's inputs like those of any route.
const route = app.websocket(
  '/rooms/:room',
  { receives: z.object({ say: z.string() }), sends: Row, query: Page },
  async ({ socket, params, query, signal }) => {
    expectTypeOf(params).toEqualTypeOf<{ readonly room: string }>()
    expectTypeOf(query).toEqualTypeOf<PageOutput>()
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    for await (const message of socket) {
      expectTypeOf(message).toEqualTypeOf<{ say: string }>()
      await socket.send({ id: message.say, kind: 'book' })
    }
    expectTypeOf(socket.closed).toEqualTypeOf<Promise<SocketClose>>()
    expectTypeOf(socket.follow(rows, { replay: 5 })).toEqualTypeOf<() => void>()
    socket.close(4000, 'done')
    // @ts-expect-error a property is missing
    await socket.send({ id: '1' })
    // @ts-expect-error not one of the kinds
    await socket.send({ id: '1', kind: 'song' })
    // @ts-expect-error a string is no row
    await socket.send('hello')
    // @ts-expect-error a channel of something else
    socket.follow(lines)
  },
)
expectTypeOf(route).toEqualTypeOf<
  WebSocketRoute<
    '/rooms/:room',
    { query: { limit?: unknown; since?: unknown }; receives: { say: string }; sends: RowOutput }
  >
>()

// Without schemas: text and bytes come in, anything goes out.
app.websocket('/', {}, async ({ socket }) => {
  for await (const message of socket) expectTypeOf(message).toEqualTypeOf<Message>()
  await socket.send({ any: 'thing' })
  socket.follow(lines)
})

// @ts-expect-error misspelt
app.websocket('/', { recieves: Row }, async () => {})
// @ts-expect-error misspelt, beside a right one
app.websocket('/', { sends: Row, recieves: Row }, async () => {})
// @ts-expect-error an option of other routes
app.websocket('/', { returns: Row }, async () => {})
// @ts-expect-error only WebSocket routes have a socket
app.get('/', ({ socket }) => socket)

// Channels: published as the schema takes it, followed as it gives it.
expectTypeOf(rows).toEqualTypeOf<Channel<RowOutput, RowInput>>()
expectTypeOf(rows.publish).parameter(0).toEqualTypeOf<RowInput>()
expectTypeOf(rows.publish({ id: '1', kind: 'book' }).value).toEqualTypeOf<RowOutput>()
for await (const row of rows.subscribe({ replay: 3 })) expectTypeOf(row).toEqualTypeOf<RowOutput>()
const dates = channel('dates', z.coerce.date())
for await (const date of dates.subscribe()) expectTypeOf(date).toEqualTypeOf<Date>()
// @ts-expect-error a number is no line
lines.publish(5)
// @ts-expect-error a property is missing
rows.publish({ id: '1' })
// @ts-expect-error there is no such policy
channel('lines', z.string(), { slow: 'forget' })
// @ts-expect-error not a schema
channel('lines', { type: 'string' })
