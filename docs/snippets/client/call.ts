import assert from 'node:assert/strict'
import { createClient } from 'millrace/client'
import { shop } from './server.ts'

// Over the network: createClient<typeof import('./server.ts')>('http://localhost:8000')
const api = createClient<typeof import('./server.ts')>('http://shop', { fetch: shop.fetch })

const item = await api.get('/items/:id', { params: { id: '7' } })
assert.equal(item.addedAt.slice(0, 4), '1970') // a Date travels as a string, and is typed as one

await api.post('/orders', { body: { item: item.id, count: 2 } })

for await (const { n } of api.get('/ticks', { query: { upTo: 10 } })) {
  if (n === 3) break // closes the connection
}

const all = await api.get('/ticks', { query: { upTo: 3 } })
assert.deepEqual(all, [{ n: 0 }, { n: 1 }, { n: 2 }])
assert.equal(await api.get('/story'), 'Once upon a time there was a stream.')
