/** Truthful endings: a stream that failed never looks like one that ended. */
import { Readable } from 'node:stream'
import { bytes, HttpError, jsonArray, jsonl, type Middleware, reply, sse, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectCut, expectProblem, type Scene, until, wait } from './transport.ts'

const plain: Middleware = (_, next) => next()
const asynchronous: Middleware = async (_, next) => {
  await wait(0)
  return next()
}
const transforming: Middleware = async (_, next) =>
  (await next()).transform(async function* (chunks) {
    for await (const chunk of chunks) yield chunk
  })

/** What may stand between a stream and its client. */
const STACKS: Record<string, readonly Middleware[]> = {
  'no middleware': [],
  'one middleware': [asynchronous],
  'ten middlewares': Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? plain : asynchronous)),
  'a middleware that transforms': [transforming],
  'transforms among others': [plain, transforming, asynchronous, transforming],
}

async function failsMidway(scene: Scene, middleware: readonly Middleware[]): Promise<void> {
  const app = scene.create({ middleware })
  app.get('/async', { streams: text }, async function* () {
    yield 'one '
    await wait(2)
    yield 'two '
    throw new Error('secret reason')
  })
  app.get('/sync', { streams: text }, function* () {
    yield 'one '
    yield 'two '
    throw new Error('secret reason')
  })
  app.get('/at-once', { streams: text }, async function* () {
    yield 'one two '
    throw new HttpError(409)
  })
  app.get('/web', () => {
    let pulled = 0
    const source = new ReadableStream<string>({
      pull(controller) {
        if (pulled++ < 2) controller.enqueue(['one ', 'two '][pulled - 1]!)
        else controller.error(new Error('secret reason'))
      },
    })
    return reply.stream(source, { mediaType: 'text/plain' })
  })
  app.get('/node', () => {
    let pulled = 0
    return new Readable({
      read() {
        pulled++
        if (pulled <= 2) setImmediate(() => this.push(Buffer.from(pulled === 1 ? 'one ' : 'two ')))
        else setImmediate(() => this.destroy(new Error('secret reason')))
      },
      highWaterMark: 1,
    })
  })
  app.get('/wrong-item', { streams: text }, function* () {
    yield 'one '
    yield 'two '
    yield 3 as unknown as string
  })
  const link = await scene.open(app)
  for (const path of ['/async', '/sync', '/at-once', '/web', '/node', '/wrong-item']) {
    const got = await link.request('GET', path)
    expect([path, got.status]).toEqual([path, 200])
    await expectCut(got, 'one two ')
  }
}

