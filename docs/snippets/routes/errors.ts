import { App, HttpError, reply } from 'millrace'

const app = new App()

class OutOfStock extends Error {}

app.onError((error) => {
  if (error instanceof OutOfStock) return reply.json({ sorry: 'out of stock' }, { status: 409 })
  return undefined // somebody else's
})

app.get('/books/:id', ({ params }) => {
  if (params.id === '1') throw new HttpError(404, { detail: 'There is no book 1.' })
  if (params.id === '2') throw new OutOfStock()
  throw new Error('the connection to 10.0.0.7 was refused')
})

await app.listen()
