import { App, dependency, HttpError, jsonl } from 'millrace'
import { z } from 'zod'

export const market = dependency(() => ({ price: async () => Math.random() * 100 }))

export function createTicker(options = {}) {
  const app = new App(options)

  app.get('/ticks', { use: { market }, streams: jsonl() }, async function* ({ market, sleep }) {
    for (let n = 0; ; n++) {
      yield { n, price: await market.price() }
      await sleep(60_000)
    }
  })

  app.post('/orders', { body: z.object({ price: z.number() }), status: 201 }, ({ body }) => {
    if (body.price > 100) throw new HttpError(409, { detail: 'Too dear.' })
    return body
  })

  return app
}
