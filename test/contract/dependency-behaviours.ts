/** Dependencies: when they are made, how long they live, and how they learn of failure. */
import { dependency, HttpError, jsonl, reply, Router, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectCut, expectProblem, until, wait } from './transport.ts'

/** A dependency that writes down what happens to it. */
function traced(events: string[], name: string, scope: 'request' | 'handler' = 'request') {
  return dependency({ scope }, async function* () {
    events.push(`open ${name}`)
    try {
      yield name
      events.push(`commit ${name}`)
    } catch (error) {
      events.push(`rollback ${name}: ${(error as Error).message}`)
      throw error
    } finally {
      await wait(1)
      events.push(`close ${name}`)
    }
  })
}

export const dependencyBehaviours: Behaviour[] = [
  behaviour('functions and generators, sync and async, give their values', async ({ create, open }) => {
    const app = create()
    const use = {
      a: dependency(() => 1),
      b: dependency(async () => 2),
      c: dependency(function* () {
        yield 3
      }),
      d: dependency(async function* () {
        yield 4
      }),
    }
    app.get('/', { use }, ({ a, b, c, d }) => [a, b, c, d])
    expect(await (await (await open(app)).request('GET', '/')).json()).toEqual([1, 2, 3, 4])
  }),

  behaviour('one instance per request, shared by sub-dependencies', async ({ create, open }) => {
    let made = 0
    const base = dependency(() => ({ number: ++made }))
    const left = dependency({ use: { base } }, ({ base: value }) => value)
    const right = dependency({ use: { base, left } }, async ({ base: value }) => value)
    const router = new Router({ use: { left } })
    router.get('/', { use: { right, base } }, (c) => [c.left === c.right, c.base === c.left, c.base.number])
    const app = create({ use: {} })
    app.include(router)
    const link = await open(app)
    expect(await (await link.request('GET', '/')).json()).toEqual([true, true, 1])
    expect(await (await link.request('GET', '/')).json()).toEqual([true, true, 2])
  }),

  behaviour('a dependency has inputs of its own', async ({ create, open }) => {
    const page = dependency(
      { query: z.object({ page: z.coerce.number() }), headers: z.object({ 'x-a': z.string() }) },
      ({ query, headers, path }) => `${query.page + 1}${headers['x-a']}${path}`,
    )
    const app = create()
    app.get('/p', { use: { page }, query: z.object({ q: z.string() }) }, (c) => [c.page, c.query])
    const link = await open(app)
    const got = await link.request('GET', '/p?page=1&q=x', { headers: { 'x-a': 'h' } })
    expect(await got.json()).toEqual(['2h/p', { q: 'x' }])
    const problem = await expectProblem(await link.request('GET', '/p?page=x&q=x'), 422)
    expect((problem['errors'] as { in: string }[]).map((error) => error.in).sort()).toEqual([
      'headers',
      'query',
    ])
  }),

  behaviour('a guard refuses before anything behind it starts', async ({ create, open }) => {
    const events: string[] = []
    const guard = dependency(() => {
      throw new HttpError(401)
    })
    const app = create()
    app.get(
      '/',
      { use: { guard, db: traced(events, 'db') }, query: z.object({ a: z.string() }) },
      () => 'never',
    )
    await expectProblem(await (await open(app)).request('GET', '/'), 401)
    expect(events).toEqual([])
  }),

  behaviour('released in reverse order, after the body has ended', async ({ create, open }) => {
    const events: string[] = []
    const use = { a: traced(events, 'a'), b: traced(events, 'b') }
    const app = create()
    app.get('/', { use, streams: text }, async function* ({ a, b, after }) {
      after(() => events.push('after'))
      yield a
      await wait(5)
      yield b
      events.push('last item')
    })
    const got = await (await open(app)).request('GET', '/')
    expect(await got.text()).toBe('ab')
    await until(() => events.includes('after'), 'after')
    expect(events).toEqual([
      'open a',
      'open b',
      'last item',
      'commit b',
      'close b',
      'commit a',
      'close a',
      'after',
    ])
  }),

  behaviour('a failure before the head is thrown at the yield', async ({ create, open }) => {
    const events: string[] = []
    const use = { a: traced(events, 'a'), b: traced(events, 'b') }
    const app = create()
    app.get('/plain', { use }, () => {
      throw new HttpError(409, { detail: 'conflict' })
    })
    // oxlint-disable-next-line require-yield -- it fails before
    app.get('/stream', { use, streams: text }, async function* () {
      await wait(1)
      throw new HttpError(409, { detail: 'conflict' })
    })
    const link = await open(app)
    for (const path of ['/plain', '/stream']) {
      events.length = 0
      await expectProblem(await link.request('GET', path), 409)
      await until(() => events.includes('close a'), 'the release')
      expect(events).toEqual([
        'open a',
        'open b',
        'rollback b: conflict',
        'close b',
        'rollback a: conflict',
        'close a',
      ])
    }
  }),

  ...(['request', 'handler'] as const).map((scope) =>
    behaviour(`a stream that fails rolls back a dependency of scope ${scope}`, async ({ create, open }) => {
      const events: string[] = []
      const app = create()
      app.get('/', { use: { db: traced(events, 'db', scope) }, streams: text }, async function* () {
        yield 'one'
        await wait(1)
        throw new Error('broken')
      })
      await expectCut(await (await open(app)).request('GET', '/'), 'one')
      await until(() => events.includes('close db'), 'the release')
      expect(events).toEqual(['open db', 'rollback db: broken', 'close db'])
    }),
  ),

  ...(['request', 'handler'] as const).map((scope) =>
    behaviour(`a client that leaves rolls back a dependency of scope ${scope}`, async ({ create, open }) => {
      const events: string[] = []
      const app = create()
      app.get('/', { use: { db: traced(events, 'db', scope) }, streams: text }, async function* ({ sleep }) {
        try {
          yield 'one'
          await sleep(60_000)
        } finally {
          events.push('finally')
        }
      })
      const got = await (await open(app)).request('GET', '/')
      await got.next()
      got.disconnect()
      await until(() => events.includes('close db'), 'the release')
      expect(events).toEqual(['open db', 'finally', 'rollback db: The client went away.', 'close db'])
    }),
  ),

  behaviour('scope handler ends with the handler, scope request with the body', async ({ create, open }) => {
    const events: string[] = []
    const use = { long: traced(events, 'long'), short: traced(events, 'short', 'handler') }
    const app = create()
    app.get('/value', { use }, ({ after }) => {
      after(() => events.push('after'))
      events.push('handler returns')
      return 'x'
    })
    app.get('/stream', { use, streams: text }, async function* ({ after }) {
      after(() => events.push('after'))
      yield 'x'
      events.push('handler returns')
    })
    const link = await open(app)
    for (const path of ['/value', '/stream']) {
      events.length = 0
      await (await link.request('GET', path)).text()
      await until(() => events.includes('after'), 'after')
      expect(events.filter((event) => !event.startsWith('open'))).toEqual([
        'handler returns',
        'commit short',
        'close short',
        'commit long',
        'close long',
        'after',
      ])
    }
  }),

  behaviour('a stream whose dependency of scope handler cannot commit has no clean end', async (scene) => {
    const { create, open, log } = scene
    const events: string[] = []
    const bad = dependency({ scope: 'handler' }, async function* () {
      yield 'bad'
      await wait(1)
      throw new Error('cannot commit')
    })
    const use = { long: traced(events, 'long'), first: traced(events, 'first', 'handler'), bad }
    const app = create()
    app.get('/text', { use, streams: text }, async function* ({ after }) {
      after(({ outcome, error }) => events.push(`after ${outcome}: ${(error as Error).message}`))
      yield 'one'
      await wait(1)
    })
    app.get('/sync', { use, streams: text }, function* ({ after }) {
      after(({ outcome, error }) => events.push(`after ${outcome}: ${(error as Error).message}`))
      yield 'one'
    })
    app.get('/lines', { use, streams: jsonl(z.number(), { end: true }) }, async function* ({ after }) {
      after(({ outcome, error }) => events.push(`after ${outcome}: ${(error as Error).message}`))
      yield 1
      await wait(1)
    })
    const internal = { type: 'about:blank', title: 'Internal server error', status: 500, code: 'INTERNAL' }
    const before = {
      '/text': 'one',
      '/sync': 'one',
      '/lines': `1\n${JSON.stringify({ $error: internal })}\n`,
    }
    const link = await open(app)
    for (const [path, seen] of Object.entries(before)) {
      events.length = log.length = 0
      await expectCut(await link.request('GET', path), seen)
      await until(() => events.some((event) => event.startsWith('after')), `after ${path}`)
      expect(
        events.filter((event) => !event.startsWith('open')),
        path,
      ).toEqual([
        'rollback first: cannot commit',
        'close first',
        'rollback long: cannot commit',
        'close long',
        'after error: cannot commit',
      ])
      expect(log.map((entry) => String(entry.fields['err']))).toEqual(['Error: cannot commit'])
    }
  }),

  behaviour('a client that leaves while scope handler commits: each is released once', async (scene) => {
    const events: string[] = []
    let isCommitting = false
    const slow = dependency({ scope: 'handler' }, async function* () {
      try {
        yield 'slow'
        isCommitting = true
        await wait(100)
        events.push('commit slow')
      } catch (error) {
        events.push(`rollback slow: ${(error as Error).message}`)
      }
    })
    const app = scene.create()
    const use = { first: traced(events, 'first', 'handler'), slow }
    app.get('/', { use, streams: text }, async function* ({ after }) {
      after(() => events.push('after'))
      yield 'one'
      await wait(5)
    })
    const got = await (await scene.open(app)).request('GET', '/')
    void got.text().catch(() => {})
    await until(() => isCommitting, 'the commit has begun')
    got.disconnect()
    await until(() => events.includes('after'), 'after')
    expect(events).toEqual(['open first', 'commit slow', 'commit first', 'close first', 'after'])
    expect(scene.log).toEqual([])
  }),

  behaviour('an empty stream whose dependency of scope handler cannot commit is a 500', async (scene) => {
    const bad = dependency({ scope: 'handler' }, function* () {
      yield 'bad'
      throw new Error('cannot commit')
    })
    const app = scene.create()
    app.get('/async', { use: { bad }, streams: text }, async function* () {})
    app.get('/sync', { use: { bad }, streams: text }, function* () {})
    const link = await scene.open(app)
    for (const path of ['/async', '/sync']) await expectProblem(await link.request('GET', path), 500)
  }),

  behaviour('scope app: made once, also by requests at the same time, released at the end', async (scene) => {
    const events: string[] = []
    let made = 0
    const pool = dependency({ scope: 'app' }, async function* () {
      made++
      await wait(5)
      try {
        yield 'pool'
      } finally {
        events.push('pool closed')
      }
    })
    const child = dependency({ scope: 'app', use: { pool } }, function* ({ pool: value }) {
      yield `${value}'s child`
      events.push('child closed')
    })
    const app = scene.create({
      lifespan: async function* () {
        yield
        events.push('lifespan ends')
      },
    })
    app.get('/', { use: { child, pool } }, (c) => [c.child, c.pool])
    const link = await scene.open(app)
    const replies = await Promise.all(Array.from({ length: 5 }, () => link.request('GET', '/')))
    for (const got of replies) expect(await got.json()).toEqual(["pool's child", 'pool'])
    expect(made).toBe(1)
    expect(events).toEqual([])
    await link.close()
    expect(events).toEqual(['child closed', 'pool closed', 'lifespan ends'])
  }),

  behaviour('a shared dependency that could not be made is tried again', async ({ create, open }) => {
    let tries = 0
    const pool = dependency({ scope: 'app' }, async () => {
      if (++tries === 1) throw new Error('not yet')
      return tries
    })
    const app = create()
    app.get('/', { use: { pool } }, ({ pool: value }) => value)
    const link = await open(app)
    await expectProblem(await link.request('GET', '/'), 500)
    expect(await (await link.request('GET', '/')).json()).toBe(2)
  }),

  behaviour('override replaces a dependency everywhere, until it is put back', async ({ create, open }) => {
    const db = dependency(() => 'real')
    const user = dependency({ use: { db } }, ({ db: value }) => `user of ${value}`)
    const app = create()
    app.get('/', { use: { user, db } }, (c) => [c.user, c.db])
    const link = await open(app)
    const restore = app.override(
      db,
      dependency(() => 'fake'),
    )
    expect(await (await link.request('GET', '/')).json()).toEqual(['user of fake', 'fake'])
    restore()
    expect(await (await link.request('GET', '/')).json()).toEqual(['user of real', 'real'])
  }),

  behaviour('a cleanup that fails is told, and the others still run', async ({ create, open, log }) => {
    const events: string[] = []
    const bad = dependency(async function* () {
      yield 'bad'
      throw new Error('cleanup broke')
    })
    const twice = dependency(function* () {
      yield 1
      yield 2
    })
    const observed: string[] = []
    const app = create({ observers: [{ error: (_, error) => observed.push(String(error)) }] })
    app.get('/', { use: { good: traced(events, 'good'), bad, twice } }, () => 'ok')
    expect(await (await (await open(app)).request('GET', '/')).text()).toBe('ok')
    await until(() => events.includes('close good'), 'the release')
    const errors = log.map((entry) => String(entry.fields['err']))
    expect(errors).toEqual([expect.stringContaining('yielded twice'), 'Error: cleanup broke'])
    expect(observed).toEqual(errors)
  }),

  behaviour('a dependency that yields nothing is a 500', async ({ create, open }) => {
    // oxlint-disable-next-line require-yield -- that is the mistake
    const none = dependency(function* () {})
    const app = create()
    app.get('/', { use: { none } }, () => reply.text('never'))
    await expectProblem(await (await open(app)).request('GET', '/'), 500)
  }),
]