async function lastItem(scene: Scene, middleware: readonly Middleware[]): Promise<void> {
  const app = scene.create({ middleware })
  const Row = z.object({ n: z.number() })
  app.get('/', { streams: [jsonl(Row), sse(Row)] }, async function* () {
    yield { n: 1 }
    await wait(2)
    throw new HttpError(409, { detail: 'Somebody else was faster.' })
  })
  app.get('/secret', { streams: [jsonl(Row), sse(Row)] }, async function* () {
    yield { n: 1 }
    yield { n: 'hunter2' } as never
  })
  const link = await scene.open(app)
  const read = async (path: string, accept: string) => {
    const got = await link.request('GET', path, { headers: { accept } })
    let seen = ''
    for (;;) {
      const piece = await got.next().catch(() => null)
      if (piece === undefined) throw new Error(`${path} ended cleanly: ${seen}`)
      if (piece === null) return seen
      seen += piece
    }
  }
  const lines = (await read('/', 'application/jsonl')).trim().split('\n')
  expect(lines).toHaveLength(2)
  expect(JSON.parse(lines[1]!)).toMatchObject({
    $error: { status: 409, code: 'CONFLICT', detail: 'Somebody else was faster.' },
  })
  const frames = (await read('/', 'text/event-stream')).trim().split('\n\n')
  expect(frames[1]).toMatch(/^event: error\ndata: \{.*"code":"CONFLICT"/)
  for (const accept of ['application/jsonl', 'text/event-stream']) {
    const seen = await read('/secret', accept)
    expect(seen).toContain('"code":"INTERNAL"')
    expect(seen).not.toContain('hunter2')
  }
}

export const endingBehaviours: Behaviour[] = [
  ...Object.entries(STACKS).flatMap(([name, middleware]) => [
    behaviour(`a stream that fails is cut, through ${name}`, (scene) => failsMidway(scene, middleware)),

    behaviour(`JSON Lines and events end with an error item, through ${name}`, (scene) =>
      lastItem(scene, middleware),
    ),

    behaviour(`a JSON array is whole or cut, through ${name}`, async (scene) => {
      const app = scene.create({ middleware })
      app.get('/whole', { streams: jsonArray(z.number()) }, async function* () {
        yield 1
        await wait(1)
        yield 2
      })
      app.get('/fails', { streams: jsonArray(z.number()) }, async function* () {
        yield 1
        throw new Error('broken')
      })
      const link = await scene.open(app)
      expect(await (await link.request('GET', '/whole')).json()).toEqual([1, 2])
      const fails = await link.request('GET', '/fails')
      await expect(fails.json()).rejects.toThrow()
    }),

    behaviour(`an error before the first item is a real status, through ${name}`, async (scene) => {
      const app = scene.create({ middleware })
      const formats = { text, bytes: bytes(), jsonl: jsonl(), sse: sse() }
      for (const [format, streams] of Object.entries(formats)) {
        // oxlint-disable-next-line require-yield -- it fails before
        app.get(`/sync-${format}`, { streams }, function* () {
          throw new HttpError(403, { detail: 'Not yours.' })
        })
        // oxlint-disable-next-line require-yield -- it fails before
        app.get(`/async-${format}`, { streams }, async function* () {
          await wait(1)
          throw new HttpError(403, { detail: 'Not yours.' })
        })
      }
      // oxlint-disable-next-line require-yield -- it fails before
      app.get('/inferred', async function* () {
        throw new HttpError(403, { detail: 'Not yours.' })
      })
      const link = await scene.open(app)
      const paths = Object.keys(formats).flatMap((format) => [`/sync-${format}`, `/async-${format}`])
      for (const path of [...paths, '/inferred']) {
        const problem = await expectProblem(await link.request('GET', path), 403, 'FORBIDDEN')
        expect(problem['detail']).toBe('Not yours.')
      }
    }),
  ]),

  behaviour('a first item that cannot be sent is a 500, since nothing has left yet', async (scene) => {
    const app = scene.create()
    app.get('/text', { streams: text }, function* () {
      yield 1 as unknown as string
    })
    app.get('/jsonl', { streams: jsonl(z.object({ n: z.number() })) }, function* () {
      yield { n: 'x' } as never
    })
    const link = await scene.open(app)
    await expectProblem(await link.request('GET', '/text'), 500, 'INTERNAL')
    await expectProblem(await link.request('GET', '/jsonl'), 500, 'INTERNAL')
  }),

  behaviour('a Node stream that fails before its first bytes is a 500', async (scene) => {
    const app = scene.create()
    app.get('/', () => {
      const source = new Readable({ read() {} })
      setTimeout(() => source.destroy(new Error('secret reason')), 2)
      return source
    })
    app.get('/already', () => {
      const source = new Readable({ read() {} })
      source.destroy(new Error('secret reason'))
      return source
    })
    const link = await scene.open(app)
    await expectProblem(await link.request('GET', '/'), 500)
    await expectProblem(await link.request('GET', '/already'), 500)
  }),

  behaviour('a failed stream is logged with its route, and told to observers', async (scene) => {
    const told: unknown[] = []
    const app = scene.create({
      observers: [{ error: (request, error) => void told.push([request.route, String(error)]) }],
    })
    app.get('/feed/:id', { streams: text }, async function* () {
      yield 'one'
      await wait(1)
      throw new Error('it broke')
    })
    await expectCut(await (await scene.open(app)).request('GET', '/feed/7'), 'one')
    await until(() => scene.log.some(({ level }) => level === 'error'), 'the failure is logged')
    const entry = scene.log.find(({ level }) => level === 'error')!
    expect([entry.fields['route'], String(entry.fields['err'])]).toEqual(['/feed/:id', 'Error: it broke'])
    expect(told).toEqual([['/feed/:id', 'Error: it broke']])
  }),

  behaviour('what is no Error can be thrown too', async ({ create, open }) => {
    const app = create()
    const thrown = [undefined, null, 'text', 7, Object.create(null), Symbol('s')]
    app.get('/before/:i', ({ params }) => {
      throw thrown[Number(params.i)]
    })
    app.get('/after/:i', { streams: text }, async function* ({ params }) {
      yield 'one'
      throw thrown[Number(params.i)]
    })
    const link = await open(app)
    for (const i of thrown.keys()) {
      await expectProblem(await link.request('GET', `/before/${i}`), 500)
      await expectCut(await link.request('GET', `/after/${i}`), 'one')
    }
  }),
]
