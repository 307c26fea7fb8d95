/** An iterable that is sent is closed whatever becomes of the request. */
import { createServer } from 'node:net'
import { once } from 'node:events'
import { createClient } from 'millrace/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { until } from '../contract/transport.ts'
import { makeApp, type Routes } from './app.ts'

let closed = 0
beforeEach(() => {
  closed = 0
})

async function* rows() {
  try {
    for (let id = 0; ; id++) yield { id, text: 'a' }
  } finally {
    closed++
  }
}

/** An address at which nobody listens. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

describe('an iterable that is sent is closed', () => {
  test.each([
    ['there is no connection', {}],
    ['there is none, and the bytes are counted', { onUploadProgress: () => {} }],
    [
      'a hook throws',
      {
        before: () => {
          throw new Error('no token')
        },
      },
    ],
  ])('when %s', async (_when, options) => {
    const api = createClient<Routes>(await nowhere())
    await expect(api.post('/echo/items', { ...options, body: rows() })).rejects.toThrow()
    await until(() => closed === 1, 'it is closed')
  })

  test('when its server refuses it', async () => {
    const { app } = makeApp()
    const api = createClient(`http://app.test`, { fetch: app.fetch })
    const send = api.method('POST') as (path: string, input: object) => Promise<unknown>
    await expect(send('/nowhere', { body: rows() })).rejects.toThrow('404')
    await until(() => closed === 1, 'it is closed')
    await app.close({ grace: 0 })
  })

  test('and what fails then is not told instead of the failure', async () => {
    const stubborn = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: { id: 1, text: 'a' } }),
        return: () => {
          closed++
          throw new Error('not closed')
        },
      }),
    }
    const api = createClient<Routes>(await nowhere())
    await expect(api.post('/echo/items', { body: stubborn })).rejects.toThrow('fetch failed')
    expect(closed).toBe(1)
  })
})
