/** `app.close()` in process, over HTTP/1.1 and HTTP/2. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2'
import { once } from 'node:events'
import { App, jsonl, reply, sse, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CutError, RawConnection } from '../contract/raw-client.ts'
import { type LogEntry, recorder, until, wait, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function makeApp(log: LogEntry[] = []): App {
  const app = new App({ log: recorder(log), unwindMs: 500 })
  cleanups.push(() => app.close({ grace: 0 }))
  return app
}

async function open(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  cleanups.push(() => connection.destroy())
  return connection
}

describe('app.close({ grace })', () => {
  test('told at once, finished within the grace, cut after it', async () => {
    const app = makeApp()
    const told: string[] = []
    app.get('/stream', { streams: sse(z.number()) }, async function* ({ signal, sleep }) {
      signal.addEventListener('abort', () => told.push((signal.reason as { reason: string }).reason))
      yield 1
      await sleep(60_000)
    })
    let working = 0
    app.get('/finite', async () => {
      working++
      await wait(300)
      return 'finite'
    })
    app.get('/hang', async ({ after }) => {
      working++
      after(({ outcome }) => told.push(outcome))
      await new Promise(() => {})
    })
    const { port } = await app.listen({ port: 0, signals: false })
    const stream = await (await open(port)).request('GET', '/stream')
    const finite = await open(port)
    const hang = await open(port)
    await finite.write('GET', '/finite')
    await hang.write('GET', '/hang')
    await stream.bytes()
    await until(() => working === 2, 'both handlers are at work')

    const startedAt = performance.now()
    const closed = app.close({ grace: 800 })
    expect(app.ready).toBe(false)
    // Not in some later turn: by the time close() gives its promise.
    expect(told).toEqual(['shutdown'])
    expect((await finite.reply('GET')).headers['connection']).toBe('close')
    await expect(within(hang.reply('GET'), 'the cut')).rejects.toThrow(CutError)
    const cutAfter = performance.now() - startedAt
    expect(cutAfter).toBeGreaterThan(750)
    expect(cutAfter).toBeLessThan(1600)
    await within(closed, 'close')
  })

  test('a second call with a shorter grace counts, and both settle', async () => {
    const app = makeApp()
    app.get('/hang', () => new Promise(() => {}))
    const { port } = await app.listen({ port: 0, signals: false })
    await (await open(port)).write('GET', '/hang')
    await wait(50)
    const startedAt = performance.now()
    const first = app.close({ grace: 60_000 })
    await wait(50)
    await within(Promise.all([first, app.close({ grace: 0 })]), 'both')
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  test('without anything to wait for it takes no time', async () => {
    const app = makeApp()
    app.get('/', () => 'x')
    const { port } = await app.listen({ port: 0, signals: false })
    for await (const _ of [(await (await open(port)).request('GET', '/')).bytes()]);
    const startedAt = performance.now()
    await app.close()
    expect(performance.now() - startedAt).toBeLessThan(300)
  })

  test('lets after() of a file that was just sent run before the lifespan ends', async () => {
    const order: string[] = []
    const app = new App({
      log: recorder([]),
      async *lifespan() {
        yield
        order.push('teardown')
      },
    })
    const closed: (() => void)[] = []
    app.get('/file', ({ after }) => {
      after(({ outcome }) => order.push(outcome))
      return reply.file({
        name: 'x.bin',
        open: async () => ({
          size: 3,
          read: async (target) => {
            target.set([1, 2, 3])
            return 3
          },
          // A store that takes its time to close.
          close: () => new Promise((resolve) => void closed.push(resolve)),
        }),
      })
    })
    const { port } = await app.listen({ port: 0, signals: false })
    const got = await (await open(port)).request('GET', '/file')
    while ((await got.bytes()) !== undefined);
    const ended = app.close({ grace: 5000 })
    await wait(150)
    expect(order).toEqual([])
    for (const close of closed) close()
    await within(ended, 'close')
    expect(order).toEqual(['complete', 'teardown'])
  })

  test('start that failed: listen() rejects, and rejects again', async () => {
    const app = new App({
      log: recorder([]),
      async *lifespan() {
        if (Date.now() > 0) throw new Error('no database')
        yield
      },
    })
    await expect(app.listen({ port: 0, signals: false })).rejects.toThrow('no database')
    await expect(app.listen({ port: 0, signals: false })).rejects.toThrow('no database')
    expect(app.ready).toBe(false)
    await app.close()
  })

  test('signals: listen() takes two listeners, and close() gives them back', async () => {
    const count = () => ['SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name))
    const before = count()
    const app = makeApp()
    app.get('/', () => 'x')
    const silent = makeApp()
    silent.get('/', () => 'x')
    await silent.listen({ port: 0, signals: false })
    expect(count()).toEqual(before)
    await app.listen({ port: 0 })
    await app.listen({ port: 0 })
    expect(count()).toEqual(before.map((n) => n + 1))
    await app.close()
    expect(count()).toEqual(before)
  })
})

describe('HTTP/2', () => {
  async function session(port: number): Promise<ClientHttp2Session> {
    const client = connectHttp2(`http://127.0.0.1:${port}`)
    client.on('error', () => {})
    cleanups.push(() => client.destroy())
    await once(client, 'connect')
    return client
  }

  interface Read {
    text: string
    /** Undefined for a clean end. */
    code?: number
    status?: number
  }

  function read(stream: ClientHttp2Stream): { first: Promise<unknown>; end: Promise<Read> } {
    const got: Read = { text: '' }
    stream.on('response', (headers) => void (got.status = headers[':status']!))
    stream.on('data', (bytes) => void (got.text += String(bytes)))
    stream.on('error', () => {})
    // Not events.once: it rejects at the stream's error, of which the code tells more.
    const event = (name: string) => new Promise<void>((resolve) => void stream.once(name, () => resolve()))
    const end = event('close').then(() =>
      stream.rstCode === constants.NGHTTP2_NO_ERROR ? got : { ...got, code: stream.rstCode },
    )
    return { first: event('data'), end }
  }

  test('GOAWAY, streams told, a finite one finished, a hung one reset', async () => {
    const app = makeApp()
    const told: unknown[] = []
    app.get('/sse', { streams: sse(z.number()) }, async function* ({ signal, sleep }) {
      signal.addEventListener('abort', () => told.push(signal.reason))
      yield 1
      await sleep(60_000)
    })
    app.get('/lines', { streams: jsonl(z.number()) }, async function* ({ sleep }) {
      yield 1
      await sleep(60_000)
    })
    app.get('/finite', async () => {
      await wait(200)
      return 'finite'
    })
    app.get('/hang', () => new Promise(() => {}))
    const { port } = await app.listen({ port: 0, http2: true, signals: false })
    const client = await session(port)
    let wentAway = Infinity
    client.on('goaway', () => (wentAway = Math.min(wentAway, performance.now())))
    const get = (path: string) => read(client.request({ ':path': path }))
    const [events, lines, finite, hang] = ['/sse', '/lines', '/finite', '/hang'].map(get)
    await events!.first
    await lines!.first

    const startedAt = performance.now()
    const closed = app.close({ grace: 700 })
    const ended = await within(events!.end, 'the event stream')
    expect(ended.code).toBe(undefined)
    expect(ended.text).toMatch(/^data: 1\n\nretry: \d{4}\n\n$/)
    const cut = await within(lines!.end, 'the lines')
    expect(cut.code).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    expect(JSON.parse(cut.text.split('\n')[1]!)).toMatchObject({ $error: { code: 'UNAVAILABLE' } })
    expect(performance.now() - startedAt).toBeLessThan(200)
    expect(told).toMatchObject([{ reason: 'shutdown' }])
    expect(await within(finite!.end, 'the finite one')).toEqual({ status: 200, text: 'finite' })
    expect(wentAway - startedAt).toBeLessThan(200)
    const reset = await within(hang!.end, 'the hung one')
    expect(reset.status).toBe(undefined)
    expect(performance.now() - startedAt).toBeGreaterThan(650)
    await within(closed, 'close')
    expect(performance.now() - startedAt).toBeLessThan(1200)
  })

  test('an idle session is not waited for', async () => {
    const app = makeApp()
    app.get('/', () => 'x')
    const { port } = await app.listen({ port: 0, http2: true, signals: false })
    const client = await session(port)
    expect(await read(client.request({ ':path': '/' })).end).toEqual({ status: 200, text: 'x' })
    const startedAt = performance.now()
    await within(app.close(), 'close')
    expect(performance.now() - startedAt).toBeLessThan(500)
    await until(() => client.closed || client.destroyed, 'the client knows')
  })
})

describe('app.fetch', () => {
  test('close waits for background work, and for the cleanup of a stream whose reader has left', async () => {
    const order: string[] = []
    const app = new App({
      log: recorder([]),
      async *lifespan() {
        yield
        order.push('teardown')
      },
    })
    app.get('/', { streams: text }, async function* ({ after, sleep }) {
      after(async () => {
        await wait(50)
        order.push('background')
      })
      try {
        yield 'x'
        await sleep(60_000)
      } finally {
        await wait(50)
        order.push('cleanup')
      }
    })
    const response = await app.fetch(new Request('http://localhost/'))
    const reader = response.body!.getReader()
    await reader.read()
    await reader.cancel()
    await app.close()
    expect(order).toEqual(['cleanup', 'background', 'teardown'])
  })
})
