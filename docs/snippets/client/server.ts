import { App, event, HttpError, jsonl, sse, text } from 'millrace'
import { z } from 'zod'

export const shop = new App({ title: 'Shop' })

const Item = z.object({ id: z.string(), name: z.string(), addedAt: z.date() })
const Order = z.object({ item: z.string(), count: z.int().min(1) })
const Tick = z.object({ n: z.int() })

export const item = shop.get('/items/:id', { returns: Item }, ({ params }) => {
  if (params.id === 'none') throw new HttpError(404, { detail: 'There is no such item.' })
  return { id: params.id, name: 'Lamp', addedAt: new Date(0) }
})

export const order = shop.post('/orders', { body: Order, returns: Order, status: 201 }, ({ body }) => body)

export const ticks = shop.get(
  '/ticks',
  { query: z.object({ upTo: z.coerce.number() }), streams: [sse(Tick), jsonl(Tick)] },
  async function* ({ query, lastEventId }) {
    for (let n = Number(lastEventId ?? -1) + 1; n < query.upTo; n++) yield event({ n }, { id: String(n) })
  },
)

export const story = shop.get('/story', { streams: text }, function* () {
  yield 'Once upon a time '
  yield 'there was a stream.'
})
