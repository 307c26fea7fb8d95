/** Server-sent events, from the yield to the wire. */
import { App, dependency, event, jsonl, reply, Router, sse, text } from 'millrace'
import { createParser } from 'eventsource-parser'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { until, wait, within } from '../contract/transport.ts'
import { read, scene } from './scene.ts'

const SSE = 'text/event-stream'

/** What other people's parser makes of it. */
function parse(wire: string) {
  const events: object[] = []
  const retries: number[] = []
  const comments: string[] = []
  createParser({
    onEvent: ({ data, event: name, id }) =>
      events.push({ data, ...(name === undefined ? {} : { name }), ...(id === undefined ? {} : { id }) }),
    onRetry: (ms) => retries.push(ms),
    onComment: (comment) => comments.push(comment),
  }).feed(wire)
  return { events, retries, comments }
}

describe('fields', () => {
  test('id, event, retry and comment beside the data; plain items between them', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse() }, function* () {
      yield { a: 1 }
      yield event({ a: 2 }, { id: '7', event: 'row', retry: 1500, comment: 'seen by nobody' })
      yield 'a string is JSON too'
      yield null
      yield event([], { id: '' })
    })
    const got = await get('/')
    expect([got.status, got.headers['content-type']]).toEqual([200, SSE])
    const { text: wire, cut } = await read(got)
    expect(cut).toBe(false)
    expect(wire).toBe(
      'data: {"a":1}\n\n' +
        ': seen by nobody\nevent: row\nid: 7\nretry: 1500\ndata: {"a":2}\n\n' +
        'data: "a string is JSON too"\n\n' +
        'data: null\n\n' +
        'id: \ndata: []\n\n',
    )
    expect(parse(wire)).toMatchObject({ retries: [1500], comments: ['seen by nobody'] })
    expect(parse(wire).events).toHaveLength(5)
  })

  test('data of any text comes back; comments of several lines stay comments', async () => {
    const { app, get } = scene()
    const texts = ['a\nb', 'a\r\nb', 'a\rb', '\n\n', 'a\u2028b\u2029c\vd\fe', '', ' leading', 'ünï', '\0']
    app.get('/', { streams: sse(z.string()) }, function* () {
      for (const each of texts) yield event(each, { comment: `one\ntwo\r\nthree\rdata: forged` })
    })
    const { text: wire } = await read(await get('/'))
    const { events } = parse(wire)
    expect(events.map((each) => JSON.parse((each as { data: string }).data))).toEqual(texts)
  })

  test.each([
    ['id', 'a\nb'],
    ['id', 'a\rb'],
    ['id', 'a\0b'],
    ['event', 'a\nb'],
    ['event', 'a\rb'],
    ['event', 'a\0b'],
    ['retry', -1],
    ['retry', 1.5],
    ['retry', NaN],
  ])('%s: %j is refused', async (field, value) => {
    const { app, get, log } = scene()
    const bad = () => event({ n: 2 }, { [field]: value })
    app.get('/first', { streams: sse() }, function* () {
      yield bad()
    })
    app.get('/later', { streams: sse() }, function* () {
      yield { n: 1 }
      yield bad()
    })
    // Nothing has left yet: a real status.
    const first = await get('/first')
    expect(first.status).toBe(500)
    expect(first.headers['content-type']).toBe('application/problem+json')
    // Later the client sees what came before, an error event, and a cut; and nothing of the value.
    const { text: wire, cut } = await read(await get('/later'))
    expect(cut).toBe(true)
    expect(parse(wire).events).toEqual([
      { data: '{"n":1}' },
      { name: 'error', data: expect.stringContaining('"code":"INTERNAL"') },
    ])
    expect(wire).not.toContain('a\nb')
    await until(() => log.filter(({ level }) => level === 'error').length === 2, 'both are logged')
  })

  test('an item that has no JSON is an error too', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse() }, function* () {
      yield 1
      yield () => 2
    })
    expect(await read(await get('/'))).toMatchObject({
      cut: true,
      text: expect.stringContaining('event: error'),
    })
  })
})

