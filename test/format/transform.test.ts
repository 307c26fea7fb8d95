/**
 * Streams that middleware transforms keep their contract: what the server has to say besides items goes
 * through the transforms as well, and what they fail with before their first chunk is a real status.
 */
import { HttpError, jsonl, type Middleware, reply, sse, text } from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { until, wait, within } from '../contract/transport.ts'
import { read, scene } from './scene.ts'

type Chunks = AsyncIterable<string | Uint8Array>
type Transform = (chunks: Chunks) => AsyncIterable<string | Uint8Array>

const transforming =
  (transform: Transform): Middleware =>
  async (_, next) => {
    const made = await next()
    return made.body.kind === 'stream' ? made.transform(transform) : made
  }

/** Marks whatever passes it, so that what went round it would show. */
const marking = (mark: string) =>
  transforming(async function* (chunks) {
    for await (const chunk of chunks) yield String(chunk).replaceAll('\n\n', `\n:${mark}\n\n`)
  })

const TWO = [marking('outer'), marking('inner')]
const MARKS = '\n:inner\n:outer\n\n'

describe('what is said besides items goes through the transforms', () => {
  test('heartbeats, which are no items', async () => {
    const { app, get, endings } = scene()
    app.get(
      '/',
      { streams: sse(z.number(), { heartbeat: 60 }), middleware: TWO },
      async function* ({ sleep }) {
        yield 1
        await sleep(300)
        yield 2
      },
    )
    const { text: wire, cut } = await read(await get('/'))
    expect(cut).toBe(false)
    const events = wire.split('\n\n').map((event) => event.replace('\n:inner\n:outer', ''))
    expect(events.length).toBeGreaterThan(5)
    expect(new Set(events)).toEqual(new Set(['data: 1', ': ', 'data: 2', '']))
    expect(wire.split(MARKS)).toHaveLength(events.length)
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]).toMatchObject({ outcome: 'complete', items: 2 })
  })

  test('no heartbeat comes while the stream is busy', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse(z.number(), { heartbeat: 200 }), middleware: TWO }, async function* (c) {
      for (let n = 0; n < 20; n++) {
        yield n
        await c.sleep(25)
      }
    })
    expect((await read(await get('/'))).text).not.toContain(': \n')
  })

  test('heartbeats do not keep an idle stream alive, and its last word goes through too', async () => {
    const { app, get, endings } = scene({ timeouts: { idle: 400 } })
    let unwound = false
    app.get('/', { streams: sse(z.number(), { heartbeat: 50 }), middleware: TWO }, async function* (c) {
      try {
        yield 1
        await c.sleep(60_000)
      } finally {
        unwound = true
      }
    })
    const { text: wire, cut } = await within(read(await get('/')), 'the cut')
    expect(cut).toBe(true)
    expect(wire.match(/^: $/gm)!.length).toBeGreaterThan(3)
    expect(wire).toMatch(/event: error\ndata: \{.*"code":"IDLE_TIMEOUT".*\}\n:inner\n:outer\n\n$/)
    await until(() => unwound && endings.length === 1, 'it unwinds')
    expect(endings[0]).toMatchObject({ outcome: 'timeout', items: 1 })
  })

  test('items that come while nothing is written of them count', async () => {
    const { app, get, endings } = scene({ timeouts: { idle: 400 } })
    const gathering = transforming(async function* (chunks) {
      let held = ''
      for await (const chunk of chunks) held += String(chunk)
      yield held
    })
    const format = jsonl(z.number(), { invalid: 'drop' })
    app.get('/', { streams: format, middleware: [gathering] }, async function* (c) {
      for (let n = 0; n < 8; n++) {
        yield (n === 3 ? 'no number' : n) as number
        await c.sleep(100)
      }
    })
    expect(await read(await get('/'))).toEqual({ text: '0\n1\n2\n4\n5\n6\n7\n', cut: false })
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]).toMatchObject({ outcome: 'complete', items: 7, dropped: 1 })
  })

  test('the farewell of an event stream that is old: a clean end', async () => {
    const { app, get, endings, log } = scene()
    app.get('/', { streams: sse(z.number(), { maxAge: 200 }), middleware: TWO }, async function* (c) {
      yield 1
      await c.sleep(60_000)
    })
    const { text: wire, cut } = await within(read(await get('/')), 'the end')
    expect(cut).toBe(false)
    expect(wire).toMatch(/^data: 1\n:inner\n:outer\n\nretry: \d{4}\n:inner\n:outer\n\n$/)
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]).toMatchObject({ outcome: 'timeout', items: 1 })
    expect(log).toEqual([])
  })

  test.each([
    ['text/event-stream', false, /^data: 1\n:inner\n:outer\n\nretry: \d{4}\n:inner\n:outer\n\n$/],
    ['application/jsonl', true, /^1\n\{"\$error":\{.*"code":"UNAVAILABLE".*\}\}\n$/],
  ])('at shutdown: %s', async (accept, isCut, wanted) => {
    const { app, get, endings, log } = scene()
    const reasons: unknown[] = []
    app.get('/', { streams: [sse(z.number()), jsonl(z.number())], middleware: TWO }, async function* (c) {
      c.signal.addEventListener('abort', () => reasons.push((c.signal.reason as { reason: string }).reason))
      yield 1
      await c.sleep(60_000)
    })
    const got = await get('/', accept)
    const reading = read(got)
    await wait(100)
    const closing = app.close({ grace: 5000 })
    const { text: wire, cut } = await within(reading, 'the end')
    expect([cut, reasons]).toEqual([isCut, ['shutdown']])
    expect(wire).toMatch(wanted)
    await within(closing, 'the close', 1500)
    expect(endings[0]).toMatchObject({ outcome: 'shutdown', items: 1 })
    expect(log).toEqual([])
  })

  test('a transform that hangs is waited for a moment only, and the end is no clean one', async () => {
    const { app, get } = scene()
    const hanging = transforming(async function* (chunks) {
      for await (const chunk of chunks) {
        yield chunk
        await wait(60_000)
      }
    })
    app.get('/', { streams: sse(z.number(), { maxAge: 100 }), middleware: [hanging] }, async function* (c) {
      yield 1
      await c.sleep(60_000)
    })
    expect(await within(read(await get('/')), 'the cut')).toEqual({ text: 'data: 1\n\n', cut: true })
  })

  test('one that swallows the last word of a timeout, and ends, is cut all the same', async () => {
    const { app, get, endings } = scene({ timeouts: { idle: 150 } })
    const swallowing = transforming(async function* (chunks) {
      try {
        for await (const chunk of chunks) yield chunk
      } catch {
        yield 'as if nothing had happened\n'
      }
    })
    app.get('/', { streams: text, middleware: [swallowing] }, async function* (c) {
      yield 'one\n'
      await c.sleep(60_000)
    })
    expect((await within(read(await get('/')), 'the cut')).cut).toBe(true)
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]!.outcome).toBe('timeout')
  })
})

