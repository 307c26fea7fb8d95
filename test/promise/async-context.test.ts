/**
 * Promise 7: what runs for a request runs in its asynchronous context (AsyncLocalStorage), whatever event
 * resumed it; and middlewares nest, from the first line of the first one to the end of the body.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { constants } from 'node:http2'
import { setTimeout as wait } from 'node:timers/promises'
import { App, bytes, dependency, type Ending, jsonl, type Middleware, reply, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openSession, requestHttp2 } from '../contract/http2-link.ts'
import { RawConnection } from '../contract/raw-client.ts'
import { until } from '../contract/transport.ts'
import { inParallel } from './measure.ts'

const storage = new AsyncLocalStorage<string>()

/** Where somebody found himself in the context of another request, or of none. */
const strays: string[] = []
/** How often each place was looked at. */
const visits = new Map<string, number>()
let live = 0

function look(place: string, id: string): void {
  visits.set(place, (visits.get(place) ?? 0) + 1)
  const found = storage.getStore()
  if (found !== id) strays.push(`${place} of ${id} ran as ${found}`)
}

const entering: Middleware = ({ headers }, next) => storage.run(String(headers['x-id']), next)

const looking: Middleware = async ({ headers, after }, next) => {
  const id = String(headers['x-id'])
  look('middleware, on the way in', id)
  after(() => look('after() of a middleware', id))
  const made = await next()
  look('middleware, on the way out', id)
  return made
}

const transforming: Middleware = async ({ headers }, next) =>
  (await next()).transform(async function* (chunks) {
    const id = String(headers['x-id'])
    try {
      for await (const chunk of chunks) {
        look('transform', id)
        yield chunk
      }
    } finally {
      look('finally of a transform', id)
    }
  })

const service = (scope: 'request' | 'handler') =>
  dependency({ scope }, async function* ({ headers }) {
    const id = String(headers['x-id'])
    look(`dependency of scope ${scope}`, id)
    await wait(0)
    try {
      yield () => look(`method of a dependency of scope ${scope}`, id)
    } finally {
      look(`release of scope ${scope}`, id)
      await wait(1)
      look(`release of scope ${scope}, later`, id)
    }
  })

const Item = z.object({ id: z.string() }).refine(async ({ id }) => {
  await wait(0)
  look('validation of an item', id)
  return true
})

const use = { long: service('request'), short: service('handler') }

function makeApp(): App {
  const app = new App({ middleware: [entering, looking], timeouts: { stall: 10_000 } })
  app.get('/items', { streams: text, use }, async function* ({ headers, long, short, after, sleep }) {
    const id = String(headers['x-id'])
    live++
    after(async () => {
      look('after()', id)
      await wait(0)
      look('after(), later', id)
    })
    try {
      for (let i = 0; i < 20; i++) {
        look('generator', id)
        long()
        short()
        yield `${id} ${i}\n`
        if (i % 5 === 0) await sleep(1)
      }
    } finally {
      look('finally', id)
      await wait(0)
      look('finally, later', id)
      live--
    }
  })
  app.get('/checked', { streams: jsonl(Item) }, async function* ({ headers }) {
    for (let i = 0; i < 5; i++) yield { id: String(headers['x-id']) }
  })
  /** So much that it goes on only when the socket, or its reader, is ready again. */
  app.get('/large', { streams: bytes() }, async function* ({ headers }) {
    const id = String(headers['x-id'])
    live++
    try {
      for (let i = 0; i < 60; i++) {
        look('generator that was resumed by a drain', id)
        yield new Uint8Array(100_000)
      }
    } finally {
      look('finally of a large stream', id)
      live--
    }
  })
  app.get('/sync', { streams: text }, function* ({ headers }) {
    const id = String(headers['x-id'])
    for (let i = 0; i < 40_000; i++) {
      if (i % 500 === 0) look('sync generator', id)
      yield 'x'.repeat(50)
    }
  })
  app.get(
    '/transformed',
    { middleware: [transforming, transforming], streams: text },
    async function* ({ headers }) {
      for (let i = 0; i < 10; i++) {
        look('generator under a transform', String(headers['x-id']))
        yield 'x'
        await wait(0)
      }
    },
  )
  app.get('/endless', { streams: text, use }, async function* ({ headers, sleep }) {
    const id = String(headers['x-id'])
    live++
    try {
      for (let i = 0; ; i++) {
        yield 'x'
        await sleep(i < 3 ? 1 : 60_000)
      }
    } finally {
      look('finally after a disconnect', id)
      live--
    }
  })
  app.get('/flood', { streams: bytes(), use }, async function* ({ headers }) {
    const id = String(headers['x-id'])
    live++
    try {
      for (;;) yield new Uint8Array(100_000)
    } finally {
      look('finally of what was blocked', id)
      live--
    }
  })
  app.get('/made', ({ headers }) => {
    const id = String(headers['x-id'])
    return reply.stream(
      new ReadableStream<string>({
        async pull(controller) {
          await wait(0)
          look('pull of a web stream', id)
          controller.enqueue('x')
          controller.close()
        },
      }),
    )
  })
  return app
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  strays.length = 0
  visits.clear()
})

