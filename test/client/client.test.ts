/** Our client against an app with a route of every kind: in process by `app.fetch`, and over real HTTP. */
import type { App } from 'millrace'
import { type Client, createClient, ReplyError, StreamTruncated } from 'millrace/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until, within } from '../contract/transport.ts'
import { makeApp, ROWS, type Routes } from './app.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What a promise rejects with. */
const failure = (promise: PromiseLike<unknown>) =>
  promise.then(
    () => expect.fail('It did not fail.'),
    (error: unknown) => error,
  )

const FORMATS = {
  '/jsonl': undefined,
  '/sse': undefined,
  '/json-seq': undefined,
  '/json-array': undefined,
} as const
const TYPES = [
  'application/jsonl',
  'application/x-ndjson',
  'application/json-seq',
  'application/json',
  'text/event-stream',
]

describe.each(['in process', 'over HTTP'])('%s', (way) => {
  const { app, seen }: { app: App; seen: ReturnType<typeof makeApp>['seen'] } = makeApp()
  let api: Client<Routes>
  let url = 'http://app.test'

  beforeAll(async () => {
    if (way === 'over HTTP') url = (await app.listen({ port: 0, signals: false })).url
    api = createClient<Routes>(url, way === 'over HTTP' ? {} : { fetch: app.fetch })
  })
  afterAll(() => app.close({ grace: 0 }))

  test('values: JSON, text, bytes, nothing', async () => {
    expect(await api.get('/value')).toEqual({ at: '1970-01-01T00:00:00.000Z', n: 1 })
    expect(await api.get('/plain')).toBe('text')
    expect(await api.get('/html')).toBe('<p>ü')
    expect(await api.get('/octets')).toEqual(new Uint8Array([1, 2, 255]))
    expect(await api.get('/nothing')).toBeUndefined()
    expect(await api.get('/number')).toBe(5)
    expect(await api.get('/null')).toBeNull()
  })

  test('a call that failed before anybody looked tells when he does', async () => {
    // Unhandled, its failure would end the process.
    const call = api.get('/stranger' as never) as unknown as AsyncIterable<unknown>
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await failure(collect(call))).toMatchObject({ status: 404 })
  })

  test('the head of a reply, and its unread body', async () => {
    let seen: string | null = null
    await api.get('/head', { after: ({ headers }) => void (seen = headers.get('x-seen')) })
    expect(seen).toBe('yes')
    const response = await api.get('/html').response
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(await response.text()).toBe('<p>ü')
  })

  test.each(Object.keys(FORMATS) as (keyof typeof FORMATS)[])(
    '%s, item by item and as a whole',
    async (path) => {
      expect(await collect(api.get(path))).toEqual(ROWS)
      expect(await api.get(path)).toEqual(ROWS)
    },
  )

  test('streams of text and bytes, chunk by chunk and as a whole', async () => {
    const whole = ROWS.map(({ text }) => text).join('')
    expect((await collect(api.get('/text'))).join('')).toBe(whole)
    expect(await api.get('/text')).toBe(whole)
    const chunks = await collect(api.get('/bytes'))
    expect(Buffer.concat(chunks).toString()).toBe(whole)
    expect(new TextDecoder().decode(await api.get('/bytes'))).toBe(whole)
  })

  test.each(TYPES)('a negotiated format: %s', async (accept) => {
    const call = api.get('/every', { accept })
    expect((await call.response).headers.get('content-type')).toContain(accept)
    expect(await collect(call)).toEqual(ROWS)
    expect(await api.get('/empty', { accept })).toEqual([])
  })

  test('server-sent events by default, because they can be resumed; what was sent beside an item', async () => {
    const events = await collect(api.get('/every').events())
    expect(events).toEqual(ROWS.map((data) => ({ data, id: String(data.id) })))
  })

  test('strings as items are strings', async () => {
    expect(await api.get('/strings')).toEqual(ROWS.map(({ text }) => text))
  })

  test('an inferred format', async () => {
    expect(await collect(api.get('/inferred'))).toEqual(ROWS)
  })

  test('items that look like end marks and failures', async () => {
    const all = [{ $end: true }, {}, { $error: { title: 'mine', status: 500 } }, 'last']
    expect(await api.get('/lookalike', { accept: 'application/jsonl' })).toEqual(all)
    expect(await api.get('/lookalike', { accept: 'text/event-stream' })).toEqual(all)
  })

  test('items arrive one by one', async () => {
    let count = 0
    for await (const { id } of api.get('/endless')) {
      expect(id).toBe(count)
      if (++count === 20) break
    }
    await until(() => seen.signal?.aborted === true, 'the handler is told')
  })

  test('every input', async () => {
    const sent = await api.post('/inputs/:id/*rest', {
      params: { id: 'a/b ü?#', rest: 'x/y z' },
      query: { n: '5', since: new Date(0), tag: ['a', 'b&c'] },
      headers: { 'x-trace': 't' },
      cookies: { session: 's=;ü' },
      body: { name: 'ä' },
    })
    expect(sent).toMatchObject({
      params: { id: 'a/b ü?#', rest: 'x/y z' },
      query: { n: 5, since: '1970-01-01T00:00:00.000Z', tag: ['a', 'b&c'] },
      headers: { 'x-trace': 't' },
      body: { name: 'ä' },
    })
  })

  test('a body whose first item does not come can be cancelled', async () => {
    let returned = false
    const never: AsyncIterator<never> = {
      next: () => new Promise(() => {}),
      return: () => ((returned = true), Promise.resolve({ done: true, value: undefined })),
    }
    const body = { [Symbol.asyncIterator]: () => never }
    // Before and after what sends items has been loaded.
    for (const ms of [0, 20]) {
      const signal = AbortSignal.timeout(ms)
      returned = false
      expect(await failure(api.post('/echo/items', { body, signal }))).toBe(signal.reason)
      expect(returned).toBe(true)
    }
    const controller = new AbortController()
    const failed = failure(api.post('/echo/items', { body, signal: controller.signal }))
    controller.abort()
    expect(await within(Promise.resolve(failed), 'the end of the call')).toBe(controller.signal.reason)
  })

  test('a header replaces what it would be otherwise, however it is written', async () => {
    const text = await api.post('/echo/any', {
      body: new Uint8Array([65]),
      headers: { 'Content-Type': 'application/x-a' },
    })
    expect(text).toEqual({ type: 'application/x-a', text: 'A' })
    const response = await api.get('/every', { headers: { Accept: 'application/jsonl' } }).response
    expect(response.headers.get('content-type')).toContain('application/jsonl')
  })

  test.each(['', '.', '..'])('a parameter that would make another path: %j', async (id) => {
    expect(await failure(api.get('/params/:id', { params: { id } }))).toBeInstanceOf(TypeError)
  })

  test('bodies: text, bytes, items, forms, anything', async () => {
    expect(await api.post('/echo/text', { body: 'ä' })).toEqual({ body: 'ä' })
    const bytes = new Uint8Array(100_000)
    expect(await api.post('/echo/bytes', { body: bytes })).toEqual({ size: 100_000 })
    expect(await api.post('/echo/bytes', { body: new Blob([bytes, bytes]) })).toEqual({ size: 200_000 })
    async function* pieces() {
      yield bytes
      yield bytes
    }
    expect(await api.post('/echo/bytes', { body: pieces() })).toEqual({ size: 200_000 })
    async function* rows() {
      yield* ROWS
    }
    expect(await collect(api.post('/echo/items', { body: rows() }))).toEqual(ROWS)
    expect(await api.post('/echo/any', { body: [1] })).toEqual({ type: 'application/json', text: '[1]' })
    const form = new URLSearchParams({ a: 'b c' })
    expect(await api.post('/echo/any', { body: form })).toMatchObject({ text: 'a=b+c' })
    const multipart = new FormData()
    multipart.set('file', new Blob(['content']), 'name.txt')
    const { type, text } = await api.post('/echo/any', { body: multipart })
    expect(type).toContain('multipart/form-data; boundary=')
    expect(text).toContain('content')
  })

  test('other methods', async () => {
    expect(await api.method('PURGE')('/cache/:key', { params: { key: 'k' } })).toBe('k')
    expect(await api.query('/find', { body: { q: 'x' } })).toBe('x')
  })

  test('errors by status, by code, and by problem type', async () => {
    const invalid = await failure(api.query('/find', { body: { q: 5 as unknown as string } }))
    if (!(invalid instanceof ReplyError) || !invalid.is('VALIDATION_FAILED'))
      return expect.fail('another error')
    expect(invalid.status).toBe(422)
    expect(invalid.problem.errors[0]).toMatchObject({ in: 'body', path: ['q'] })

    const refused = (await failure(collect(api.get('/refuses')))) as ReplyError
    expect(refused).toMatchObject({ status: 403, code: 'FORBIDDEN', problem: { owner: 'ann' } })
    expect(refused.message).toBe('GET /refuses answered 403 FORBIDDEN: Not you.')
    expect([refused.is(403), refused.is('FORBIDDEN'), refused.is('about:blank'), refused.is(404)]).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(refused.headers.get('retry-after')).toBe('1')

    expect(await failure(api.get('/broken'))).toMatchObject({ status: 409, code: 'ALREADY_TAKEN' })
    expect(await failure(api.get('/foreign'))).toMatchObject({
      status: 502,
      code: 'HTTP_502',
      body: '<h1>Bad gateway</h1>',
    })
  })

  test.each(TYPES)('a stream that fails is truncated, after what came: %s', async (accept) => {
    const items: unknown[] = []
    const error = await failure(
      (async () => {
        for await (const item of api.get('/fails', { accept })) items.push(item)
      })(),
    )
    expect(items).toEqual([ROWS[0]])
    expect(error).toBeInstanceOf(StreamTruncated)
    const { problem } = error as StreamTruncated
    if (accept !== 'application/json') expect(problem).toMatchObject({ code: 'INTERNAL', status: 500 })
    // In process there is no wire to keep it from.
    if (way === 'over HTTP') expect(String(error)).not.toContain('secret')
    expect(await failure(api.get('/fails', { accept }))).toBeInstanceOf(StreamTruncated)
  })

  test('a stream of text that fails is truncated', async () => {
    expect(await failure(collect(api.get('/fails/text')))).toBeInstanceOf(StreamTruncated)
    expect(await failure(api.get('/fails/text'))).toBeInstanceOf(StreamTruncated)
  })

  test('a signal ends a call wherever it is', async () => {
    const reason = new Error('enough')
    expect(await failure(api.get('/value', { signal: AbortSignal.abort(reason) }))).toBe(reason)

    const waiting = new AbortController()
    const silent = failure(collect(api.get('/silent', { signal: waiting.signal })))
    await until(() => seen.signal?.aborted === false, 'the request is there')
    waiting.abort(reason)
    expect(await silent).toBe(reason)
    await until(() => seen.signal?.aborted === true, 'the handler is told')

    const reading = new AbortController()
    const endless = failure(
      (async () => {
        for await (const { id } of api.get('/endless', { signal: reading.signal }))
          if (id === 3) reading.abort(reason)
      })(),
    )
    expect(await endless).toBe(reason)
    await until(() => seen.signal?.aborted === true, 'the handler is told')
  })

  test('an iterator that returns does not wait for the next item', async () => {
    const iterator = api.get('/silent')[Symbol.asyncIterator]()
    const next = iterator.next()
    await until(() => seen.signal?.aborted === false, 'the request is there')
    await iterator.return?.()
    expect(await next).toEqual({ done: true, value: undefined })
    await until(() => seen.signal?.aborted === true, 'the handler is told')
  })

  test('hooks see requests, replies and errors', async () => {
    const log: string[] = []
    const watched = createClient<Routes>(url, {
      ...(way === 'over HTTP' ? {} : { fetch: app.fetch }),
      headers: { 'x-a': '1' },
      before: async ({ headers, method, path }) => {
        log.push(`before ${method} ${path}`)
        headers.set('content-type', 'text/plain')
      },
      after: ({ status }) => void log.push(`after ${status}`),
      onError: (error) => void log.push(`error ${(error as Error).name}`),
    })
    await watched.post('/echo/text', { body: 'a', before: () => void log.push('before, of the call') })
    await failure(watched.get('/broken'))
    await failure(watched.get('/fails'))
    expect(log).toEqual([
      'before POST /echo/text',
      'before, of the call',
      'after 200',
      'before GET /broken',
      'after 409',
      'error ReplyError',
      'before GET /fails',
      'after 200',
      'error StreamTruncated',
    ])
  })
})