describe('sources and methods', () => {
  test('async and sync generators, typed and not, iterables, any method', async () => {
    const { app, request } = scene()
    const Item = z.object({ n: z.number() })
    app.get('/async', { streams: sse(Item) }, async function* () {
      yield { n: 1 }
    })
    app.get('/sync', { streams: sse(Item) }, function* () {
      yield { n: 1 }
    })
    app.get('/untyped', { streams: sse() }, () => [{ n: 1 }])
    app.post('/post', { body: Item, streams: sse(Item) }, function* ({ body }) {
      yield body
    })
    app.query('/query', { streams: sse(Item) }, function* () {
      yield { n: 1 }
    })
    app.route('DELETE', '/any', { streams: sse(Item) }, function* () {
      yield { n: 1 }
    })
    const asked = [
      ['GET', '/async'],
      ['GET', '/sync'],
      ['GET', '/untyped'],
      ['POST', '/post'],
      ['QUERY', '/query'],
      ['DELETE', '/any'],
    ] as const
    for (const [method, path] of asked) {
      const got = await request(
        method,
        path,
        method === 'POST' ? { headers: { 'content-type': 'application/json' }, body: '{"n":1}' } : {},
      )
      expect([path, got.status, got.headers['content-type']]).toEqual([path, 200, SSE])
      expect(await read(got)).toEqual({ text: 'data: {"n":1}\n\n', cut: false })
    }
  })

  test('through nested routers; the status from the route, from a dependency, and the dependency wins', async () => {
    const { app, get } = scene()
    const accepted = dependency(({ head }) => {
      head.status = 202
      return true
    })
    const inner = new Router({ prefix: '/inner' })
    for (const [name, format] of [
      ['sse', sse(z.number())],
      ['lines', jsonl(z.number())],
    ] as const) {
      inner.get(`/${name}/route`, { streams: format, status: 201 }, function* () {
        yield 1
      })
      inner.get(`/${name}/dependency`, { streams: format, use: { accepted } }, function* () {
        yield 1
      })
      inner.get(`/${name}/both`, { streams: format, status: 201, use: { accepted } }, function* () {
        yield 1
      })
    }
    inner.get('/text/both', { streams: text, status: 201, use: { accepted } }, function* () {
      yield '1'
    })
    const outer = new Router({ prefix: '/outer' })
    outer.include(inner)
    app.include(outer)
    const statuses: Record<string, number> = {}
    for (const path of [
      'sse/route',
      'sse/dependency',
      'sse/both',
      'lines/route',
      'lines/dependency',
      'lines/both',
      'text/both',
    ])
      statuses[path] = (await get(`/outer/inner/${path}`)).status
    expect(statuses).toEqual({
      'sse/route': 201,
      'sse/dependency': 202,
      'sse/both': 202,
      'lines/route': 201,
      'lines/dependency': 202,
      'lines/both': 202,
      'text/both': 202,
    })
  })

  test('the headers that proxies need', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse() }, function* () {
      yield 1
    })
    const { headers } = await get('/')
    expect(headers).toMatchObject({
      'content-type': SSE,
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      incremental: '?1',
      'transfer-encoding': 'chunked',
    })
    expect(headers['content-length']).toBe(undefined)
  })

  test('204 tells an EventSource to stop, also from a generator route', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse() }, () => reply.empty())
    app.get(
      '/generator',
      { streams: sse(z.number(), { retry: 100, end: true }) },
      // oxlint-disable-next-line require-yield -- it has nothing to say
      async function* ({ head }) {
        head.status = 204
      },
    )
    for (const path of ['/', '/generator']) {
      const got = await get(path)
      const seen = [path, got.status, got.headers['content-length'], await read(got)]
      expect(seen).toEqual([path, 204, undefined, { text: '', cut: false }])
    }
  })
})

describe('the head', () => {
  test('comes early though the first event is late, and late enough for a real status', async () => {
    const { app, get } = scene()
    app.get('/late', { streams: sse() }, async function* ({ sleep }) {
      await sleep(60_000)
      yield 1
    })
    app.get('/refused', { streams: sse() }, async function* ({ sleep }) {
      await sleep(20)
      if (Date.now() > 0) throw Object.assign(new Error('no'), {})
      yield 1
    })
    const startedAt = performance.now()
    expect((await within(get('/late'), 'the head')).status).toBe(200)
    const after = performance.now() - startedAt
    expect(after).toBeGreaterThan(80)
    expect(after).toBeLessThan(800)
    expect((await get('/refused')).status).toBe(500)
  })
})

describe('heartbeats', () => {
  test('come when it is idle, and the producer goes on undisturbed', async () => {
    const { app, get } = scene()
    const done: number[] = []
    app.get('/', { streams: sse(z.number(), { heartbeat: 80 }) }, async function* ({ sleep }) {
      for (let n = 0; n < 3; n++) {
        yield n
        await sleep(400)
        done.push(n)
      }
    })
    const { text: wire, cut } = await read(await get('/'))
    expect(cut).toBe(false)
    const { events, comments } = parse(wire)
    expect(events.map((each) => (each as { data: string }).data)).toEqual(['0', '1', '2'])
    expect(done).toEqual([0, 1, 2])
    expect(comments.length).toBeGreaterThanOrEqual(6)
    expect(comments.length).toBeLessThanOrEqual(15)
  })

  test.each([
    [
      'async',
      async function* busy() {
        for (let n = 0; n < 40; n++) {
          yield n
          await wait(20)
        }
      },
    ],
    [
      'sync',
      function* busy() {
        for (let n = 0; n < 40; n++) yield n
      },
    ],
  ] as const)('do not come while it is busy: %s', async (_, busy) => {
    const { app, get } = scene()
    // Far above the pace of the items, so that a machine under load does not make it idle.
    app.get('/', { streams: sse(z.number(), { heartbeat: 700 }) }, () => busy())
    const { text: wire } = await read(await get('/'))
    expect(parse(wire).comments).toEqual([])
    expect(parse(wire).events).toHaveLength(40)
  })

  test('0 turns them off', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse(z.number(), { heartbeat: 0 }) }, async function* ({ sleep }) {
      yield 1
      await sleep(300)
      yield 2
    })
    expect(await read(await get('/'))).toEqual({ text: 'data: 1\n\ndata: 2\n\n', cut: false })
  })
})

