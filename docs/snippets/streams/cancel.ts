import { EventEmitter } from 'node:events'
import { App, jsonl, reply, text } from 'millrace'

const app = new App()
export const prices = new EventEmitter<{ price: [number] }>()

// sleep: rejects at once when the client leaves
app.get('/clock', { streams: text }, async function* ({ sleep }) {
  try {
    for (;;) {
      yield `${new Date().toISOString()}\n`
      await sleep(60_000)
    }
  } finally {
    console.log('clock stopped')
  }
})

// on: the events of an emitter, and the listener is gone with the client
app.get('/prices', { streams: jsonl() }, async function* ({ on }) {
  for await (const [price] of on(prices, 'price')) yield { price }
})

// signal: for everything else that can be cancelled
app.get('/relay', async ({ signal }) => {
  const upstream = await fetch('https://upstream.example/events', { signal })
  return reply.stream(upstream.body ?? [], { mediaType: 'text/event-stream' })
})

await app.listen()
