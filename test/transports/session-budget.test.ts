/** What one connection of HTTP/2 may make a server hold (issue 11). */
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { AsyncLocalStorage } from 'node:async_hooks'
import { App, type ListenOptions, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { until, wait, within } from '../contract/transport.ts'

const MIB = 1024 * 1024
const LARGE = 'é'.repeat(MIB)
const STREAMS = 100

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(options: ListenOptions = {}, compress = false) {
  const store = new AsyncLocalStorage<string>()
  const app = new App({
    compress,
    middleware: [({ headers }, next) => store.run(String(headers['x-id']), next)],
  })
  const seen = { begun: 0, ended: [] as string[], strays: 0, turns: [] as number[] }
  let inTurn = 0
  const count = () => {
    seen.begun++
    if (inTurn++ === 0)
      setImmediate(() => {
        seen.turns.push(inTurn)
        inTurn = 0
      })
  }
  app.get('/large', ({ after, headers }) => {
    count()
    if (store.getStore() !== headers['x-id']) seen.strays++
    after(({ outcome }) => void seen.ended.push(outcome))
    return LARGE
  })
  app.get('/late', async ({ after, sleep }) => {
    count()
    after(({ outcome }) => void seen.ended.push(outcome))
    await sleep(20)
    return LARGE
  })
  app.get('/small', () => {
    count()
    return 'small'
  })
  app.get('/stream', { streams: text }, async function* ({ sleep }) {
    count()
    yield 'x'
    await sleep(60_000)
  })
  const { port } = await app.listen({ port: 0, signals: false, http2: true, ...options })
  cleanups.push(() => app.close({ grace: 300 }))
  const connect = (window: number): ClientHttp2Session => {
    const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: window } })
    session.on('error', () => {})
    cleanups.push(() => session.destroy())
    return session
  }
  return { seen, connect }
}

/** Asks, and reads nothing yet. */
function ask(session: ClientHttp2Session, path: string, id = 'x', headers = {}) {
  const stream = session.request({ ':path': path, 'x-id': id, ...headers })
  stream.on('error', () => {})
  return stream
}

const bytesOf = async (stream: AsyncIterable<Buffer>) => {
  let bytes = 0
  for await (const piece of stream) bytes += piece.byteLength
  return bytes
}

describe('whole replies', () => {
  test.each(['/large', '/late'])(
    'of %s wait for a client that takes none, within a budget',
    async (path) => {
      const { seen, connect } = await serve()
      const hostile = connect(0)
      const before = process.memoryUsage()
      const streams = Array.from({ length: STREAMS }, (_, i) => ask(hostile, path, String(i)))
      await wait(500)
      // Texts are counted by their length: so many of them are 32 MiB.
      if (path === '/large') expect(seen.begun).toBe(32)
      const after = process.memoryUsage()
      expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(
        20 * MIB,
      )
      // Others are served meanwhile.
      expect(await within(bytesOf(ask(connect(MIB), '/small')), 'another client')).toBe(5)
      // All of them are, once the client reads.
      hostile.settings({ initialWindowSize: 4 * MIB })
      hostile.setLocalWindowSize(64 * MIB)
      const sizes = await within(Promise.all(streams.map(bytesOf)), 'all replies', 20_000)
      expect(new Set(sizes)).toEqual(new Set([2 * MIB]))
      await until(() => seen.ended.length === STREAMS, 'all have ended')
      expect([new Set(seen.ended), seen.strays]).toEqual([new Set(['complete']), 0])
    },
    30_000,
  )

  test('of a client that leaves are told, also those that wait', async () => {
    const { seen, connect } = await serve()
    const hostile = connect(0)
    for (let i = 0; i < STREAMS; i++) ask(hostile, '/late')
    // More of them than the budget has room for.
    await until(() => seen.begun >= 16, 'some begin')
    await wait(100)
    hostile.destroy()
    await until(() => seen.ended.length === seen.begun, 'all have ended')
    await wait(50)
    expect(seen.ended.length).toBe(seen.begun)
    expect(new Set(seen.ended)).toEqual(new Set(['disconnect']))
  })

  test('are compressed when there is room for them', async () => {
    const { seen, connect } = await serve({}, true)
    const hostile = connect(0)
    const before = process.memoryUsage()
    for (let i = 0; i < STREAMS; i++) ask(hostile, '/large', 'x', { 'accept-encoding': 'gzip' })
    await wait(300)
    expect(seen.begun).toBe(32)
    const after = process.memoryUsage()
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(60 * MIB)
  })

  test('have the limit that listen is given', async () => {
    const { seen, connect } = await serve({ limits: { replyBytes: 3 * MIB } })
    const hostile = connect(0)
    for (let i = 0; i < STREAMS; i++) ask(hostile, '/large')
    await wait(100)
    expect(seen.begun).toBe(3)
  })
})

test('a small request is answered at once beside a large download that is paused', async () => {
  const { connect } = await serve()
  const session = connect(1000)
  // Nine of 2 MiB, and none of them is read.
  for (let i = 0; i < 9; i++) ask(session, '/large')
  await wait(100)
  expect(await within(bytesOf(ask(session, '/small')), 'the small one', 300)).toBe(5)
})

describe('requests of one connection', () => {
  test('begin some per turn, in order, in their own context', async () => {
    const { seen, connect } = await serve()
    const session = connect(MIB)
    await new Promise((resolve) => session.once('remoteSettings', resolve))
    for (let i = 0; i < STREAMS; i++) ask(session, '/stream')
    await until(() => seen.begun === STREAMS, 'all begin')
    // Some as they are read, and as many more in the same iteration of the loop.
    expect(Math.max(...seen.turns)).toBeLessThanOrEqual(32)
  })

  test('are all answered, however many come at a time', async () => {
    const { connect } = await serve()
    const session = connect(MIB)
    for (let round = 1; round <= 60; round++) {
      const sizes = await within(
        Promise.all(Array.from({ length: (round * 7) % 90 }, () => bytesOf(ask(session, '/small')))),
        `round ${round}`,
      )
      expect(sizes.every((size) => size === 5)).toBe(true)
    }
  })

  test('that are reset while they wait begin nowhere', async () => {
    const { seen, connect } = await serve()
    const hostile = connect(0)
    const held = Array.from({ length: 32 }, () => ask(hostile, '/large'))
    await until(() => seen.begun === 32, 'the budget is spent')
    for (let round = 0; round < 8; round++) {
      const streams = Array.from({ length: 50 }, () => ask(hostile, '/small'))
      await wait(5)
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
      await wait(5)
    }
    expect(seen.begun).toBe(32)
    for (const stream of held) stream.close(constants.NGHTTP2_CANCEL)
    ask(hostile, '/stream')
    await until(() => seen.begun === 33, 'the next one begins')
  })
})
