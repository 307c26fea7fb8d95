/** What runs around and after a request: after(), outcomes, lifespan, error handlers, observers. */
import { dependency, type Ending, HttpError, jsonl, reply, type StreamCancelled, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectCut, expectProblem, until, wait, within } from './transport.ts'

export const lifetimeBehaviours: Behaviour[] = [
  behaviour('the reason of the signal is the outcome', async ({ create, open }) => {
    const seen: Record<string, unknown>[] = []
    const app = create()
    // The signal is told about by whoever is still at work: here a task that is not the stream itself.
    const watch = ({ signal, after }: { signal: AbortSignal; after: (fn: (e: Ending) => void) => void }) => {
      let reason: string | undefined
      signal.addEventListener('abort', () => void (reason = (signal.reason as StreamCancelled).reason))
      after(({ outcome }) => void seen.push({ reason, outcome }))
    }
    app.get('/error', { streams: text }, async function* (context) {
      watch(context)
      yield 'a'
      await wait(2)
      throw new Error('broken')
    })
    app.get('/idle', { streams: text, timeouts: { idle: 30 } }, async function* (context) {
      watch(context)
      yield 'a'
      await context.sleep(60_000)
    })
    app.get('/total', { streams: text, timeouts: { total: 30 } }, async function* (context) {
      watch(context)
      for (;;) {
        yield 'a'
        await context.sleep(5)
      }
    })
    app.get('/left', { streams: text }, async function* (context) {
      watch(context)
      yield 'a'
      await context.sleep(60_000)
    })
    const link = await open(app)
    const expected = { error: 'error', idle: 'timeout', total: 'timeout', left: 'disconnect' }
    for (const [path, outcome] of Object.entries(expected)) {
      const got = await link.request('GET', `/${path}`)
      if (path === 'left') {
        await got.next()
        got.disconnect()
      } else await got.text().catch(() => {})
      await until(() => seen.length === 1, `the end of ${path}`)
      expect([path, ...seen.splice(0)]).toEqual([path, { reason: outcome, outcome }])
    }
  }),

  behaviour("onDisconnect: 'finish': work that fails without its client rolls back", async (scene) => {
    const events: string[] = []
    const tell = (scope: 'request' | 'handler') =>
      dependency({ scope }, async function* () {
        try {
          yield scope
          events.push(`${scope} commits`)
        } catch (error) {
          events.push(`${scope} rolls back: ${(error as Error | undefined)?.message}`)
        }
      })
    const whole = tell('request')
    const work = tell('handler')
    let fails = true
    const app = scene.create()
    app.get('/', { streams: text, onDisconnect: 'finish', use: { whole, work } }, async function* () {
      yield 'a'
      await wait(60)
      if (fails) throw new Error('broken')
    })
    const link = await scene.open(app)
    const leave = async () => {
      const got = await link.request('GET', '/')
      await got.next()
      got.disconnect()
      await until(() => events.length === 2, 'both dependencies')
      return events.splice(0)
    }
    expect(await leave()).toEqual(['handler rolls back: broken', 'request rolls back: broken'])
    expect(scene.log.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'Work without a client failed', fields: { err: { message: 'broken' } } },
    ])
    fails = false
    expect(await leave()).toEqual(['handler commits', 'request commits'])
  }),

  behaviour('items that were left out of a request body are counted', async ({ create, open, log }) => {
    let ending: Ending | undefined
    const schema = z.object({ n: z.number() })
    const app = create()
    app.post('/', { body: jsonl(schema, { invalid: 'drop' }) }, async ({ body, after }) => {
      after((told) => void (ending = told))
      let sum = 0
      for await (const { n } of body) sum += n
      return sum
    })
    const got = await (
      await open(app)
    ).request('POST', '/', {
      headers: { 'content-type': 'application/jsonl' },
      body: '{"n":1}\n{"n":"x"}\n{}\n{"n":2}\n{"m":1}\n',
    })
    expect(await got.text()).toBe('3')
    await until(() => ending !== undefined, 'after')
    expect(ending).toMatchObject({ outcome: 'complete', dropped: 3 })
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(1)
  }),

  behaviour('after() runs in order, one after another, when the body has ended', async ({ create, open }) => {
    const events: string[] = []
    const app = create()
    app.get('/', { streams: text }, async function* ({ after }) {
      after(async () => {
        events.push('first starts')
        await wait(5)
        events.push('first ends')
      })
      after(() => events.push('second'))
      yield 'a'
      await wait(5)
      events.push('body ends')
    })
    const got = await (await open(app)).request('GET', '/')
    expect(await got.text()).toBe('a')
    await until(() => events.length === 4, 'both callbacks')
    expect(events).toEqual(['body ends', 'first starts', 'first ends', 'second'])
  }),

  behaviour('after() is told how it ended: complete', async ({ create, open }) => {
    const endings: Ending[] = []
    const app = create()
    app.get('/stream', { streams: text }, async function* ({ after }) {
      after((ending) => endings.push(ending))
      yield 'ä'
      yield 'bc'
    })
    app.get('/text', ({ after }) => {
      after((ending) => endings.push(ending))
      return 'häßlich'
    })
    app.get('/none', ({ after }) => void after((ending) => endings.push(ending)))
    const link = await open(app)
    for (const path of ['/stream', '/text', '/none']) await (await link.request('GET', path)).text()
    await until(() => endings.length === 3, 'all three')
    expect(endings.map(({ outcome, bytes, items }) => [outcome, bytes, items])).toEqual([
      ['complete', 4, 2],
      ['complete', 9, 0],
      ['complete', 0, 0],
    ])
    for (const { durationMs } of endings) expect(durationMs).toBeGreaterThanOrEqual(0)
  }),

  behaviour('after() is told how it ended: disconnect, with what had left', async ({ create, open }) => {
    let ending: Ending | undefined
    const app = create()
    app.get('/', { streams: text }, async function* ({ after, sleep }) {
      after((told) => void (ending = told))
      yield 'one'
      yield 'two'
      await sleep(60_000)
    })
    const got = await (await open(app)).request('GET', '/')
    let seen = ''
    while (seen !== 'onetwo') seen += await got.next()
    got.disconnect()
    await until(() => ending !== undefined, 'after')
    expect(ending).toMatchObject({ outcome: 'disconnect', bytes: 6, items: 2 })
  }),

  behaviour('after() is told how it ended: error, before and after the head', async ({ create, open }) => {
    const endings: Ending[] = []
    const app = create()
    app.get('/before', ({ after }) => {
      after((ending) => endings.push(ending))
      throw new HttpError(403)
    })
    app.get('/middle', { streams: text }, async function* ({ after }) {
      after((ending) => endings.push(ending))
      yield 'one'
      throw new Error('broken')
    })
    const link = await open(app)
    await expectProblem(await link.request('GET', '/before'), 403)
    await expectCut(await link.request('GET', '/middle'), 'one')
    await until(() => endings.length === 2, 'both')
    expect(endings.map(({ outcome, error }) => [outcome, (error as Error).message])).toEqual([
      ['error', 'Forbidden'],
      ['error', 'broken'],
    ])
    expect(endings[1]).toMatchObject({ items: 1, bytes: 3 })
  }),

  behaviour('an after() that fails is logged, and the next one still runs', async ({ create, open, log }) => {
    let ran = false
    const app = create()
    app.get('/', ({ after }) => {
      after(() => {
        throw new Error('after broke')
      })
      after(async () => Promise.reject(new Error('after rejected')))
      after(() => void (ran = true))
      return 'ok'
    })
    expect(await (await (await open(app)).request('GET', '/')).text()).toBe('ok')
    await until(() => ran, 'the last one')
    expect(log.map((entry) => String(entry.fields['err']))).toEqual([
      'Error: after broke',
      'Error: after rejected',
    ])
  }),

  behaviour('error handlers: the first that returns a reply answers', async ({ create, open, log }) => {
    class Teapot extends Error {}
    const app = create()
    app.onError((error) => (error instanceof Teapot ? reply.text('short', { status: 418 }) : undefined))
    app.onError(async (error, { path, head }) => {
      if (!(error instanceof RangeError)) return undefined
      head.set('x-path', path)
      return reply.json({ range: true }, { status: 400 })
    })
    app.onError((error) => {
      if (error instanceof SyntaxError) throw new Error('the handler broke')
      return undefined
    })
    app.get('/teapot', () => {
      throw new Teapot()
    })
    // oxlint-disable-next-line require-yield -- it fails before
    app.get('/range', { streams: text }, async function* () {
      throw new RangeError('x')
    })
    app.get('/syntax', () => {
      throw new SyntaxError('x')
    })
    const link = await open(app)
    const teapot = await link.request('GET', '/teapot')
    expect([teapot.status, await teapot.text()]).toEqual([418, 'short'])
    const range = await link.request('GET', '/range')
    expect([range.status, range.headers['x-path'], await range.json()]).toEqual([
      400,
      '/range',
      { range: true },
    ])
    await expectProblem(await link.request('GET', '/syntax'), 500)
    await expectProblem(await link.request('GET', '/nowhere'), 404)
    // What a handler has made the client's business is no error of ours; the rest is logged.
    expect(log.map(({ level, fields }) => [level, String(fields['err'])])).toEqual([
      ['error', 'SyntaxError: x'],
      ['error', 'Error: the handler broke'],
    ])
  }),

  behaviour('an error that a handler answers with a 5xx is still logged, once', async (scene) => {
    const seen: unknown[] = []
    const app = scene.create({ observers: [{ error: (_, error) => seen.push(error) }] })
    app.onError(() => reply.text('sorry', { status: 502 }))
    const broken = new Error('the upstream broke')
    app.get('/', () => {
      throw broken
    })
    const got = await (await scene.open(app)).request('GET', '/')
    expect([got.status, await got.text()]).toEqual([502, 'sorry'])
    expect(scene.log.map(({ level, fields }) => [level, fields['err']])).toEqual([['error', broken]])
    expect(seen).toEqual([broken])
  }),

  behaviour('an HttpError says what it was told to, and nothing of its cause', async ({ create, open }) => {
    const app = create()
    app.get('/', () => {
      throw new HttpError(429, {
        detail: 'Slow down.',
        code: 'TOO_FAST',
        headers: { 'Retry-After': '7' },
        extensions: { limit: 5, status: 200 },
        cause: new Error('hunter2'),
      })
    })
    const got = await (await open(app)).request('GET', '/')
    const problem = await expectProblem(got, 429, 'TOO_FAST')
    expect(got.headers['retry-after']).toBe('7')
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'Too many requests',
      status: 429,
      code: 'TOO_FAST',
      detail: 'Slow down.',
      limit: 5,
    })
  }),

  behaviour('observers see head and end of every request, and never harm it', async (scene) => {
    const seen: unknown[] = []
    const harmful = () => {
      throw new Error('observer broke')
    }
    const app = scene.create({
      observers: [
        { head: harmful, end: harmful, error: harmful },
        {
          head: (request, status) => void seen.push(['head', request.method, request.route, status]),
          end: (request, ending, status) => void seen.push(['end', request.route, ending.outcome, status]),
          error: (request, error) => void seen.push(['error', request.route, (error as Error).message]),
        },
      ],
    })
    app.get('/a/:id', { streams: text }, function* () {
      yield 'x'
    })
    app.get('/broken', () => {
      throw new Error('secret')
    })
    const link = await scene.open(app)
    await (await link.request('GET', '/a/1')).text()
    await (await link.request('GET', '/none')).text()
    await (await link.request('GET', '/broken')).text()
    await until(() => seen.length === 7, `all seven, not ${JSON.stringify(seen)}`)
    const sorted = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort()
    expect(sorted(seen)).toEqual(
      sorted([
        ['head', 'GET', '/a/:id', 200],
        ['end', '/a/:id', 'complete', 200],
        ['head', 'GET', undefined, 404],
        ['end', undefined, 'error', 404],
        ['error', '/broken', 'secret'],
        ['head', 'GET', '/broken', 500],
        ['end', '/broken', 'error', 500],
      ]),
    )
    expect(scene.log.filter((entry) => entry.message === 'An observer failed').length).toBeGreaterThan(0)
  }),

  behaviour('lifespan: before the first request, after the last after()', async ({ create, open }) => {
    const events: string[] = []
    const app = create({
      lifespan: async function* () {
        await wait(2)
        events.push('up')
        yield
        events.push('down')
      },
    })
    app.get('/', ({ after }) => {
      events.push('request')
      after(async () => {
        await wait(20)
        events.push('after')
      })
      return 'x'
    })
    const link = await open(app)
    await (await link.request('GET', '/')).text()
    await within(link.close(), 'close')
    expect(events).toEqual(['up', 'request', 'after', 'down'])
  }),

  behaviour('a lifespan that yields twice is ended, and said to be wrong', async ({ create, open }) => {
    const events: string[] = []
    const app = create({
      lifespan: async function* () {
        try {
          yield
          events.push('down')
          yield
          events.push('never')
        } finally {
          await wait(2)
          events.push('closed')
        }
      },
    })
    app.get('/', () => 'x')
    const link = await open(app)
    await (await link.request('GET', '/')).text()
    await expect(within(link.close(), 'close')).rejects.toThrow(
      'The lifespan yielded twice. Yield once, when the app is ready.',
    )
    expect(events).toEqual(['down', 'closed'])
  }),
]
