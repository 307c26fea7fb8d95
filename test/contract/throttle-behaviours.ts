/** Bodies that leave at a pace: whole, in time, and not held back, whatever they are. */
import { reply, text, throttle } from 'millrace'
import { expect } from 'vitest'
import { type Behaviour, behaviour, until } from './transport.ts'

const RATE = 200_000
const SIZE = 100_000
/** Without what may leave at the start, and what a late timer may let through afterwards. */
const LEAST_MS = ((SIZE - RATE * 0.2 - 16_384) / RATE) * 1000
const BODY = Array.from({ length: SIZE / 10 }, (_, i) => String(i).padStart(9, '.') + '\n').join('')
const BYTES = new TextEncoder().encode(BODY)

const file = () => ({
  name: 'body.txt',
  open: async () => ({
    size: SIZE,
    read: async (target: Uint8Array, position: number) => {
      const part = BYTES.subarray(position, position + target.byteLength)
      target.set(part)
      return part.byteLength
    },
    close: async () => {},
  }),
})

export const throttleBehaviours: Behaviour[] = [
  behaviour('throttle: text, bytes, streams and files take their time, and arrive whole', async (scene) => {
    const app = scene.create({ middleware: [throttle(RATE)], timeouts: { stall: 100, idle: 100 } })
    app.get('/text', () => BODY)
    app.get('/bytes', () => reply.bytes(BYTES))
    app.get('/file', () => reply.file(file()))
    app.get('/stream', { streams: text }, async function* () {
      for (let at = 0; at < SIZE; at += 100) yield BODY.slice(at, at + 100)
    })
    const endings: unknown[] = []
    app.get('/told', ({ after }) => {
      after(({ outcome, bytes, items }) => endings.push({ outcome, bytes, items }))
      return BODY
    })
    const link = await scene.open(app)
    await Promise.all(
      ['/text', '/bytes', '/file', '/stream', '/told'].map(async (path) => {
        const from = performance.now()
        const got = await link.request('GET', path)
        expect(got.status).toBe(200)
        if (path !== '/stream') expect(got.headers['content-length']).toBe(String(SIZE))
        expect((await got.text()) === BODY, path).toBe(true)
        expect(performance.now() - from, path).toBeGreaterThan(LEAST_MS)
      }),
    )
    await until(() => endings.length === 1, 'the reply has told its end')
    expect(endings).toEqual([{ outcome: 'complete', bytes: SIZE, items: 0 }])
  }),

  behaviour('throttle: a reader who leaves meanwhile ends everything', async ({ create, open }) => {
    const outcomes: string[] = []
    let closed = 0
    const app = create({ middleware: [throttle({ rate: 2000, per: 'client', client: () => 'all' })] })
    app.get('/stream', { streams: text }, async function* ({ after }) {
      after(({ outcome }) => outcomes.push(outcome))
      try {
        for (;;) yield BODY
      } finally {
        closed++
      }
    })
    app.get('/file', ({ after }) => {
      after(({ outcome }) => outcomes.push(outcome))
      const { name, open: openFile } = file()
      return reply.file({
        name,
        open: async () => ({ ...(await openFile()), close: async () => void closed++ }),
      })
    })
    const link = await open(app)
    const replies = await Promise.all(['/stream', '/file'].map((path) => link.request('GET', path)))
    for (const got of replies) await got.next()
    for (const got of replies) got.disconnect()
    await until(() => closed === 2 && outcomes.length === 2, 'both have ended')
    expect(outcomes).toEqual(['disconnect', 'disconnect'])
  }),
]
