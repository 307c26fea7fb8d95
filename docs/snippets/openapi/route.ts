import { App, HttpError } from 'millrace'
import { z } from 'zod'

const Order = z.object({ tea: z.string(), cups: z.int().min(1).default(1), callback: z.url().optional() })
const Receipt = z.object({ id: z.string(), cups: z.int() })

export const app = new App()

app.post(
  '/orders',
  {
    summary: 'Order tea',
    description: 'It is **made** at once.',
    tags: ['orders'],
    operationId: 'orderTea',
    body: Order,
    returns: Receipt,
    status: 201,
    examples: {
      body: { 'a pot': { tea: 'green', cups: 4 } },
      returns: { made: { id: '7', cups: 4 } },
    },
    replies: {
      202: { description: 'It will be made later.', returns: z.object({ at: z.iso.datetime() }) },
      409: 'That tea is out of stock.',
    },
    callbacks: {
      ready: { url: '{$request.body#/callback}', summary: 'The tea is ready', body: Receipt },
    },
  },
  ({ body }) => {
    if (body.tea === 'white') throw new HttpError(409, { detail: 'White tea is out of stock.' })
    return { id: '7', cups: body.cups }
  },
)

app.get('/teapot', { deprecated: true }, () => 'short and stout')
app.get('/internal', { hidden: true }, () => 'served, but in no document')
