/** Items of every format: validated one by one, named by Accept, ended or cut. */
import {
  event,
  type Format,
  type ItemOptions,
  jsonArray,
  jsonl,
  jsonSeq,
  type Schema,
  sse,
  text,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { until } from '../contract/transport.ts'
import { read, scene } from './scene.ts'

const Item = z.object({ n: z.number() })

/** What the four have in common. */
type MakeFormat = (schema: Schema<{ n: number }>, options?: ItemOptions) => Format<{ n: number }>

const FORMATS = [
  ['JSON Lines', jsonl, 'application/jsonl'],
  ['a JSON text sequence', jsonSeq, 'application/json-seq'],
  ['a JSON array', jsonArray, 'application/json'],
  ['events', sse, 'text/event-stream'],
] as const satisfies [string, MakeFormat, string][]

describe.each<[string, MakeFormat, string]>(FORMATS)(
  'an item that does not pass its schema: %s',
  (_, format, type) => {
    function* items() {
      yield { n: 1 }
      yield { n: 'two' } as never
      yield { n: 3 }
      yield { n: 'four' } as never
      yield { n: 5 }
    }

    test('fails the stream, and the client can tell', async () => {
      const { app, get, log, endings } = scene()
      app.get('/', { streams: format(Item) }, items)
      const got = await get('/')
      expect(got.headers['content-type']).toBe(type)
      const { text: wire, cut } = await read(got)
      expect(cut).toBe(true)
      expect(wire).toContain('{"n":1}')
      expect(wire).not.toContain('"n":3')
      // What was wrong with it is for the log, not for the client.
      expect(wire).not.toContain('two')
      if (format !== jsonArray) expect(wire).toContain('"code":"INTERNAL"')
      await until(() => endings.length === 1, 'the end')
      expect(endings[0]).toMatchObject({ outcome: 'error', items: 1 })
      expect(String(log.find(({ level }) => level === 'error')?.fields['err'])).toContain('Item 1 of /')
    })

    test("is dropped under invalid: 'drop', and counted", async () => {
      const { app, get, log, endings } = scene()
      app.get('/', { streams: format(Item, { invalid: 'drop' }) }, items)
      const { text: wire, cut } = await read(await get('/'))
      expect(cut).toBe(false)
      expect([...wire.matchAll(/"n":(\d)/g)].map((match) => match[1])).toEqual(['1', '3', '5'])
      await until(() => endings.length === 1, 'the end')
      expect(endings[0]).toMatchObject({ outcome: 'complete', items: 3, dropped: 2 })
      expect(log.filter(({ level, message }) => level === 'warn' && /dropped/.test(message))).toHaveLength(2)
    })

    test('a first one is a 500', async () => {
      const { app, get } = scene()
      app.get('/', { streams: format(Item) }, function* () {
        yield { n: 'one' } as never
      })
      const got = await get('/')
      expect([got.status, got.headers['content-type']]).toEqual([500, 'application/problem+json'])
    })

    test('is what the schema makes of it, also an asynchronous one', async () => {
      const { app, get } = scene()
      const Doubled = z.object({ n: z.number() }).transform(async ({ n }) => ({ n: n * 2 }))
      app.get('/', { streams: format(Doubled) }, function* () {
        yield { n: 1, extra: true } as { n: number }
        yield { n: 2 }
      })
      const { text: wire } = await read(await get('/'))
      expect([...wire.matchAll(/\{.*?\}/g)].map(String)).toEqual(['{"n":2}', '{"n":4}'])
    })

    test('event metadata of a dropped item, and of formats that have none, goes nowhere', async () => {
      const { app, get } = scene()
      app.get('/', { streams: format(Item, { invalid: 'drop' }) }, function* () {
        yield event({ n: 'x' } as never, { id: 'lost' })
        yield event({ n: 1 }, { id: 'kept' })
      })
      const { text: wire } = await read(await get('/'))
      expect(wire).not.toContain('lost')
      expect(wire.includes('kept')).toBe(format === sse)
    })
  },
)

describe('JSON Lines', () => {
  test('as jsonl, or as x-ndjson if the client asks for that', async () => {
    const { app, get } = scene()
    app.get('/', { streams: jsonl(Item) }, function* () {
      yield { n: 1 }
      yield { n: 2 }
    })
    for (const [accept, type] of [
      [undefined, 'application/jsonl'],
      ['*/*', 'application/jsonl'],
      ['application/x-ndjson', 'application/x-ndjson'],
      ['application/x-ndjson, application/jsonl;q=0.5', 'application/x-ndjson'],
      // It has but one format, so there is nothing to refuse.
      ['image/png', 'application/jsonl'],
    ] as const) {
      const got = await get('/', accept)
      expect([accept, got.headers['content-type']]).toEqual([accept, type])
      expect((await read(got)).text).toBe('{"n":1}\n{"n":2}\n')
    }
  })

  test('end mark by option and by preference', async () => {
    const { app, get, request } = scene()
    app.get('/marked', { streams: jsonl(Item, { end: true }) }, function* () {
      yield { n: 1 }
    })
    app.get('/', { streams: jsonl(Item) }, function* () {
      yield { n: 1 }
    })
    expect((await read(await get('/marked'))).text).toBe('{"n":1}\n{"$end":true}\n')
    expect((await read(await get('/'))).text).toBe('{"n":1}\n')
    const preferred = await request('GET', '/', { headers: { prefer: 'stream-end' } })
    expect((await read(preferred)).text).toBe('{"n":1}\n{"$end":true}\n')
  })

  test('texts with every kind of line break stay on one line', async () => {
    const { app, get } = scene()
    const texts = ['a\nb', 'a\r\nb', '\u2028', '\u2029', '\u0085', '']
    app.get('/', { streams: jsonl(z.string()) }, () => texts)
    const lines = (await read(await get('/'))).text.split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual(texts)
  })
})

test('a JSON text sequence: RS, the text, LF; the end mark is one more', async () => {
  const { app, get } = scene()
  app.get('/', { streams: jsonSeq(Item, { end: true }) }, function* () {
    yield { n: 1 }
    yield { n: 2 }
  })
  const got = await get('/')
  expect(got.headers['content-type']).toBe('application/json-seq')
  expect((await read(got)).text).toBe('\x1e{"n":1}\n\x1e{"n":2}\n\x1e{"$end":true}\n')
})

describe('a JSON array', () => {
  test.each([[[]], [[{ n: 1 }]], [[{ n: 1 }, { n: 2 }, { n: 3 }]]])('is valid JSON: %j', async (items) => {
    const { app, request } = scene()
    app.get('/', { streams: jsonArray(Item) }, () => items)
    for (const headers of [{}, { prefer: 'stream-end' }]) {
      const got = await request('GET', '/', { headers })
      expect(got.headers['content-type']).toBe('application/json')
      expect(JSON.parse((await read(got)).text)).toEqual(items)
    }
  })

  test('item by item: each is on the wire before the next is made', async () => {
    const { app, get } = scene()
    let release = () => {}
    app.get('/', { streams: jsonArray(Item) }, async function* () {
      yield { n: 1 }
      await new Promise<void>((resolve) => (release = resolve))
      yield { n: 2 }
    })
    const got = await get('/')
    expect(String(await got.bytes())).toBe('[\n{"n":1}')
    release()
    expect((await read(got)).text).toBe(',\n{"n":2}\n]\n')
  })

  test('that fails is cut, and no valid JSON', async () => {
    const { app, get } = scene()
    app.get('/', { streams: jsonArray(Item) }, function* () {
      yield { n: 1 }
      throw new Error('fails')
    })
    const { text: wire, cut } = await read(await get('/'))
    expect([wire, cut]).toEqual(['[\n{"n":1}', true])
    expect(() => JSON.parse(wire)).toThrow(SyntaxError)
  })
})

describe('one generator in all formats', () => {
  const all = () => {
    const made = scene()
    made.app.get('/', { streams: [jsonl(Item), sse(Item), jsonSeq(Item), jsonArray(Item)] }, function* () {
      yield event({ n: 1 }, { id: 'a' })
    })
    return made
  }

  test.each([
    [undefined, 'application/jsonl', '{"n":1}\n'],
    ['*/*', 'application/jsonl', '{"n":1}\n'],
    ['application/jsonl', 'application/jsonl', '{"n":1}\n'],
    ['application/x-ndjson', 'application/x-ndjson', '{"n":1}\n'],
    ['text/event-stream', 'text/event-stream', 'id: a\ndata: {"n":1}\n\n'],
    ['text/*', 'text/event-stream', 'id: a\ndata: {"n":1}\n\n'],
    ['application/json-seq', 'application/json-seq', '\x1e{"n":1}\n'],
    ['application/json', 'application/json', '[\n{"n":1}\n]\n'],
    ['application/json;q=0.1, text/event-stream;q=0.9', 'text/event-stream', 'id: a\ndata: {"n":1}\n\n'],
    ['application/jsonl;q=0, */*', 'application/x-ndjson', '{"n":1}\n'],
  ])('Accept: %s', async (accept, type, wire) => {
    const got = await all().get('/', accept)
    expect([got.status, got.headers['content-type'], got.headers['vary']]).toEqual([200, type, 'Accept'])
    expect((await read(got)).text).toBe(wire)
  })

  test('none of them: 406, which varies too', async () => {
    const got = await all().get('/', 'image/png')
    expect([got.status, got.headers['vary']]).toEqual([406, 'Accept'])
    expect((await read(got)).text).toContain('application/jsonl')
  })

  test('JSON Lines alone go by two names, so they vary as well; what has one name does not', async () => {
    const { app, get } = scene()
    app.get('/lines', { streams: jsonl() }, () => [1])
    app.get('/array', { streams: jsonArray() }, () => [1])
    app.get('/inferred', function* () {
      yield { n: 1 }
    })
    const got = await get('/lines', 'application/x-ndjson')
    expect([got.headers['content-type'], got.headers['vary']]).toEqual(['application/x-ndjson', 'Accept'])
    expect((await get('/lines')).headers['vary']).toBe('Accept')
    expect((await get('/array')).headers['vary']).toBe(undefined)
    expect((await get('/inferred')).headers['vary']).toBe(undefined)
  })

  test('HEAD is negotiated like GET', async () => {
    const got = await all().request('HEAD', '/', { headers: { accept: 'text/event-stream' } })
    expect([got.headers['content-type'], got.headers['vary']]).toEqual(['text/event-stream', 'Accept'])
  })
})

test.each([
  ['jsonl', jsonl()],
  ['jsonSeq', jsonSeq()],
  ['jsonArray', jsonArray()],
  ['sse', sse()],
])('a promise is no item, though JSON.stringify would take it: %s', async (_, streams) => {
  const { app, get, log } = scene()
  app.get('/', { streams }, function* () {
    yield {}
    yield Promise.resolve({ n: 1 })
  })
  expect((await read(await get('/'))).cut).toBe(true)
  await until(() => log.length > 0, 'it is logged')
  expect(String(log[0]!.fields['err'])).toContain('await it')
})

test('text takes strings only, and says so', async () => {
  const { app, get, log } = scene()
  app.get('/', { streams: text }, function* () {
    yield 'a'
    yield 2 as never
  })
  expect(await read(await get('/'))).toEqual({ text: 'a', cut: true })
  await until(() => log.length > 0, 'it is logged')
  expect(String(log[0]!.fields['err'])).toContain('text stream takes strings')
})
