/** Streams: everything that can be streamed, in every format, delivered as it is produced. */
import { Readable } from 'node:stream'
import { bytes, event, jsonl, reply, sse, text } from 'millrace'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Behaviour, behaviour, expectCut, expectProblem, wait, within } from './transport.ts'

async function* generator() {
  yield 'a'
  await wait(1)
  yield 'b'
  yield 'c'
}

/** A hand-written iterator, without return() and throw(). */
function handWritten(): AsyncIterableIterator<string> {
  const items = ['a', 'b', 'c']
  return {
    next: async () => {
      const value = items.shift()
      return value === undefined ? { done: true, value: undefined } : { done: false, value }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

const SOURCES: Record<string, () => AsyncIterable<string> | Iterable<string> | ReadableStream<string>> = {
  'async generator': generator,
  'sync generator': function* () {
    yield 'a'
    yield* ['b', 'c']
  },
  'hand-written iterator': handWritten,
  'iterable that makes a new iterator': () => ({ [Symbol.asyncIterator]: () => generator() }),
  'sync iterable': () => new Set(['a', 'b', 'c']),
  'web stream': () =>
    new ReadableStream({
      start(controller) {
        for (const piece of ['a', 'b', 'c']) controller.enqueue(piece)
        controller.close()
      },
    }),
  'Node stream': () => Readable.from([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]),
}

const Row = z.object({ n: z.number() })

export const streamBehaviours: Behaviour[] = [
  ...Object.entries(SOURCES).flatMap(([name, source]) => [
    behaviour(`${name}: chunks arrive in order and end cleanly`, async ({ create, open }) => {
      const app = create()
      app.get('/made', () => reply.stream(source(), { mediaType: 'text/plain', status: 202 }))
      app.get('/declared', { streams: text }, () => source())
      const link = await open(app)
      const made = await link.request('GET', '/made')
      expect([made.status, made.headers['content-type']]).toEqual([202, 'text/plain'])
      expect(made.headers['content-length']).toBeUndefined()
      expect(await made.text()).toBe('abc')
      // A text stream takes strings: a Node stream of buffers is bytes.
      if (name !== 'Node stream') expect(await (await link.request('GET', '/declared')).text()).toBe('abc')
    }),
  ]),

  behaviour('what has no length says so, a given length is kept', async ({ create, open }) => {
    const app = create()
    app.get('/unknown', () => reply.stream(['a']))
    app.get('/known', () => reply.stream(['ab', 'cd'], { length: 4 }))
    const link = await open(app)
    const unknown = await link.request('GET', '/unknown')
    expect([unknown.headers['content-length'], await unknown.text()]).toEqual([undefined, 'a'])
    const known = await link.request('GET', '/known')
    expect([known.headers['content-length'], await known.text()]).toEqual(['4', 'abcd'])
  }),

  behaviour('a stream that differs from its stated length is cut', async ({ create, open }) => {
    const app = create()
    app.get('/short', () => reply.stream(['ab'], { length: 4 }))
    app.get('/long', () => reply.stream(['ab', 'cdef'], { length: 4 }))
    const link = await open(app)
    await expectCut(await link.request('GET', '/short'), 'ab')
    let seen = ''
    const read = async () => {
      const long = await link.request('GET', '/long')
      for (let piece = await long.next(); piece !== undefined; piece = await long.next()) seen += piece
    }
    // Of what is too long nothing beyond the promise may be seen; that there is an error may be.
    await within(read(), 'the end').catch(() => {})
    expect('abcd'.startsWith(seen)).toBe(true)
  }),

  behaviour('formats: text, bytes, JSON Lines and events', async ({ create, open }) => {
    const app = create()
    app.get('/text', { streams: text }, function* () {
      yield 'ü'
      yield ''
      yield '\n'
    })
    app.get('/bytes', { streams: bytes('video/mp4') }, function* () {
      yield new Uint8Array([104])
      yield Buffer.from('i')
      yield new Uint8Array(0)
      yield new Uint8Array(new DataView(new TextEncoder().encode('x!').buffer, 1).buffer, 1)
    })
    app.get('/jsonl', { streams: jsonl(Row) }, function* () {
      yield { n: 1, secret: 'x' } as { n: number }
      yield event({ n: 2 }, { id: '2' })
    })
    app.get('/sse', { streams: sse(Row) }, function* () {
      yield { n: 1, secret: 'x' } as { n: number }
      yield event({ n: 2 }, { id: '2', event: 'row', retry: 50 })
    })
    const link = await open(app)
    const got = async (path: string) => {
      const received = await link.request('GET', path)
      return [received.headers['content-type'] as string, await received.text()] as const
    }
    expect(await got('/text')).toEqual(['text/plain; charset=utf-8', 'ü\n'])
    expect(await got('/bytes')).toEqual(['video/mp4', 'hi!'])
    expect(await got('/jsonl')).toEqual(['application/jsonl', '{"n":1}\n{"n":2}\n'])
    const [type, events] = await got('/sse')
    expect(type).toBe('text/event-stream')
    const frames = events.split('\n\n').filter((frame) => frame !== '')
    expect(frames.map((frame) => frame.split('\n').sort())).toEqual([
      ['data: {"n":1}'],
      ['data: {"n":2}', 'event: row', 'id: 2', 'retry: 50'],
    ])
  }),

  behaviour('Accept chooses between formats of one generator', async ({ create, open }) => {
    const app = create()
    app.get('/', { streams: [jsonl(Row), sse(Row)] }, function* () {
      yield { n: 1 }
    })
    const link = await open(app)
    const type = async (accept: string | undefined) => {
      const got = await link.request('GET', '/', accept === undefined ? {} : { headers: { accept } })
      expect(got.headers['vary']).toBe('Accept')
      await got.text()
      return got.status === 200 ? got.headers['content-type'] : got.status
    }
    expect(await type(undefined)).toBe('application/jsonl')
    expect(await type('*/*')).toBe('application/jsonl')
    expect(await type('text/event-stream')).toBe('text/event-stream')
    expect(await type('text/*, application/jsonl;q=0.5')).toBe('text/event-stream')
    expect(await type('application/x-ndjson')).toBe('application/x-ndjson')
    expect(await type('application/jsonl;q=0, application/x-ndjson;q=0, */*')).toBe('text/event-stream')
    expect(await type('image/png')).toBe(406)
    await expectProblem(await link.request('GET', '/', { headers: { accept: 'image/png' } }), 406)
    const head = await link.request('HEAD', '/', { headers: { accept: 'text/event-stream' } })
    expect(head.headers['content-type']).toBe('text/event-stream')
  }),

  behaviour('without a format the first item decides', async ({ create, open }) => {
    const app = create()
    const sources: Record<string, () => unknown> = {
      strings: () => generator(),
      bytes: async function* () {
        yield new Uint8Array([104, 105])
      },
      objects: function* () {
        yield { n: 1 }
        yield [2]
        yield null
      },
      nothing: async function* () {},
      web: () => new Response('abc').body,
      node: () => Readable.from([Buffer.from('abc')]),
    }
    for (const [name, source] of Object.entries(sources)) app.get(`/${name}`, source)
    app.get('/generator', async function* () {
      yield 'direct'
    })
    app.get('/set', () => new Set([1]))
    const link = await open(app)
    const got = async (name: string) => {
      const received = await link.request('GET', `/${name}`)
      return [received.headers['content-type'], await received.text()]
    }
    expect(await got('strings')).toEqual(['text/plain; charset=utf-8', 'abc'])
    expect(await got('generator')).toEqual(['text/plain; charset=utf-8', 'direct'])
    expect(await got('bytes')).toEqual(['application/octet-stream', 'hi'])
    expect(await got('objects')).toEqual(['application/jsonl', '{"n":1}\n[2]\nnull\n'])
    expect((await got('nothing'))[1]).toBe('')
    expect(await got('web')).toEqual(['application/octet-stream', 'abc'])
    expect(await got('node')).toEqual(['application/octet-stream', 'abc'])
    // A Set is no stream, and has no JSON form either.
    await expectProblem(await link.request('GET', '/set'), 500)
  }),

  behaviour('an empty stream and a generator that returns early end cleanly', async ({ create, open }) => {
    const app = create()
    app.get('/empty', { streams: text }, async function* () {})
    app.get('/early', { streams: text }, async function* () {
      for (;;) {
        yield 'one'
        return
      }
    })
    const link = await open(app)
    const empty = await link.request('GET', '/empty')
    expect([empty.status, await empty.text()]).toEqual([200, ''])
    expect(await (await link.request('GET', '/early')).text()).toBe('one')
  }),

  behaviour('each item arrives before the next one is produced', async ({ create, open }) => {
    const app = create()
    let go = () => {}
    app.get('/', { streams: [text, jsonl(), sse()] }, async function* () {
      for (let i = 0; i < 4; i++) {
        const gate = new Promise<void>((resolve) => {
          go = resolve
        })
        yield `item ${i};`
        await gate
      }
    })
    const link = await open(app)
    for (const accept of ['text/plain', 'application/jsonl', 'text/event-stream']) {
      const got = await link.request('GET', '/', { headers: { accept } })
      for (let i = 0; i < 4; i++) {
        const piece = await within(got.next(), `item ${i} as ${accept}`)
        expect(piece).toContain(`item ${i};`)
        go()
      }
      expect(await within(got.next(), 'the end')).toBeUndefined()
    }
  }),

  behaviour(
    'status and headers may be set until the first item, and throw after',
    async ({ create, open }) => {
      const app = create()
      let late: unknown
      app.get('/', { streams: text }, async function* ({ head }) {
        await wait(1)
        head.status = 201
        head.set('x-a', '1')
        yield 'first'
        try {
          head.set('x-b', '2')
        } catch (error) {
          late = error
        }
        yield 'second'
      })
      const got = await (await open(app)).request('GET', '/')
      expect([got.status, got.headers['x-a'], await got.text()]).toEqual([201, '1', 'firstsecond'])
      expect(String(late)).toContain('sent already')
    },
  ),

  behaviour('the head of an event stream does not wait for a first event that is late', async (scene) => {
    const app = scene.create()
    let go = () => {}
    app.get('/', { streams: sse() }, async function* () {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      yield 1
    })
    const got = await within((await scene.open(app)).request('GET', '/'), 'the head')
    expect(got.status).toBe(200)
    go()
    expect(await within(got.text(), 'the event')).toContain('data: 1')
  }),

  behaviour(
    'a long stream arrives whole, through microtask-only generators too',
    async ({ create, open }) => {
      const app = create()
      app.get('/async', { streams: text }, async function* () {
        for (let i = 0; i < 20_000; i++) yield `line ${i}\n`
      })
      app.get('/sync', { streams: text }, function* () {
        for (let i = 0; i < 20_000; i++) yield `line ${i}\n`
      })
      app.get('/big', { streams: bytes() }, function* () {
        for (let i = 0; i < 16; i++) yield new Uint8Array(100_000).fill(97 + i)
      })
      const link = await open(app)
      const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('')
      expect((await (await link.request('GET', '/async')).text()) === lines).toBe(true)
      expect((await (await link.request('GET', '/sync')).text()) === lines).toBe(true)
      const big = await (await link.request('GET', '/big')).text()
      const wanted = Array.from({ length: 16 }, (_, i) => String.fromCharCode(97 + i).repeat(100_000)).join(
        '',
      )
      expect(big === wanted).toBe(true)
    },
  ),

  behaviour('many streams at once do not mix', async ({ create, open }) => {
    const app = create()
    app.get('/:name', { streams: text }, async function* ({ params }) {
      for (let i = 0; i < 50; i++) {
        yield params.name
        if (i % 7 === 0) await wait(0)
      }
    })
    const link = await open(app)
    const names = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i))
    const texts = await Promise.all(names.map(async (name) => (await link.request('GET', `/${name}`)).text()))
    expect(texts).toEqual(names.map((name) => name.repeat(50)))
  }),
]
