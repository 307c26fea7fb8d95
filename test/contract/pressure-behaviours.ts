/** Readers that stop, and many that leave: memory stays bounded, and nothing is left. */
import { EventEmitter } from 'node:events'
import { bytes, type Middleware, text } from 'millrace'
import { expect } from 'vitest'
import { type Behaviour, behaviour, until, wait } from './transport.ts'

const transforming: Middleware = async (_, next) =>
  (await next()).transform(async function* (chunks) {
    for await (const chunk of chunks) yield chunk
  })

export const pressureBehaviours: Behaviour[] = [
  behaviour('a reader that stops keeps an endless generator from producing', async (scene) => {
    const produced = { async: 0, sync: 0, transformed: 0 }
    const KIB_64 = new Uint8Array(64 * 1024)
    const app = scene.create()
    app.get('/async', { streams: bytes() }, async function* () {
      for (;;) {
        produced.async++
        yield KIB_64
      }
    })
    app.get('/sync', { streams: bytes() }, function* () {
      for (;;) {
        produced.sync++
        yield KIB_64
      }
    })
    app.get('/transformed', { streams: bytes(), middleware: [transforming] }, async function* () {
      for (;;) {
        produced.transformed++
        yield KIB_64
      }
    })
    const link = await scene.open(app)
    for (const kind of ['async', 'sync', 'transformed'] as const) {
      const got = await link.request('GET', `/${kind}`)
      await got.next()
      let before = -1
      for (let i = 0; i < 30 && before !== produced[kind]; i++) {
        before = produced[kind]
        await wait(100)
      }
      // The kernel's buffers on both sides of a loopback connection take some megabytes.
      expect(produced[kind], `${kind} in units of 64 KiB`).toBeLessThan(16 * 16)
      expect(produced[kind]).toBe(before)
      got.disconnect()
    }
  }),

  behaviour('nothing is left after many clients that left', async (scene) => {
    let open = 0
    const emitter = new EventEmitter().setMaxListeners(0)
    const app = scene.create()
    app.get('/sleep', { streams: text }, async function* ({ sleep }) {
      open++
      try {
        yield 'x'
        await sleep(60_000)
      } finally {
        open--
      }
    })
    app.get('/on', { streams: text }, async function* ({ on }) {
      open++
      try {
        yield 'x'
        for await (const _ of on(emitter, 'tick')) yield 'y'
      } finally {
        open--
      }
    })
    const link = await scene.open(app)
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const got = await link.request('GET', i % 2 === 0 ? '/sleep' : '/on')
          await got.next()
          got.disconnect()
        }),
      )
    }
    await until(() => open === 0 && emitter.listenerCount('tick') === 0, 'everything is gone', 3000)
    await until(() => app.engine.tasks.running === 0, 'no task runs')
    expect(scene.log).toEqual([])
  }),
]
