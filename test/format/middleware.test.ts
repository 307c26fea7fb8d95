/** Middleware around streams: cases 62 to 73 and 126, 127 of the reference. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { dependency, jsonl, type Middleware, reply, sse, text } from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { until, wait, within } from '../contract/transport.ts'
import { read, scene } from './scene.ts'

const passing: Middleware = (_, next) => next()
const transforming: Middleware = async (_, next) =>
  (await next()).transform(async function* (chunks) {
    for await (const chunk of chunks) yield chunk
  })

describe('background work behind middleware', () => {
  test('begins after the last byte, and holds up no other request', async () => {
    const { app, get, open } = scene({ middleware: [passing, transforming, passing] })
    const events: string[] = []
    app.get('/', { streams: text }, async function* ({ after }) {
      after(async () => {
        events.push('begins')
        await wait(500)
        events.push('ends')
      })
      yield 'a'
      yield 'b'
      events.push('produced')
    })
    app.get('/other', () => 'other')
    const connection = await open()
    expect(await read(await connection.request('GET', '/'))).toEqual({ text: 'ab', cut: false })
    await until(() => events.length === 2, 'the background work')
    expect(events).toEqual(['produced', 'begins'])
    // On the same connection, too.
    expect(
      (await read(await within(connection.request('GET', '/other'), 'the same connection', 300))).text,
    ).toBe('other')
    expect((await read(await within(get('/other'), 'another connection', 300))).text).toBe('other')
    expect(events).toEqual(['produced', 'begins'])
    await until(() => events.length === 3, 'its end')
  })

  test('runs also if the client leaves right after the reply', async () => {
    const { app, get } = scene({ middleware: [passing, transforming] })
    const events: string[] = []
    app.get('/', ({ after }) => {
      after(async ({ outcome }) => {
        await wait(100)
        events.push(outcome)
      })
      return 'x'
    })
    const got = await get('/')
    await got.bytes()
    got.connection.destroy()
    await until(() => events.length === 1, 'the background work')
    expect(events).toEqual(['complete'])
  })

  test('one after another; one that fails is logged and the others run', async () => {
    const { app, get, log } = scene({ middleware: [passing] })
    const events: number[] = []
    app.get('/', { streams: text }, function* ({ after }) {
      after(async () => {
        await wait(50)
        events.push(1)
      })
      after(() => {
        throw new Error('the second one failed')
      })
      after(() => events.push(3))
      yield 'x'
    })
    await read(await get('/'))
    await until(() => events.length === 2, 'both')
    expect(events).toEqual([1, 3])
    expect(String(log.find(({ level }) => level === 'error')?.fields['err'])).toContain(
      'the second one failed',
    )
  })
})

test('a middleware that holds something lets go of it when the client leaves', async () => {
  const released: string[] = []
  const holding: Middleware = (ctx, next) => {
    ctx.after(({ outcome }) => released.push(outcome))
    return next()
  }
  const { app, get } = scene({ middleware: [holding] })
  app.get('/', { streams: text }, async function* ({ sleep }) {
    yield 'x'
    await sleep(60_000)
  })
  const got = await get('/')
  await got.bytes()
  got.connection.destroy()
  await until(() => released.length === 1, 'it is released')
  expect(released).toEqual(['disconnect'])
})

describe('a middleware that discards the inner reply', () => {
  test('before it is sent: the inner stream is stopped, no deadlock', async () => {
    let stopped = false
    const { app, get } = scene({
      middleware: [
        async (_, next) => {
          await next()
          return reply.text('instead')
        },
      ],
    })
    app.get('/', { streams: text }, async function* ({ sleep }) {
      try {
        for (;;) {
          yield 'x'
          await sleep(10)
        }
      } finally {
        stopped = true
      }
    })
    expect((await read(await within(get('/'), 'the reply'))).text).toBe('instead')
    await until(() => stopped, 'the inner stream is stopped')
  })

  test('while it is being sent: the same', async () => {
    let stopped = false
    const { app, get } = scene({
      middleware: [
        async (_, next) =>
          (await next()).transform(async function* (chunks) {
            let count = 0
            for await (const chunk of chunks) {
              yield chunk
              if (++count === 3) break
            }
            yield ' and no more'
          }),
      ],
    })
    app.get('/', { streams: text }, async function* ({ sleep }) {
      try {
        for (;;) {
          yield 'x'
          await sleep(10)
        }
      } finally {
        stopped = true
      }
    })
    expect(await within(read(await get('/')), 'the end')).toEqual({ text: 'xxx and no more', cut: false })
    await until(() => stopped, 'the inner stream is stopped')
  })
})

test('ten of them and a client that leaves: in from first to last, out from last to first, each after() once', async () => {
  const order: string[] = []
  const stack = Array.from({ length: 10 }, (_, at): Middleware => async (ctx, next) => {
    order.push(`in ${at}`)
    ctx.after(() => order.push(`after ${at}`))
    const made = await next()
    order.push(`out ${at}`)
    return made
  })
  let replies = 0
  const { app, get } = scene({ middleware: stack, observers: [{ head: () => replies++ }] })
  let signalled: unknown
  app.get('/', { streams: text }, async function* ({ sleep, signal }) {
    signal.addEventListener('abort', () => (signalled = (signal.reason as { reason: string }).reason))
    yield 'x'
    await sleep(60_000)
  })
  const got = await get('/')
  await got.bytes()
  got.connection.destroy()
  await until(() => order.length === 30, 'everything ends')
  const numbers = Array.from({ length: 10 }, (_, at) => at)
  expect(order).toEqual([
    ...numbers.map((at) => `in ${at}`),
    ...numbers.toReversed().map((at) => `out ${at}`),
    ...numbers.map((at) => `after ${at}`),
  ])
  expect([replies, signalled]).toEqual([1, 'disconnect'])
})

describe('the request body', () => {
  const bodyIn: Middleware = async (ctx, next) => {
    const body = ctx.body as { text(): Promise<string> }
    const seen = await body.text()
    const made = await next()
    made.headers['x-middleware'] = seen
    return made
  }

  test('is there for both: read whole in middleware, then in the handler', async () => {
    const { app, request } = scene({ middleware: [bodyIn] })
    app.post('/text', ({ body }) => body.text())
    app.post('/json', { body: z.object({ a: z.number() }) }, ({ body }) => ({ twice: body.a * 2 }))
    const headers = { 'content-type': 'application/json' }
    const body = '{"a":21}'
    const asText = await request('POST', '/text', { headers, body })
    expect([asText.headers['x-middleware'], (await read(asText)).text]).toEqual([body, body])
    const asJson = await request('POST', '/json', { headers, body })
    expect([asJson.headers['x-middleware'], (await read(asJson)).text]).toEqual([body, '{"twice":42}'])
  })

  test('streamed in one place, it says so in the other instead of hanging or being empty', async () => {
    const { app, request, log } = scene({
      middleware: [
        async (ctx, next) => {
          for await (const _ of ctx.body as AsyncIterable<Uint8Array>);
          return next()
        },
      ],
    })
    app.post('/', ({ body }) => body.text())
    const got = await within(request('POST', '/', { body: 'abc' }), 'the reply')
    expect(got.status).toBe(500)
    expect(String(log.find(({ level }) => level === 'error')?.fields['err'])).toContain('was read already')
  })

  test('middleware may read it after the handler', async () => {
    const { app, request } = scene({
      middleware: [
        async (ctx, next) => {
          const made = await next()
          made.headers['x-late'] = await (ctx.body as { text(): Promise<string> }).text()
          return made
        },
      ],
    })
    app.post('/unread', () => 'x')
    app.post('/read', ({ body }) => body.text())
    for (const path of ['/unread', '/read'])
      expect((await request('POST', path, { body: 'abc' })).headers['x-late'], path).toBe('abc')
  })
})

test('asking again and again whether the client has left never hangs', async () => {
  const { app, get } = scene({ middleware: [passing] })
  app.get('/', async ({ signal, sleep }) => {
    let asked = 0
    for (; asked < 50; asked++) {
      if (signal.aborted) break
      await sleep(1)
    }
    return { asked, aborted: signal.aborted }
  })
  expect((await read(await within(get('/'), 'the reply'))).text).toBe('{"asked":50,"aborted":false}')
})

test('AsyncLocalStorage: what middleware sets is there in the generator, and what the handler sets is there after it', async () => {
  const outer = new AsyncLocalStorage<{ value: string }>()
  const after: string[] = []
  const { app, get } = scene({
    middleware: [
      (ctx, next) => {
        const store = { value: 'from middleware' }
        return outer.run(store, async () => {
          ctx.after(() => after.push(outer.getStore()!.value))
          const made = await next()
          made.headers['x-seen'] = store.value
          return made
        })
      },
      passing,
    ],
  })
  app.get('/', { streams: text }, async function* ({ sleep }) {
    const before = outer.getStore()!.value
    outer.getStore()!.value = 'from the handler'
    yield before
    await sleep(5)
    yield `, ${outer.getStore()!.value}`
  })
  const got = await get('/')
  expect(got.headers['x-seen']).toBe('from the handler')
  expect((await read(got)).text).toBe('from middleware, from the handler')
  await until(() => after.length === 1, 'after()')
  expect(after).toEqual(['from the handler'])
})

test('headers and status of a stream can be changed by middleware', async () => {
  const { app, get } = scene({
    middleware: [
      async (_, next) => {
        const made = await next()
        made.headers['x-added'] = 'yes'
        made.headers['cache-control'] = 'no-store'
        made.status = 203
        return made
      },
    ],
  })
  app.get('/', { streams: sse() }, function* () {
    yield 1
  })
  const got = await get('/')
  expect([got.status, got.headers['x-added'], got.headers['cache-control']]).toEqual([203, 'yes', 'no-store'])
  expect((await read(got)).text).toBe('data: 1\n\n')
})

describe('a dependency in a stream', () => {
  test('is open to the last item, and its own failure in the stream is logged', async () => {
    const { app, get, log } = scene()
    const events: string[] = []
    const session = dependency(async function* () {
      let open = true
      try {
        yield { query: (n: number) => (open ? n : 'closed') }
        events.push('commit')
      } finally {
        open = false
        events.push('closed')
      }
    })
    app.get('/', { use: { session }, streams: jsonl() }, async function* (ctx) {
      for (let n = 0; n < 3; n++) {
        await ctx.sleep(10)
        yield ctx.session.query(n)
      }
      events.push('last item')
    })
    app.get('/failing', { use: { session }, streams: jsonl() }, async function* (ctx) {
      yield ctx.session.query(1)
      throw new Error('the query failed')
    })
    expect((await read(await get('/'))).text).toBe('0\n1\n2\n')
    await until(() => events.length === 3, 'the release')
    expect(events.splice(0)).toEqual(['last item', 'commit', 'closed'])
    expect((await read(await get('/failing'))).cut).toBe(true)
    await until(() => events.length === 1, 'the release')
    expect(events).toEqual(['closed'])
    expect(String(log.find(({ level }) => level === 'error')?.fields['err'])).toContain('the query failed')
  })
})
