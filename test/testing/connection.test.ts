import { App, bytes, event, HttpError, jsonl, jsonSeq, reply, sse, text } from 'millrace'
import { connect, type ConnectOptions, StreamTruncated } from 'millrace/testing'
import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { type LogEntry, recorder, until, wait } from '../contract/transport.ts'

/** A number, once it has not changed for a while. */
async function restingValue(read: () => number): Promise<number> {
  for (;;) {
    const value = read()
    await wait(200)
    if (read() === value) return value
  }
}

const WAYS: readonly NonNullable<ConnectOptions['over']>[] = ['memory', 'http']

describe.each(WAYS)('over %s', (over) => {
  const open = (app: App) => connect(app, { over: over as 'memory' })
  const quiet = () => new App({ log: recorder([]) })

  test('requests and replies', async () => {
    const app = quiet()
    app.post('/echo', async ({ body, headers }) => {
      return reply.json({ body: await body.json(), agent: headers['x-agent'] })
    })
    await using connection = open(app)
    const made = await connection.request('POST', '/echo', {
      headers: { 'Content-Type': 'application/json', 'X-Agent': 'a' },
      body: '{"a":1}',
    })
    expect([made.status, made.headers['content-type']]).toEqual([200, 'application/json'])
    expect(await made.json()).toEqual({ body: { a: 1 }, agent: 'a' })
    expect(await made.next()).toBeUndefined()
    expect(await made.ended).toMatchObject({ outcome: 'complete' })
  })

  test('a request body goes piece by piece', async () => {
    const app = quiet()
    app.post('/', async ({ body }) => {
      const pieces: string[] = []
      for await (const piece of body) pieces.push(new TextDecoder().decode(piece))
      return pieces.join('')
    })
    await using connection = open(app)
    const made = await connection.request('POST', '/', {
      body: (async function* () {
        yield new TextEncoder().encode('one ')
        await wait(5)
        yield new TextEncoder().encode('two')
      })(),
    })
    expect(await made.text()).toBe('one two')
  })

  test('chunks come as they are made, and no handler runs ahead of a reader that stalls', async () => {
    const app = quiet()
    let made = 0
    app.get('/', { streams: bytes() }, async function* () {
      for (;;) {
        made++
        yield new Uint8Array(256 * 1024)
        await wait(0)
      }
    })
    await using connection = open(app)
    const stream = await connection.request('GET', '/')
    await stream.next()
    const held = await restingValue(() => made)
    expect(held).toBeLessThan(200) // 50 MiB: a socket has buffers
    while (made === held) await stream.next()
  })

  test('a stream that fails rejects with StreamTruncated, after what came before', async () => {
    const app = quiet()
    app.get('/', { streams: text }, async function* () {
      yield 'half'
      await wait(20)
      throw new Error('boom')
    })
    await using connection = open(app)
    const stream = await connection.request('GET', '/')
    expect(await stream.next()).toBe('half')
    const error: unknown = await stream.text().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StreamTruncated)
    expect(error).toMatchObject({ name: 'StreamTruncated', bytes: 4 })
    expect((await stream.ended).outcome).toBe('error')
  })

  test('disconnect() unwinds the app; what is read then is a truncation', async () => {
    const app = quiet()
    let unwound = false
    app.get('/', { streams: text }, async function* ({ sleep }) {
      try {
        yield 'tick'
        await sleep(60_000)
      } finally {
        unwound = true
      }
    })
    await using connection = open(app)
    const stream = await connection.request('GET', '/')
    expect(await stream.next()).toBe('tick')
    stream.disconnect()
    await until(() => unwound, 'the generator unwinds')
    await expect(stream.next()).rejects.toBeInstanceOf(StreamTruncated)
    expect(await stream.ended).toMatchObject({ outcome: 'disconnect', bytes: 4 })
  })

  test('disconnectAfter(k) takes k chunks, items().disconnectAfter(k) k items', async () => {
    const app = quiet()
    const outcomes: string[] = []
    app.get('/', { streams: [jsonl(), sse()] }, async function* ({ after, sleep }) {
      after(({ outcome }) => outcomes.push(outcome))
      for (let i = 0; ; i++) {
        yield i
        await sleep(5)
      }
    })
    await using connection = open(app)
    const chunks = await (await connection.request('GET', '/')).disconnectAfter(3)
    expect(chunks.join('')).toMatch(/^0\n1\n2\n/)
    const events = (
      await connection.request('GET', '/', { headers: { accept: 'text/event-stream' } })
    ).items()
    expect(await events.disconnectAfter(3)).toEqual([0, 1, 2])
    await until(() => outcomes.length === 2, 'both unwind')
    expect(outcomes).toEqual(['disconnect', 'disconnect'])
  })

  test('disconnectAfter throws when the stream ends before that', async () => {
    const app = quiet()
    app.get('/', { streams: jsonl() }, function* () {
      yield 1
    })
    await using connection = open(app)
    await expect((await connection.request('GET', '/')).disconnectAfter(5)).rejects.toThrow(/ended after 1/)
    await expect((await connection.request('GET', '/')).items().disconnectAfter(5)).rejects.toThrow(
      'The stream ended after 1 items, so nobody could leave it after 5.',
    )
  })

  test('a signal leaves before there is a reply', async () => {
    const app = quiet()
    let reason: unknown
    app.get('/', async ({ sleep }) => {
      await sleep(60_000).catch((error: { reason: string }) => {
        reason = error.reason
        throw error
      })
    })
    await using connection = open(app)
    const leaving = new AbortController()
    const replied = connection.request('GET', '/', { signal: leaving.signal })
    await wait(50)
    leaving.abort(new Error('enough'))
    await expect(replied).rejects.toThrow()
    await until(() => reason !== undefined, 'the handler is told')
    expect(reason).toBe('disconnect')
  })

  test('breakConnection(): a write error ends the body as "disconnect"', async () => {
    const app = quiet()
    const ended: string[] = []
    app.get('/', { streams: text }, async function* ({ after, sleep }) {
      after(({ outcome }) => ended.push(outcome))
      try {
        for (;;) {
          yield 'tick'
          await sleep(5)
        }
      } finally {
        ended.push('finally')
      }
    })
    await using connection = open(app)
    const stream = await connection.request('GET', '/')
    await stream.next()
    stream.breakConnection()
    await expect(stream.text()).rejects.toBeInstanceOf(StreamTruncated)
    await until(() => ended.length === 2, 'it unwinds')
    expect(ended).toEqual(['finally', 'disconnect'])
  })

  test('leaving a loop leaves the stream', async () => {
    const app = quiet()
    const outcomes: string[] = []
    app.get('/', { streams: jsonl() }, async function* ({ after, sleep }) {
      after(({ outcome }) => outcomes.push(outcome))
      for (let i = 0; ; i++) {
        yield i
        await sleep(1)
      }
    })
    await using connection = open(app)
    for await (const chunk of await connection.request('GET', '/')) {
      expect(chunk).toBeInstanceOf(Uint8Array)
      break
    }
    for await (const { data } of (await connection.request('GET', '/')).items()) if (data === 3) break
    await until(() => outcomes.length === 2, 'both unwind')
  })

  test('cookies are a list', async () => {
    const app = quiet()
    app.get('/', () => reply.text('', { headers: { 'set-cookie': ['a=1', 'b=2'] } }))
    await using connection = open(app)
    expect((await connection.request('GET', '/')).headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  // fastapi.md 4.1, case 19
  test('an empty stream ends cleanly with 200 and no bytes', async () => {
    const app = quiet()
    app.get('/', { streams: text }, async function* () {})
    await using connection = open(app)
    const stream = await connection.request('GET', '/')
    expect([stream.status, await stream.text()]).toEqual([200, ''])
    expect(await stream.ended).toMatchObject({ outcome: 'complete', bytes: 0 })
  })

  // fastapi.md 4.1, case 20
  test('an empty chunk does not end the body', async () => {
    const app = quiet()
    app.get('/', { streams: text }, async function* () {
      yield ''
      yield 'a'
      await wait(1)
      yield ''
      await wait(1)
      yield 'b'
    })
    await using connection = open(app)
    expect(await (await connection.request('GET', '/')).text()).toBe('ab')
  })

  // fastapi.md 4.1, case 11: httpx returned from stream() only when the app had ended.
  test('request() gives a stream that never ends, and leaving it ends the app', async () => {
    const app = quiet()
    let isRunning = false
    app.get('/', { streams: text }, async function* ({ sleep }) {
      isRunning = true
      try {
        for (;;) {
          yield 'tick'
          await sleep(1)
        }
      } finally {
        isRunning = false
      }
    })
    const connection = open(app)
    const stream = await connection.request('GET', '/')
    expect([stream.status, isRunning]).toEqual([200, true])
    await connection.close()
    expect(isRunning).toBe(false)
  })

  // fastapi.md 5, row 19: work after the reply runs on every outcome.
  test.each(['complete', 'error', 'disconnect'] as const)(
    'after() runs when the body ends: %s',
    async (how) => {
      const app = quiet()
      const told: unknown[] = []
      app.get('/', { streams: text }, async function* ({ after, sleep }) {
        after(async ({ outcome }) => {
          await wait(20)
          told.push(outcome)
        })
        yield 'one'
        if (how === 'error') throw new Error('boom')
        if (how === 'disconnect') await sleep(60_000)
      })
      const connection = open(app)
      const stream = await connection.request('GET', '/')
      await stream.next()
      if (how !== 'disconnect') await stream.text().catch(() => {})
      await connection.close()
      expect(told).toEqual([how])
    },
  )
})

describe('items', () => {
  const Row = z.object({ n: z.number() })
  const create = (log: LogEntry[] = []) => {
    const app = new App({ log: recorder(log) })
    app.get('/rows', { streams: [jsonl(), jsonSeq(), sse()] }, function* () {
      yield event({ n: 1 }, { id: '7', event: 'row', retry: 1000 })
      yield { n: 2 }
    })
    app.get('/fails', { streams: [jsonl(), jsonSeq(), sse()] }, function* () {
      yield { n: 1 }
      throw new HttpError(503, { detail: 'Later.' })
    })
    app.get('/none', () => 'text')
    return app
  }
  const TYPES = ['application/jsonl', 'application/x-ndjson', 'application/json-seq', 'text/event-stream']

  test.each(TYPES)('of %s', async (accept) => {
    await using connection = connect(create())
    const items = (await connection.request('GET', '/rows', { headers: { accept } })).items()
    const sseOnly = accept === 'text/event-stream' ? { id: '7', event: 'row', retry: 1000 } : {}
    expect(await items.next()).toEqual({ data: { n: 1 }, ...sseOnly })
    expect(await items.next()).toEqual({ data: { n: 2 } })
    expect(await items.next()).toBeUndefined()
    expect(items.endMarked).toBe(false)
  })

  test.each(TYPES)('the end mark of %s is told, and no item', async (accept) => {
    await using connection = connect(create())
    const headers = { accept, prefer: 'stream-end' }
    const items = (await connection.request('GET', '/rows', { headers })).items()
    expect(await items.all()).toEqual([{ n: 1 }, { n: 2 }])
    expect(items.endMarked).toBe(true)
  })

  test.each(TYPES)('a failure in %s is a truncation with its problem', async (accept) => {
    await using connection = connect(create())
    const items = (await connection.request('GET', '/fails', { headers: { accept } })).items()
    expect((await items.next())?.data).toEqual({ n: 1 })
    await expect(items.next()).rejects.toMatchObject({
      name: 'StreamTruncated',
      problem: { status: 503, detail: 'Later.' },
    })
  })

  test('a schema types them, and refuses what does not pass', async () => {
    await using connection = connect(create())
    const [first] = await (await connection.request('GET', '/rows')).items(Row).all()
    expect(first!.n + 1).toBe(2)
    const strict = (await connection.request('GET', '/rows')).items(z.object({ n: z.string() }))
    await expect(strict.next()).rejects.toThrow(/does not match its schema: item.n/)
  })

  test('a reply without items says so', async () => {
    await using connection = connect(create())
    const plain = await connection.request('GET', '/none')
    expect(() => plain.items()).toThrow(/A 200 reply with content type "text\/plain.*" has no items/)
    const missing = await connection.request('GET', '/nowhere')
    expect(() => missing.items()).toThrow(/A 404 reply/)
  })

  test('events that are called "error" or "end" by the app are items', async () => {
    const app = new App()
    app.get('/', { streams: sse() }, function* () {
      yield event('mine', { event: 'error' })
      yield event('mine', { event: 'end' })
    })
    await using connection = connect(app)
    expect(await (await connection.request('GET', '/')).items().all()).toEqual(['mine', 'mine'])
  })
})

describe('in memory', () => {
  test('a break loses what is written, and does not count it', async () => {
    const app = new App()
    app.get('/', { streams: text }, async function* () {
      yield 'one'
      await wait(1)
      yield 'two'
    })
    await using connection = connect(app)
    const stream = await connection.request('GET', '/')
    expect(await stream.next()).toBe('one')
    stream.breakConnection()
    await expect(stream.next()).rejects.toThrow(/cut off after 3 bytes: The connection broke/)
    expect(await stream.ended).toMatchObject({ outcome: 'disconnect', bytes: 3 })
  })

  test('reading twice at a time is a mistake of the test', async () => {
    const app = new App()
    app.get('/', { streams: text }, async function* ({ sleep }) {
      yield 'one'
      await sleep(60_000)
    })
    await using connection = connect(app)
    const stream = await connection.request('GET', '/')
    await stream.next()
    void stream.next()
    await expect(stream.next()).rejects.toThrow('being read already')
  })
})

describe('a connection', () => {
  const withLifespan = (steps: string[]) => {
    const app = new App({
      async *lifespan() {
        steps.push('up')
        yield
        steps.push('down')
      },
    })
    app.get('/', () => 'ok')
    return app
  }

  test('starts the app with its first request, and stops it when it is closed', async () => {
    const steps: string[] = []
    const app = withLifespan(steps)
    {
      await using connection = connect(app)
      expect(steps).toEqual([])
      await connection.request('GET', '/')
      expect(steps).toEqual(['up'])
    }
    expect(steps).toEqual(['up', 'down'])
    {
      await using again = connect(app)
      expect(await (await again.request('GET', '/')).text()).toBe('ok')
    }
    expect(steps).toEqual(['up', 'down', 'up', 'down'])
  })

  test('leaves an app alone that had been started', async () => {
    const steps: string[] = []
    const app = withLifespan(steps)
    const listening = await app.listen({ port: 0, signals: false })
    {
      await using connection = connect(app, { over: listening })
      expect(await (await connection.request('GET', '/')).text()).toBe('ok')
    }
    expect(steps).toEqual(['up'])
    await app.close()
    expect(steps).toEqual(['up', 'down'])
  })

  test('refuses requests once it is closed, and closes only once', async () => {
    const connection = connect(withLifespan([]))
    await connection.request('GET', '/')
    await connection.close()
    await connection.close()
    await expect(connection.request('GET', '/')).rejects.toThrow('closed')
  })

  test('that was never used has nothing to close', async () => {
    await connect(withLifespan([])).close()
  })
})
