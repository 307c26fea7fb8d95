/** Clients that leave, and clients that do not read. */
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { bytes, type Middleware, reply, sse, text } from 'millrace'
import { expect } from 'vitest'
import { type Behaviour, behaviour, type Scene, until, wait } from './transport.ts'

/** 50 ms is promised; the machine is small and shared. Without a cancel nothing here ends in a minute. */
const SOON = 1000

/** Leaves after `pieces` pieces, and expects that `ended` follows soon. */
async function leave(scene: Scene, app: ReturnType<Scene['create']>, pieces: number, ended: () => boolean) {
  const got = await (await scene.open(app)).request('GET', '/')
  for (let i = 0; i < pieces; i++) await got.next()
  expect(ended()).toBe(false)
  got.disconnect()
  await until(ended, 'the generator unwinds', SOON)
}

const transforming: Middleware = async (_, next) =>
  (await next()).transform(async function* (chunks) {
    for await (const chunk of chunks) yield chunk
  })

const STACKS: Record<string, readonly Middleware[]> = {
  'no middleware': [],
  'ten middlewares': Array.from({ length: 10 }, () => async (_: unknown, next) => next()),
  'a transform': [transforming],
}

export const disconnectBehaviours: Behaviour[] = [
  ...Object.entries(STACKS).flatMap(([name, middleware]) => [
    behaviour(`disconnect while the generator sleeps, through ${name}`, async (scene) => {
      let ended = false
      let signalled: unknown
      const app = scene.create({ middleware })
      app.get('/', { streams: text }, async function* ({ sleep, signal }) {
        signal.addEventListener(
          'abort',
          () => void (signalled = (signal.reason as { reason: string }).reason),
        )
        try {
          yield 'one'
          await sleep(60_000)
        } finally {
          ended = true
        }
      })
      await leave(scene, app, 1, () => ended)
      expect(signalled).toBe('disconnect')
      expect(scene.log).toEqual([])
    }),

    behaviour(`disconnect between chunks of an endless generator, through ${name}`, async (scene) => {
      let ended = false
      const app = scene.create({ middleware })
      app.get('/', { streams: text }, async function* () {
        try {
          for (;;) {
            yield 'tick'
            await wait(1)
          }
        } finally {
          ended = true
        }
      })
      await leave(scene, app, 3, () => ended)
    }),
  ]),

  behaviour('disconnect at the first chunk of a generator that never awaits', async (scene) => {
    let ended = 0
    const app = scene.create()
    app.get('/', { streams: text }, async function* () {
      try {
        for (;;) yield 'x'.repeat(100)
      } finally {
        ended++
      }
    })
    await leave(scene, app, 1, () => ended === 1)
  }),

  behaviour('disconnect at the first chunk of an endless sync generator', async (scene) => {
    let ended = false
    const app = scene.create()
    app.get('/', { streams: bytes() }, function* () {
      try {
        for (;;) yield new Uint8Array(100)
      } finally {
        ended = true
      }
    })
    await leave(scene, app, 1, () => ended)
  }),

  behaviour('disconnect in ctx.on takes the listener away', async (scene) => {
    const emitter = new EventEmitter()
    let ended = false
    const app = scene.create()
    app.get('/', { streams: sse() }, async function* ({ on }) {
      try {
        for await (const [value] of on(emitter, 'tick')) yield value
      } finally {
        ended = true
      }
    })
    const link = await scene.open(app)
    const request = link.request('GET', '/')
    await until(() => emitter.listenerCount('tick') === 1, 'the listener')
    emitter.emit('tick', 7)
    const got = await request
    expect(await got.next()).toContain('data: 7')
    got.disconnect()
    await until(() => ended && emitter.listenerCount('tick') === 0, 'the listener is gone', SOON)
    expect(emitter.listenerCount('error')).toBe(0)
  }),

  behaviour('disconnect in a blocked write', async (scene) => {
    let ended = false
    let produced = 0
    const app = scene.create()
    app.get('/', { streams: bytes() }, async function* () {
      try {
        for (;;) {
          produced++
          yield new Uint8Array(64 * 1024)
        }
      } finally {
        ended = true
      }
    })
    const got = await (await scene.open(app)).request('GET', '/')
    await got.next()
    let before = -1
    while (before !== produced) {
      before = produced
      await wait(100)
    }
    got.disconnect()
    await until(() => ended, 'the generator unwinds', SOON)
  }),

  behaviour('disconnect cancels web streams, destroys Node streams and returns iterators', async (scene) => {
    const ended: string[] = []
    const app = scene.create()
    const web = () =>
      new ReadableStream<string>({
        start: (controller) => controller.enqueue('x'),
        cancel: () => void ended.push('/web'),
      })
    app.get('/web', () => reply.stream(web()))
    app.get('/node', () => {
      const source = new Readable({ read() {} })
      source.push('x')
      source.on('close', () => ended.push('/node'))
      return source
    })
    app.get('/iterator', () => {
      let pulled = 0
      return reply.stream({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            pulled++ === 0
              ? Promise.resolve({ done: false as const, value: 'x' })
              : new Promise<never>(() => {}),
          return: async () => {
            ended.push('/iterator')
            return { done: true as const, value: undefined }
          },
        }),
      })
    })
    const link = await scene.open(app)
    for (const path of ['/web', '/node', '/iterator']) {
      const got = await link.request('GET', path)
      expect(await got.next()).toBe('x')
      got.disconnect()
      await until(() => ended.includes(path), `${path} is stopped`, SOON)
    }
  }),

  behaviour('disconnect before the first item', async (scene) => {
    const ended: string[] = []
    const started: string[] = []
    const app = scene.create()
    app.get('/generator', { streams: text }, async function* ({ sleep }) {
      started.push('/generator')
      try {
        await sleep(60_000)
        yield 'never'
      } finally {
        ended.push('/generator')
      }
    })
    app.get('/web', () => {
      started.push('/web')
      return reply.stream(new ReadableStream<string>({ cancel: () => void ended.push('/web') }))
    })
    app.get('/node', () => {
      started.push('/node')
      return new Readable({ read() {} }).on('close', () => ended.push('/node'))
    })
    app.get('/handler', async ({ sleep }) => {
      started.push('/handler')
      await sleep(60_000).finally(() => ended.push('/handler'))
    })
    const link = await scene.open(app)
    for (const path of ['/generator', '/web', '/node', '/handler']) {
      const leaving = new AbortController()
      const request = link.request('GET', path, { signal: leaving.signal }).catch(() => {})
      await until(() => started.includes(path), `${path} starts`)
      leaving.abort()
      await until(() => ended.includes(path), `${path} is stopped`, SOON)
      await request
    }
    expect(scene.log).toEqual([])
  }),

  behaviour('a finally that awaits is awaited before dependencies and after()', async (scene) => {
    const events: string[] = []
    const app = scene.create()
    app.get('/', { streams: text }, async function* ({ sleep, after }) {
      after(({ outcome }) => events.push(`after ${outcome}`))
      try {
        yield 'one'
        await sleep(60_000)
      } finally {
        await wait(30)
        events.push('finally')
      }
    })
    await leave(scene, app, 1, () => events.length === 2)
    expect(events).toEqual(['finally', 'after disconnect'])
  }),

  ...[true, false].map((sleeping) =>
    behaviour(
      `a finally that throws is logged, after a disconnect ${sleeping ? 'in sleep' : 'at a yield'}`,
      async (scene) => {
        const app = scene.create()
        let done = false
        app.get('/', { streams: text }, async function* ({ sleep, after }) {
          after(() => void (done = true))
          try {
            for (;;) {
              yield 'x'.repeat(10_000)
              if (sleeping) await sleep(60_000)
            }
          } finally {
            await Promise.reject(new Error('finally broke'))
          }
        })
        await leave(scene, app, 1, () => done)
        expect(scene.log.map((entry) => String(entry.fields['err']))).toEqual(['Error: finally broke'])
      },
    ),
  ),

  behaviour(
    'a generator that does not unwind is reported with its route, and waited for no longer',
    async (scene) => {
      let done = false
      const app = scene.create({ unwindMs: 30 })
      app.get('/', { streams: text }, async function* ({ after }) {
        after(() => void (done = true))
        yield 'one'
        await new Promise(() => {})
      })
      await leave(scene, app, 1, () => done)
      const entry = scene.log.find(({ level }) => level === 'warn')
      expect(entry?.fields['route']).toBe('/')
    },
  ),
]