describe('a transform that fails before its first chunk', () => {
  const refusing = transforming(async function* (chunks) {
    for await (const chunk of chunks) {
      if (String(chunk).includes('1')) throw new HttpError(403, { detail: 'Not this one.' })
      yield chunk
    }
  })

  test.each([
    ['text', text, '1'],
    ['jsonl', jsonl(), 1],
    ['sse', sse(), 1],
  ])('is a real status: %s', async (_, streams, item) => {
    const { app, get, endings } = scene()
    app.get(
      '/',
      { streams: streams as never, middleware: [marking('a'), refusing, marking('b')] },
      async function* () {
        yield item as never
        await wait(10)
      },
    )
    const got = await get('/')
    expect(got.status).toBe(403)
    expect((await read(got)).text).toContain('Not this one.')
    await until(() => endings.length === 1, 'the end')
    expect(endings[0]!.outcome).toBe('error')
  })

  test('can be answered by the middleware around it', async () => {
    const { app, get } = scene()
    const catching: Middleware = async (_, next) => {
      try {
        return await next()
      } catch (error) {
        return reply.text(`caught ${(error as HttpError).status}`)
      }
    }
    app.get('/', { streams: text, middleware: [catching, refusing] }, function* () {
      yield '1'
    })
    expect((await read(await get('/'))).text).toBe('caught 403')
  })

  test('so is a stream that middleware puts in the place of another', async () => {
    const { app, get } = scene()
    const replacing: Middleware = async (_, next) => {
      await next()
      return reply.stream(
        // oxlint-disable-next-line require-yield -- it fails before
        (async function* () {
          await wait(1)
          throw new HttpError(409)
        })(),
      )
    }
    app.get('/', { middleware: [replacing] }, () => 'x')
    expect((await get('/')).status).toBe(409)
  })

  test('HEAD runs none of it', async () => {
    const { app, request } = scene()
    app.get('/', { streams: text, middleware: [refusing] }, function* () {
      yield '1'
    })
    expect((await request('HEAD', '/')).status).toBe(200)
  })

  test('the head of an event stream is not later for a transform', async () => {
    const { app, get } = scene()
    app.get('/', { streams: sse(z.number()), middleware: TWO }, async function* (c) {
      await c.sleep(1500)
      yield 1
    })
    const startedAt = performance.now()
    expect((await get('/')).status).toBe(200)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})
