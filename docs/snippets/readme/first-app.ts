import { App } from 'millrace'
import { z } from 'zod'

const app = new App()
const Order = z.object({ item: z.string(), count: z.int().positive() })

app.get('/hello/:name', ({ params }) => ({ hello: params.name }))

app.post('/orders', { body: Order, status: 201 }, ({ body }) => `${body.count} of ${body.item}\n`)

await app.listen({ port: 8000 })
