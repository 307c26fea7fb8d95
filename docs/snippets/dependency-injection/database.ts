import { App, dependency, HttpError } from 'millrace'

const rows = new Map([['1', { id: '1', name: 'tea' }]])
const pool = {
  connect: async () => ({ find: async (id: string) => rows.get(id), release: () => console.log('released') }),
}

const db = dependency(async function* () {
  const client = await pool.connect()
  try {
    yield client
  } finally {
    client.release()
  }
})

const app = new App()

app.get('/items/:id', { use: { db } }, async ({ db, params }) => {
  const item = await db.find(params.id)
  if (item === undefined) throw new HttpError(404)
  return item
})

await app.listen()