describe('lastEventId', () => {
  test('is what the client sent, also beyond ASCII, and can be an input of the route', async () => {
    const { app, request } = scene()
    app.get('/', { streams: sse() }, function* ({ lastEventId }) {
      yield { lastEventId: lastEventId ?? null }
    })
    app.get(
      '/typed',
      { headers: z.object({ 'last-event-id': z.coerce.number().int() }), streams: sse() },
      function* ({ headers }) {
        yield headers['last-event-id'] + 1
      },
    )
    const ask = async (path: string, id?: string) =>
      read(await request('GET', path, id === undefined ? {} : { headers: { 'last-event-id': id } }))
    expect((await ask('/')).text).toBe('data: {"lastEventId":null}\n\n')
    expect((await ask('/', '42')).text).toBe('data: {"lastEventId":"42"}\n\n')
    // As a browser sends it: UTF-8 bytes.
    expect((await ask('/', Buffer.from('Ünï→').toString('latin1'))).text).toBe(
      'data: {"lastEventId":"Ünï→"}\n\n',
    )
    expect((await ask('/typed', '42')).text).toBe('data: 43\n\n')
    expect((await request('GET', '/typed', { headers: { 'last-event-id': 'x' } })).status).toBe(422)
  })
})

describe('opening, end and age', () => {
  test('a retry stands in front', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse(z.number(), { retry: 250 }) }, function* () {
      yield 1
    })
    expect((await read(await get('/'))).text).toBe('retry: 250\n\ndata: 1\n\n')
  })

  test('maxAge ends it cleanly, with a retry, and the producer is stopped', async () => {
    const { app, get, endings } = scene()
    let unwound = false
    app.get('/', { streams: sse(z.number(), { maxAge: 400 }) }, async function* ({ sleep }) {
      try {
        for (let n = 0; ; n++) {
          yield n
          await sleep(50)
        }
      } finally {
        unwound = true
      }
    })
    const startedAt = performance.now()
    const { text: wire, cut } = await within(read(await get('/')), 'the end')
    const after = performance.now() - startedAt
    expect(cut).toBe(false)
    expect(after).toBeGreaterThan(390)
    expect(after).toBeLessThan(1500)
    const { events, retries } = parse(wire)
    expect(events.length).toBeGreaterThan(2)
    expect(retries).toHaveLength(1)
    expect(wire).toMatch(/\n\nretry: \d{4}\n\n$/)
    await until(() => unwound && endings.length === 1, 'it unwinds')
    expect(endings[0]).toMatchObject({ outcome: 'timeout' })
  })

  test("the route's own retry is the least that a farewell asks for", async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse(z.number(), { retry: 20_000, maxAge: 150 }) }, async function* ({ sleep }) {
      yield 1
      await sleep(60_000)
    })
    const seen = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const { text: wire, cut } = await within(read(await get('/')), 'the end')
      expect(cut).toBe(false)
      const [opening, farewell] = parse(wire).retries
      expect(opening).toBe(20_000)
      expect(farewell).toBeGreaterThanOrEqual(20_000)
      expect(farewell).toBeLessThanOrEqual(40_000)
      seen.add(farewell!)
    }
    // Spread, so that they do not come back all at once.
    expect(seen.size).toBeGreaterThan(1)
  })

  test('the end is marked by option, or if the client prefers that; a stream that fails has no mark', async () => {
    const { app, request } = scene()
    app.get('/marked', { streams: sse(z.number(), { end: true }) }, function* () {
      yield 1
    })
    app.get('/plain', { streams: sse(z.number()) }, function* () {
      yield 1
    })
    app.get('/failing', { streams: sse(z.number(), { end: true }) }, function* () {
      yield 1
      throw new Error('fails')
    })
    const MARK = 'event: end\ndata: {}\n\n'
    const ask = async (path: string, prefer?: string) =>
      read(await request('GET', path, prefer === undefined ? {} : { headers: { prefer } }))
    expect((await ask('/marked')).text).toBe(`data: 1\n\n${MARK}`)
    expect((await ask('/plain')).text).toBe('data: 1\n\n')
    expect((await ask('/plain', 'stream-end')).text).toBe(`data: 1\n\n${MARK}`)
    expect((await ask('/plain', 'respond-async, Stream-End; x=1')).text).toBe(`data: 1\n\n${MARK}`)
    expect((await ask('/plain', 'no-stream-end')).text).toBe('data: 1\n\n')
    const failed = await ask('/failing', 'stream-end')
    expect([failed.cut, failed.text.includes('event: end')]).toEqual([true, false])
  })
})

test('the same handler through app.fetch', async () => {
  const app = new App()
  app.get('/', { streams: sse(z.number(), { retry: 10 }) }, function* () {
    yield event(1, { id: 'a' })
  })
  const response = await app.fetch(new Request('http://localhost/'))
  expect(await response.text()).toBe('retry: 10\n\nid: a\ndata: 1\n\n')
})
