import assert from 'node:assert/strict'
import { createClient, ReplyError } from 'millrace/client'
import { shop } from './server.ts'

const api = createClient<typeof import('./server.ts')>('http://shop', { fetch: shop.fetch })

export async function nameOf(id: string): Promise<string | undefined> {
  try {
    return (await api.get('/items/:id', { params: { id } })).name
  } catch (error) {
    if (error instanceof ReplyError && error.is('NOT_FOUND')) return undefined
    throw error
  }
}

assert.equal(await nameOf('none'), undefined)

const refused = await api.post('/orders', { body: { item: '7', count: 0 } }).catch((error: unknown) => error)
assert(refused instanceof ReplyError && refused.is('VALIDATION_FAILED'))
assert.deepEqual(refused.problem.errors[0]?.path, ['count'])
