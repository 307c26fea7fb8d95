import assert from 'node:assert/strict'
import { createClient } from 'millrace/client'
import { shop } from './server.ts'

const seen: string[] = []

const api = createClient<typeof import('./server.ts')>('http://shop', {
  fetch: shop.fetch,
  retry: { attempts: 3, baseMs: 200 },
  before: async ({ headers }) => headers.set('authorization', `Bearer ${await token()}`),
  after: ({ status }, { method, path }) => void seen.push(`${method} ${path} ${status}`),
  onRetry: ({ attempt, delayMs }) => console.log(`attempt ${attempt} in ${delayMs} ms`),
})

async function token() {
  return 'secret'
}

await api.get('/story', { signal: AbortSignal.timeout(5000) })
assert.deepEqual(seen, ['GET /story 200'])
