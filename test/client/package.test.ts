/** The clients that npm has: eventsource and undici. */
import { EventSource } from 'eventsource'
import { Client, errors, fetch, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until, wait, within } from '../contract/transport.ts'
import { type ClientServer, gaps, startClientServer } from './server.ts'

let server: ClientServer
beforeAll(async () => {
  server = await startClientServer()
})
afterAll(() => server.close())

describe('eventsource', { timeout: 40_000 }, () => {
  const sources: EventSource[] = []
  afterAll(() => {
    for (const source of sources) source.close()
  })
  const open = (path: string) => {
    const source = new EventSource(server.url + path)
    sources.push(source)
    return source
  }

  test('is open though no event has come', async () => {
    const startedAt = performance.now()
    const source = open('/quiet')
    await within(new Promise((resolve) => source.addEventListener('open', resolve)), 'onopen')
    expect(performance.now() - startedAt).toBeLessThan(1500)
    source.close()
  })

  test('comes back where it was after maxAge: nothing lost, nothing repeated', async () => {
    const before = server.resumedFrom.length
    const source = open('/resumable')
    const seen: number[] = []
    source.addEventListener('message', ({ data, lastEventId }) => {
      const { n } = JSON.parse(data as string) as { n: number }
      expect(lastEventId).toBe(String(n))
      seen.push(n)
    })
    await until(() => server.resumedFrom.length - before >= 3, 'it comes back twice', 30_000)
    await wait(300)
    source.close()
    expect(seen.length).toBeGreaterThan(30)
    expect(gaps(seen)).toEqual([])
    expect(server.resumedFrom[before]).toBe(undefined)
    expect(server.resumedFrom.slice(before + 1, before + 3)).not.toContain(undefined)
  })

  test('is told to stay away by a 204', async () => {
    const before = server.asked()
    const source = open('/once')
    await until(() => source.readyState === EventSource.CLOSED, 'it gives up', 10_000)
    expect(server.asked() - before).toBe(2)
    await wait(300)
    expect(server.asked() - before).toBe(2)
  })

  test('hears of a failure by an event, and by the cut', async () => {
    const source = open('/broken')
    const failures: unknown[] = []
    source.addEventListener('error', (event) => failures.push((event as { data?: string }).data))
    await until(() => failures.length >= 2, 'both')
    source.close()
    expect(JSON.parse(failures.find((data) => data !== undefined) as string)).toMatchObject({
      code: 'INTERNAL',
    })
    expect(failures).toContain(undefined)
  })
})

describe('undici', { timeout: 30_000 }, () => {
  test('fetch: items one by one, a clean end', async () => {
    const response = await fetch(`${server.url}/steps`, { headers: { accept: 'application/jsonl' } })
    const at: number[] = []
    let wire = ''
    for await (const piece of response.body!) {
      at.push(performance.now())
      wire += Buffer.from(piece as Uint8Array).toString()
    }
    expect(wire.trim().split('\n')).toHaveLength(5)
    expect(at).toHaveLength(5)
    expect(at[4]! - at[0]!).toBeGreaterThan(850)
  })

  test('fetch rejects for a stream that failed', async () => {
    const response = await fetch(`${server.url}/broken-text`)
    await expect(response.text()).rejects.toThrow(/terminated/)
  })

  test('request rejects for a stream that failed', async () => {
    const { body, statusCode } = await request(`${server.url}/broken-text`)
    expect(statusCode).toBe(200)
    await expect(body.text()).rejects.toThrow(errors.SocketError)
  })

  test('a Client that pipelines gets its replies in order', async () => {
    const client = new Client(server.url, { pipelining: 5 })
    const statuses = await Promise.all(
      [1, 2, 3, 4, 5].map(async (n) => {
        const { body } = await client.request({
          path: '/steps',
          method: 'GET',
          headers: { accept: 'application/jsonl' },
        })
        return [n, (await body.text()).split('\n').length - 1]
      }),
    )
    await client.close()
    expect(statuses).toEqual([1, 2, 3, 4, 5].map((n) => [n, 5]))
  })

  test('sends a body of items and reads the reply meanwhile', async () => {
    async function* items() {
      for (let n = 1; n <= 3; n++) {
        yield `{"n":${n}}\n`
        await wait(100)
      }
    }
    const { body } = await request(`${server.url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/jsonl' },
      body: items() as never,
    })
    expect(await body.text()).toBe('{"n":10}\n{"n":20}\n{"n":30}\n')
  })

  test('that aborts leaves nothing behind', async () => {
    const controller = new AbortController()
    const response = await fetch(`${server.url}/quiet`, { signal: controller.signal })
    controller.abort()
    await expect(response.text()).rejects.toThrow()
    expect((await fetch(`${server.url}/steps`)).status).toBe(200)
  })
})
