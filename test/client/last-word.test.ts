/**
 * What a stream says last: end marks and failures, whether the client asked for marks or not, and items of an
 * app that look like either.
 */
import { App, jsonl, jsonSeq, sse, event } from 'millrace'
import { createClient, StreamTruncated } from 'millrace/client'
import { describe, expect, test } from 'vitest'
import { outcome } from './outcome.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

function makeApp() {
  const app = new App({ log: quiet })
  const lookalikes = [{ $end: true }, { $error: { title: 'mine', status: 500 } }, { $end: true }, 'last']
  const routes = {
    fails: app.get('/fails', { streams: [jsonl(), jsonSeq(), sse()] }, async function* ({ sleep }) {
      yield { n: 1 }
      await sleep(5)
      throw new Error('secret')
    }),
    marked: app.get(
      '/marked',
      {
        streams: [
          jsonl(undefined, { end: true }),
          jsonSeq(undefined, { end: true }),
          sse(undefined, { end: true }),
        ],
      },
      () => [{ n: 1 }],
    ),
    plain: app.get('/plain', { streams: [jsonl(), jsonSeq(), sse()] }, () => [{ n: 1 }]),
    lookalike: app.get('/lookalike', { streams: [jsonl(), jsonSeq(), sse()] }, () => lookalikes),
    // Nearly.
    near: app.get('/near', { streams: [jsonl(), jsonSeq()] }, () => [
      { $end: 1 },
      { $end: true, n: 1 },
      { $error: 'text' },
      { $error: { status: 1 } },
    ]),
    events: app.get('/events', { streams: sse() }, () => [
      event({}, { event: 'end', id: '1' }),
      event({ title: 'mine', status: 500 }, { event: 'error', id: '2' }),
    ]),
  }
  return { app, routes, lookalikes }
}

const { app, routes, lookalikes } = makeApp()
type Routes = typeof routes

/** A proxy that makes a clean end of every cut. */
const hiding = async (request: Request) => {
  const response = await app.fetch(request)
  const chunks: Uint8Array<ArrayBuffer>[] = []
  try {
    for await (const chunk of response.body!) chunks.push(chunk)
  } catch {
    // That is what it hides.
  }
  return new Response(new Blob(chunks), { headers: response.headers })
}

const FORMATS = ['application/jsonl', 'application/json-seq', 'text/event-stream'] as const

describe.each([true, false])('endMark: %s', (endMark) => {
  describe.each(FORMATS)('%s', (accept) => {
    const options = { accept, endMark, resume: false } as const
    const api = createClient<Routes>('http://app', { fetch: app.fetch })
    const behind = createClient<Routes>('http://app', { fetch: hiding })

    test('a failure is thrown with its problem, and is no item', async () => {
      for (const each of [api, behind]) {
        const { items, end } = await outcome(each.get('/fails', options))
        expect(items).toEqual([{ n: 1 }])
        expect(end).toBeInstanceOf(StreamTruncated)
        expect((end as StreamTruncated).problem).toMatchObject({ status: 500, code: 'INTERNAL' })
        await expect(each.get('/fails', options)).rejects.toBeInstanceOf(StreamTruncated)
      }
    })

    test('the mark of a route is no item', async () => {
      expect(await outcome(api.get('/marked', options))).toEqual({ items: [{ n: 1 }], end: 'complete' })
    })

    test('items that look like one, with more behind them, are items', async () => {
      expect(await outcome(api.get('/lookalike', options))).toEqual({ items: lookalikes, end: 'complete' })
    })
  })

  test('what has not exactly the form is an item, also as the last one', async () => {
    const api = createClient<Routes>('http://app', { fetch: app.fetch })
    for (const accept of ['application/jsonl', 'application/json-seq'])
      expect(await api.get('/near', { accept, endMark })).toHaveLength(4)
  })

  test('an event with an id is an item: nothing is lost where a stream goes on behind it', async () => {
    const api = createClient<Routes>('http://app', { fetch: app.fetch })
    expect(await api.get('/events', { endMark })).toEqual([{}, { title: 'mine', status: 500 }])
  })
})

describe('an answer over POST that a shutdown ends', () => {
  /** Two of three items, and then the server stops. */
  async function stopped(options: { readonly endMark: boolean }) {
    const app = new App({ log: quiet })
    const routes = {
      answer: app.post('/answer', { streams: sse() }, async function* ({ sleep }) {
        yield 'one'
        yield 'two'
        await sleep(60_000)
        yield 'three'
      }),
    }
    const wire: string[] = []
    const fetch = async (request: Request) => {
      const response = await app.fetch(request)
      const [kept, seen] = response.body!.tee()
      void new Response(seen).text().then((text) => wire.push(text))
      return new Response(kept, { headers: response.headers })
    }
    const items: unknown[] = []
    const call = createClient<typeof routes>('http://app', { fetch }).post('/answer', options)
    const end = await (async () => {
      for await (const item of call) if (items.push(item) === 2) void app.close({ grace: 0 })
    })().then(
      () => 'complete',
      (error: unknown) => error,
    )
    await expect.poll(() => wire.length).toBe(1)
    return { items, end, wire: wire[0]! }
  }

  test('is truncated to our client', async () => {
    const { items, end } = await stopped({ endMark: true })
    expect(items).toEqual(['one', 'two'])
    expect(end).toBeInstanceOf(StreamTruncated)
  })

  test('control: looks complete to one that asks for no mark', async () => {
    const { end, wire } = await stopped({ endMark: false })
    expect(end).toBe('complete')
    expect(wire).toMatch(/^data: "one"\n\ndata: "two"\n\nretry: \d+\n\n$/)
  })
})

test('what is reserved: without marks, a last item that has the form of one', async () => {
  const fetch = () =>
    new Response('{"n":1}\n{"$end":true}\n', { headers: { 'content-type': 'application/jsonl' } })
  const api = createClient<Routes>('http://app', { fetch })
  expect(await api.get('/plain', { endMark: false })).toEqual([{ n: 1 }])
})

test('a failure without its line end is one', async () => {
  const fetch = () =>
    new Response('{"n":1}\n{"$error":{"title":"Gone","status":503}}', {
      headers: { 'content-type': 'application/jsonl' },
    })
  const { items, end } = await outcome(
    createClient<Routes>('http://app', { fetch }).get('/plain', { endMark: false }),
  )
  expect(items).toEqual([{ n: 1 }])
  expect(end).toMatchObject({ name: 'StreamTruncated', problem: { status: 503 } })
})
