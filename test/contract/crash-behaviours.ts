/** Handlers that go wrong: their own request suffers, and nothing else. */
import { App, dependency, reply, text } from 'millrace'
import { expect } from 'vitest'
import { type Behaviour, behaviour, expectProblem, until } from './transport.ts'

export const crashBehaviours: Behaviour[] = [
  behaviour('a crash anywhere in one request harms no other', async (scene) => {
    const broken = (where: string) => new Error(`broken in ${where}`)
    const app = scene.create()
    const cleanup = dependency(async function* () {
      yield 1
      throw broken('cleanup')
    })
    const making = dependency(async () => {
      throw broken('dependency')
    })
    app.get('/throw', () => {
      throw broken('handler')
    })
    app.get('/reject', async () => Promise.reject(broken('promise')))
    app.get('/later', async ({ sleep }) => {
      await sleep(1)
      throw broken('later')
    })
    app.get('/making', { use: { making } }, () => 'never')
    app.get('/cleanup', { use: { cleanup } }, () => 'ok')
    app.get('/after', ({ after }) => {
      after(() => Promise.reject(broken('after')))
      return 'ok'
    })
    app.get('/finally', { streams: text }, function* () {
      try {
        yield 'ok'
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- that is the crash
        throw broken('finally')
      }
    })
    app.get('/error-in-error', () => {
      const error = broken('getter')
      Object.defineProperty(error, 'message', {
        get() {
          throw broken('message')
        },
      })
      throw error
    })
    app.get('/fine', () => 'fine')
    const link = await scene.open(app)
    const paths = ['throw', 'reject', 'later', 'making', 'cleanup', 'after', 'finally', 'error-in-error']
    for (const path of paths) {
      await link
        .request('GET', `/${path}`)
        .then((got) => got.text())
        .catch(() => {})
      expect(await (await link.request('GET', '/fine')).text()).toBe('fine')
    }
    await until(() => scene.log.length >= paths.length, `a log entry for each, not ${scene.log.length}`)
  }),

  behaviour('a logger that throws harms no request', async ({ open }) => {
    const log = {
      debug() {},
      info() {},
      warn() {},
      error() {
        throw new Error('the log is full')
      },
    }
    const app = new App({
      log,
      observers: [{ end: () => Promise.reject(new Error('x')).catch(() => {}) as never }],
    })
    app.get('/throws', ({ after }) => {
      after(() => {
        throw new Error('after')
      })
      throw new Error('handler')
    })
    app.get('/stream', { streams: text }, function* () {
      yield 'one'
      throw new Error('stream')
    })
    app.get('/fine', () => 'fine')
    const link = await open(app)
    await expectProblem(await link.request('GET', '/throws'), 500)
    const got = await link.request('GET', '/stream')
    await got.text().catch(() => {})
    expect(await (await link.request('GET', '/fine')).text()).toBe('fine')
  }),

  behaviour('a broken hand-written iterator cuts its own reply only', async ({ create, open }) => {
    const app = create()
    const iterators: Record<string, () => unknown> = {
      undefined: () => undefined,
      'promise-of-undefined': async () => undefined,
      number: () => 7,
    }
    for (const [name, next] of Object.entries(iterators)) {
      app.get(`/first/${name}`, () => reply.stream({ [Symbol.asyncIterator]: () => ({ next }) as never }))
      let pulled = 0
      const second = () => (pulled++ === 0 ? { done: false, value: 'x' } : next())
      app.get(`/second/${name}`, () =>
        reply.stream({ [Symbol.asyncIterator]: () => ({ next: second }) as never }),
      )
    }
    app.get('/fine', () => 'fine')
    const link = await open(app)
    for (const name of Object.keys(iterators)) {
      expect([name, (await link.request('GET', `/first/${name}`)).status]).toEqual([name, 500])
      const got = await link.request('GET', `/second/${name}`)
      await expect(got.text(), name).rejects.toThrow()
    }
    expect(await (await link.request('GET', '/fine')).text()).toBe('fine')
  }),
]
