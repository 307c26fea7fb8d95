import { App } from 'millrace'
import { z } from 'zod'

const app = new App()
const User = z.object({ id: z.string(), name: z.string() })

app.get('/users/:id', { returns: User }, ({ params }) => {
  const row = { id: params.id, name: 'Ada', passwordHash: 'not for you' }
  return row
})

app.post('/users', { body: User, returns: User, status: 201 }, ({ body }) => body)

await app.listen()
