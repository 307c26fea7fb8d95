/** Middleware over replies with streams: order, replacement, and what it drops. */
import { type Middleware, reply, text } from 'millrace'
import { expect } from 'vitest'
import { type Behaviour, behaviour, expectProblem, until } from './transport.ts'

export const middlewareBehaviours: Behaviour[] = [
  behaviour('middleware: in from first to last, out from last to first', async ({ create, open }) => {
    const events: string[] = []
    const trace = (name: string): Middleware => {
      return async (_, next) => {
        events.push(`+${name}`)
        const made = await next()
        events.push(`-${name}`)
        return made
      }
    }
    const app = create({ middleware: Array.from({ length: 10 }, (_, i) => trace(String(i))) })
    app.get('/', { streams: text }, async function* () {
      yield 'x'
      events.push('body')
    })
    const got = await (await open(app)).request('GET', '/')
    await got.text()
    const digits = '0123456789'.split('')
    expect(events).toEqual([...digits.map((d) => `+${d}`), ...digits.reverse().map((d) => `-${d}`), 'body'])
  }),

  behaviour('middleware may answer itself, catch, or replace; what it drops is stopped', async (scene) => {
    let stopped = 0
    const dropping: Middleware = async (_, next) => {
      await next()
      return reply.text('instead')
    }
    const app = scene.create()
    async function* endless() {
      try {
        for (;;) yield 'x'
      } finally {
        stopped++
      }
    }
    app.get('/answer', { middleware: [() => reply.text('mine')] }, () => 'never')
    app.get('/drop', { middleware: [dropping], streams: text }, () => endless())
    app.get('/drop-made', { middleware: [dropping] }, () => reply.stream(endless()))
    const link = await scene.open(app)
    expect(await (await link.request('GET', '/answer')).text()).toBe('mine')
    for (const path of ['/drop', '/drop-made'])
      expect(await (await link.request('GET', path)).text()).toBe('instead')
    await until(() => stopped === 2, 'both generators are stopped')
  }),

  behaviour('a file that middleware drops is closed', async ({ create, open }) => {
    let closed = 0
    const file = {
      name: 'a.txt',
      open: async () => ({
        size: 3,
        read: async (target: Uint8Array) => (target.set([97, 98, 99]), 3),
        close: async () => void closed++,
      }),
    }
    const dropping: Middleware = async (_, next) => {
      await next()
      return reply.text('instead')
    }
    const app = create()
    app.get('/file', () => reply.file(file))
    app.get('/drop', { middleware: [dropping] }, () => reply.file(file))
    app.post('/refused', { bodyLimit: 1 }, () => reply.file(file))
    const link = await open(app)
    expect(await (await link.request('GET', '/file')).text()).toBe('abc')
    await until(() => closed === 1, 'the sent file is closed')
    await (await link.request('HEAD', '/file')).text()
    await until(() => closed === 2, 'the file of a HEAD is closed')
    await (await link.request('GET', '/drop')).text()
    await until(() => closed === 3, 'the dropped file is closed')
    await expectProblem(await link.request('POST', '/refused', { body: 'too long' }), 413)
    await until(() => closed === 4, 'the refused file is closed')
  }),

  behaviour('middleware that returns nothing or calls next() twice is a 500', async ({ create, open }) => {
    const app = create()
    app.get('/nothing', { middleware: [(() => {}) as never] }, () => 'x')
    app.get('/twice', { middleware: [async (_, next) => (await next(), next())] }, () => 'x')
    const link = await open(app)
    await expectProblem(await link.request('GET', '/nothing'), 500)
    await expectProblem(await link.request('GET', '/twice'), 500)
  }),
]
