/** Streams that are lost and resumed: nothing is lost on the way, and nothing comes twice. */
import { App, event, jsonl, reply, sse } from 'millrace'
import { createClient, ReplyError, type RetryPolicy, StreamTruncated } from 'millrace/client'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { outcome } from './outcome.ts'
import { gaps } from './server.ts'

const QUICK: RetryPolicy = { attempts: 5, baseMs: 1, maxMs: 5 }
const COUNT = 40

describe('resume', () => {
  const Count = z.object({ n: z.int() })
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }

  /** A log of so many entries, of which a client that comes back gets those behind the last id it has seen. */
  function makeLog() {
    const log = new App({ log: quiet })
    const asked: (string | undefined)[] = []
    const routes = {
      count: log.get('/count', { streams: [sse(Count), jsonl(Count)] }, async function* ({ lastEventId }) {
        asked.push(lastEventId)
        for (let n = lastEventId === undefined ? 0 : Number(lastEventId) + 1; n < COUNT; n++)
          yield event({ n }, { id: String(n) })
      }),
      // Fails at one item for ever.
      poison: log.get('/poison', { streams: sse(Count) }, async function* ({ lastEventId }) {
        asked.push(lastEventId)
        if (lastEventId === undefined) yield event({ n: 0 }, { id: '0' })
        throw new Error('fails')
      }),
      done: log.get(
        '/done',
        { streams: sse(Count, { maxAge: 20, retry: 1 }) },
        async function* ({ lastEventId, sleep }) {
          asked.push(lastEventId)
          if (lastEventId !== undefined) return reply.empty()
          yield event({ n: 1 }, { id: 'ü→' })
          await sleep(10_000)
          return undefined
        },
      ),
      gone: log.get('/gone', { streams: sse(Count) }, async function* ({ lastEventId }) {
        asked.push(lastEventId)
        if (lastEventId !== undefined) throw new (await import('millrace')).HttpError(410)
        yield event({ n: 1 }, { id: '1' })
        throw new Error('fails')
      }),
    }
    return { log, asked, routes }
  }

  /** A network that loses every connection after a random number of bytes, some of them hidden by a proxy. */
  const lossy = (log: App, random: () => number) => async (request: Request) => {
    const response = await log.fetch(request)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const at = Math.floor(random() * 400)
    if (at >= bytes.length) return new Response(bytes, response)
    const hidden = random() < 0.5
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.slice(0, at)),
      pull: (controller) => (hidden ? controller.close() : controller.error(new TypeError('terminated'))),
    })
    return new Response(body, response)
  }

  /** Numbers that are the same in every run. */
  function seeded(seed: number): () => number {
    let state = seed
    return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  }

  test('loses nothing and repeats nothing, wherever it is cut', async () => {
    let resumed = 0
    for (let seed = 1; seed <= 60; seed++) {
      const { log, asked, routes } = makeLog()
      const api = createClient<typeof routes>('http://log', {
        fetch: lossy(log, seeded(seed * 7919)),
        resume: { ...QUICK, attempts: 100 },
      })
      const { items, end } = await outcome(api.get('/count'))
      const numbers = (items as { n: number }[]).map(({ n }) => n)
      // Cut in front of the first id, there is nothing to go on behind.
      if (asked.length === 1 && end instanceof StreamTruncated) expect(numbers).toEqual([])
      else {
        expect(end, `seed ${seed}`).toBe('complete')
        expect(numbers, `seed ${seed}`).toEqual(Array.from({ length: COUNT }, (_, n) => n))
        resumed += asked.length - 1
      }
    }
    expect(resumed).toBeGreaterThan(60)
  })

  test('control: a client that begins anew repeats, one that goes on by itself loses', async () => {
    const { log, routes } = makeLog()
    const api = createClient<typeof routes>('http://log', { fetch: lossy(log, seeded(3)), resume: false })
    const numbers: number[] = []
    for (let attempt = 0; attempt < 5; attempt++)
      for (const item of (await outcome(api.get('/count'))).items) numbers.push((item as { n: number }).n)
    expect(gaps(numbers)).not.toEqual([])
  })

  test('gives up after so many attempts without an item, and says why', async () => {
    const { log, asked, routes } = makeLog()
    const retries: number[] = []
    const api = createClient<typeof routes>('http://log', {
      fetch: log.fetch,
      resume: { ...QUICK, attempts: 3 },
      onRetry: ({ attempt, delayMs, lastEventId }) => {
        expect([delayMs > 0, lastEventId]).toEqual([true, '0'])
        retries.push(attempt)
      },
    })
    const { items, end } = await outcome(api.get('/poison'))
    expect(items).toEqual([{ n: 0 }])
    expect(end).toBeInstanceOf(StreamTruncated)
    expect((end as StreamTruncated).problem).toMatchObject({ code: 'INTERNAL' })
    expect(asked).toEqual([undefined, '0', '0', '0'])
    expect(retries).toEqual([1, 2, 3])
  })

  test('comes back after a clean end without a mark, and a 204 is the end', async () => {
    const { log, asked, routes } = makeLog()
    const api = createClient<typeof routes>('http://log', { fetch: log.fetch, resume: QUICK })
    expect(await outcome(api.get('/done'))).toEqual({ items: [{ n: 1 }], end: 'complete' })
    expect(asked).toEqual([undefined, 'ü→'])
  })

  test('an error that would be the same again is thrown', async () => {
    const { log, asked, routes } = makeLog()
    const api = createClient<typeof routes>('http://log', { fetch: log.fetch, resume: QUICK })
    const { end } = await outcome(api.get('/gone'))
    expect(end).toBeInstanceOf(ReplyError)
    expect((end as ReplyError).is('GONE')).toBe(true)
    expect(asked).toEqual([undefined, '1'])
  })

  test('waits as long as `retry:` says, and longer from time to time', async () => {
    const delays: number[] = []
    const body = 'retry: 20\nid: 1\ndata: {"n":1}\n\n'
    const fetch = (request: Request) =>
      new Response(request.headers.has('last-event-id') ? '' : body, {
        headers: { 'content-type': 'text/event-stream', 'preference-applied': 'stream-end' },
      })
    const { routes } = makeLog()
    void routes
    const api = createClient<typeof routes>('http://log', {
      fetch,
      resume: { attempts: 3, baseMs: 1, maxMs: 50 },
      onRetry: ({ delayMs }) => void delays.push(delayMs),
    })
    expect((await outcome(api.get('/count'))).end).toBeInstanceOf(StreamTruncated)
    expect(delays).toHaveLength(3)
    for (const [index, least] of [20, 1, 2].entries()) expect(delays[index]).toBeGreaterThanOrEqual(least)
  })

  test('begins behind an id of an earlier visit', async () => {
    const { log, asked, routes } = makeLog()
    const api = createClient<typeof routes>('http://log', { fetch: log.fetch })
    expect(await api.get('/count', { lastEventId: '37' })).toEqual([{ n: 38 }, { n: 39 }])
    expect(asked).toEqual(['37'])
  })

  /** Ignores Last-Event-ID, and sends so many items before it fails. */
  function deafApp(idOf: (n: number, connection: number) => string, count = 3) {
    const log = new App({ log: quiet })
    const asked: (string | undefined)[] = []
    const handler = async function* ({ lastEventId }: { lastEventId: string | undefined }) {
      asked.push(lastEventId)
      for (let n = 0; n < count; n++) yield event({ n }, { id: idOf(n, asked.length) })
      throw new Error('fails')
    }
    const routes = {
      get: log.get('/deaf', { streams: sse(Count) }, handler),
      post: log.post('/deaf', { streams: sse(Count) }, handler),
    }
    return { asked, api: createClient<typeof routes>('http://log', { fetch: log.fetch, resume: QUICK }) }
  }

  describe('of a route that ignores Last-Event-ID', () => {
    test('that begins again is given up on, and repeats nothing', async () => {
      const { asked, api } = deafApp(String)
      const { items, end } = await outcome(api.get('/deaf'))
      expect(items).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
      expect(end).toBeInstanceOf(StreamTruncated)
      expect((end as Error).message).toContain('began again instead of behind Last-Event-ID')
      expect(asked).toEqual([undefined, '2'])
    })

    test('control: whoever does not look at the ids gets everything twice', async () => {
      const { api } = deafApp(String)
      const seen: unknown[] = []
      for (const lastEventId of [undefined, '2'])
        seen.push(
          ...(await outcome(api.get('/deaf', { resume: false, ...(lastEventId && { lastEventId }) }))).items,
        )
      expect(seen).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 0 }, { n: 1 }, { n: 2 }])
    })

    test('that sends what it has kept is found out by any of the last thousand ids', async () => {
      // The second reply begins in the middle of the first one.
      const { asked, api } = deafApp((n, connection) => String(connection === 1 ? n : n + 900), 1500)
      const { items, end } = await outcome(api.get('/deaf'))
      expect([items.length, asked.length]).toEqual([1500, 2])
      expect((end as Error).message).toContain('began again')
    })

    test('that begins at its beginning is found out after more than that, too', async () => {
      const { asked, api } = deafApp(String, 1500)
      const { items, end } = await outcome(api.get('/deaf'))
      expect([items.length, asked.length]).toEqual([1500, 2])
      expect((end as Error).message).toContain('began again')
    })

    test('that has other ids each time goes on, since nobody can tell', async () => {
      const { asked, api } = deafApp((n, connection) => `${connection}-${n}`)
      const ids: (string | undefined)[] = []
      for await (const { id } of api.get('/deaf').events()) if (ids.push(id) === 5) break
      expect(ids).toEqual(['1-0', '1-1', '1-2', '2-0', '2-1'])
      expect(asked).toEqual([undefined, '1-2'])
    })
  })

  test('what may not be sent twice is not, unless told to', async () => {
    const { asked, api } = deafApp(String)
    expect((await outcome(api.post('/deaf', { resume: undefined as never }))).end).toBeInstanceOf(
      StreamTruncated,
    )
    expect(asked).toHaveLength(1)
    expect((await outcome(api.post('/deaf', { resume: QUICK }))).end).toBeInstanceOf(StreamTruncated)
    expect(asked).toHaveLength(3)
  })

  test('JSON Lines have no ids, so they are not resumed', async () => {
    const { log, asked, routes } = makeLog()
    const cutting = lossy(log, () => 0.4)
    const api = createClient<typeof routes>('http://log', { fetch: cutting, resume: QUICK })
    const { end } = await outcome(api.get('/count', { accept: 'application/jsonl' }))
    expect(end).toBeInstanceOf(StreamTruncated)
    expect(asked).toEqual([undefined])
  })
})