const FINITE = ['/items', '/checked', '/large', '/sync', '/transformed', '/made']
const ENDLESS = ['/endless', '/flood']

async function start(app: App, http2: boolean): Promise<number> {
  const { port } = await app.listen({ port: 0, signals: false, http2 })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

/** Every place that was to be looked at, and nobody astray. */
async function expectNoStrays(app: App, places: readonly string[]): Promise<void> {
  await until(() => live === 0 && app.engine.tasks.running === 0, 'everything has ended', 8000)
  expect(strays.slice(0, 10)).toEqual([])
  for (const place of places) expect(visits.get(place) ?? 0, place).toBeGreaterThan(0)
}

const COMMON = ['middleware, on the way in', 'middleware, on the way out', 'after() of a middleware']
const OF_FINITE = [
  ...COMMON,
  'generator',
  'finally',
  'finally, later',
  'after()',
  'after(), later',
  'dependency of scope request',
  'dependency of scope handler',
  'method of a dependency of scope request',
  'release of scope request',
  'release of scope request, later',
  'release of scope handler',
  'release of scope handler, later',
  'validation of an item',
  'generator that was resumed by a drain',
  'finally of a large stream',
  'sync generator',
  'transform',
  'finally of a transform',
  'generator under a transform',
  'pull of a web stream',
]
const OF_ENDLESS = [
  ...COMMON,
  'finally after a disconnect',
  'finally of what was blocked',
  'release of scope request',
]

describe('AsyncLocalStorage on HTTP/1.1', () => {
  test('requests at the same time, each on its own connection', async () => {
    const app = makeApp()
    const port = await start(app, false)
    await inParallel(
      Array.from({ length: 60 }, (_, i) => i),
      20,
      async (i) => {
        const connection = await RawConnection.open(port)
        const got = await connection.request('GET', FINITE[i % FINITE.length]!, {
          headers: { 'x-id': `c${i}` },
        })
        while ((await got.bytes()) !== undefined);
        connection.destroy()
      },
    )
    await expectNoStrays(app, OF_FINITE)
  })

  test('pipelined requests on one connection', async () => {
    const app = makeApp()
    const port = await start(app, false)
    const connection = await RawConnection.open(port)
    cleanups.push(() => connection.destroy())
    for (let i = 0; i < 36; i++) {
      await connection.write('GET', FINITE[i % FINITE.length]!, { headers: { 'x-id': `p${i}` } })
    }
    for (let i = 0; i < 36; i++) {
      const got = await connection.reply('GET')
      while ((await got.bytes()) !== undefined);
    }
    await expectNoStrays(app, OF_FINITE)
  })

  test('clients that leave, pipelined or not, also while a write is blocked', async () => {
    const app = makeApp()
    const port = await start(app, false)
    await inParallel(
      Array.from({ length: 30 }, (_, i) => i),
      10,
      async (i) => {
        const connection = await RawConnection.open(port)
        const path = ENDLESS[i % ENDLESS.length]!
        await connection.write('GET', path, { headers: { 'x-id': `l${i}` } })
        if (i % 3 === 0) await connection.write('GET', path, { headers: { 'x-id': `m${i}` } })
        await (await connection.reply('GET')).bytes()
        await wait(30)
        connection.destroy()
      },
    )
    await expectNoStrays(app, OF_ENDLESS)
  })
})

describe('AsyncLocalStorage on HTTP/2', () => {
  test('streams at the same time on one connection', async () => {
    const app = makeApp()
    const session = await openSession(await start(app, true), false)
    cleanups.push(() => session.destroy())
    await inParallel(
      Array.from({ length: 60 }, (_, i) => i),
      20,
      async (i) => {
        const got = await requestHttp2(session, 'GET', FINITE[i % FINITE.length]!, {
          headers: { 'x-id': `h${i}` },
        })
        while ((await got.next()) !== undefined);
      },
    )
    await expectNoStrays(app, OF_FINITE)
  })

  test('streams that are reset, and a connection that dies', async () => {
    const app = makeApp()
    const session = await openSession(await start(app, true), false)
    await inParallel(
      Array.from({ length: 30 }, (_, i) => i),
      10,
      async (i) => {
        const stream = session.request({ ':path': ENDLESS[i % ENDLESS.length]!, 'x-id': `r${i}` })
        stream.on('error', () => {})
        await new Promise((resolve) => stream.once('response', resolve))
        await wait(30)
        if (i < 20) stream.close(constants.NGHTTP2_CANCEL)
      },
    )
    session.destroy()
    await expectNoStrays(app, OF_ENDLESS)
  })
})

test('control: a generator that is resumed by an event of another request is seen', async () => {
  let wake = () => {}
  const resumed = storage.run('one', async () => {
    // What a hand-written pump does: whoever calls `wake` lends it his context.
    await new Promise<void>((resolve) => {
      wake = () => {
        look('control', 'one')
        resolve()
      }
    })
  })
  storage.run('two', () => wake())
  await resumed
  expect(strays).toEqual(['control of one ran as two'])
})

describe.each([
  ['HTTP/1.1', false],
  ['HTTP/2', true],
])('ten middlewares on %s', (_, http2) => {
  const digits = Array.from({ length: 10 }, (_unused, i) => String(i))

  async function get(app: App): Promise<string> {
    const port = await start(app, http2)
    if (!http2) {
      const connection = await RawConnection.open(port)
      cleanups.push(() => connection.destroy())
      const got = await connection.request('GET', '/')
      let seen = ''
      for (let piece = await got.bytes(); piece !== undefined; piece = await got.bytes())
        seen += String(piece)
      return seen
    }
    const session = await openSession(port, false)
    cleanups.push(() => session.destroy())
    return (await requestHttp2(session, 'GET', '/')).text()
  }

  test('nest in order, and see the end of the body in the order in which they asked', async () => {
    const events: string[] = []
    const endings: Ending[] = []
    const app = new App({
      middleware: digits.map((name): Middleware => async ({ after }, next) => {
        after((ending) => {
          events.push(`after ${name}`)
          endings.push(ending)
        })
        events.push(`in ${name}`)
        const made = await next()
        events.push(`out ${name}`)
        after(() => events.push(`after out ${name}`))
        return made
      }),
    })
    const db = dependency(async function* () {
      events.push('open')
      yield 1
      events.push('release')
    })
    app.get('/', { streams: text, use: { db } }, async function* ({ after }) {
      after(() => events.push('after handler'))
      yield 'a'
      await wait(5)
      yield 'b'
      events.push('body ends')
    })
    expect(await get(app)).toBe('ab')
    const reversed = digits.toReversed()
    const wanted = [
      ...digits.map((name) => `in ${name}`),
      'open',
      ...reversed.map((name) => `out ${name}`),
      'body ends',
      'release',
      ...digits.map((name) => `after ${name}`),
      'after handler',
      ...reversed.map((name) => `after out ${name}`),
    ]
    await until(() => events.length === wanted.length, `all of ${wanted.length} events, not ${events.join()}`)
    expect(events).toEqual(wanted)
    expect(new Set(endings.map(({ outcome, bytes: count }) => `${outcome} ${count}`))).toEqual(
      new Set(['complete 2']),
    )
  })

  test('bodies they transform are unwound from the inside out', async () => {
    const events: string[] = []
    const app = new App({
      middleware: digits.map(
        (name): Middleware =>
          async (_context, next) =>
            (await next()).transform(async function* (chunks) {
              try {
                for await (const chunk of chunks) yield `${name}${String(chunk)}`
              } finally {
                events.push(name)
              }
            }),
      ),
    })
    app.get('/', { streams: text }, async function* () {
      try {
        yield '-'
      } finally {
        events.push('handler')
      }
    })
    expect(await get(app)).toBe('0123456789-')
    expect(events).toEqual(['handler', ...digits.toReversed()])
  })
})
