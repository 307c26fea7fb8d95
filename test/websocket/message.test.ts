/** What goes over a socket: text, bytes, JSON; typed, and checked both ways. */
import { type } from 'arktype'
import { channel, type Message, type WebSocketConnection } from 'millrace'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { connect, serve, until } from './scene.ts'

type AnySchema = Parameters<typeof channel>[1]

/** Answers every message with what the handler was given, and its kind. */
const echo = (receives?: AnySchema) =>
  serve((app) => {
    app.websocket('/', receives === undefined ? {} : { receives }, async ({ socket }) => {
      for await (const message of socket as AsyncIterable<unknown>)
        await socket.send(
          message instanceof Uint8Array ? { bytes: [...message] } : ({ got: message } as never),
        )
    })
  })

describe('messages that nobody declared', () => {
  test('text is a string, binary a Uint8Array, and both go back as they are', async () => {
    const server = await serve((app) => {
      app.websocket('/', {}, async ({ socket }) => {
        for await (const message of socket) {
          expectTypeOf(message).toEqualTypeOf<Message>()
          expect(Buffer.isBuffer(message)).toBe(false)
          await socket.send(message)
        }
      })
    })
    const peer = await connect(server, '/')
    for (const text of ['', 'grün 🌊', 'x'.repeat(125), 'x'.repeat(126), 'ü'.repeat(40_000)]) {
      peer.send(text)
      expect(await peer.next()).toBe(text)
    }
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
      const bytes = Buffer.alloc(size, size % 251)
      peer.send(bytes)
      expect(bytes.equals((await peer.next()) as Buffer)).toBe(true)
    }
    expect(server.errors()).toEqual([])
  })

  test('objects go out as compact JSON, non-ASCII characters as they are', async () => {
    const server = await serve((app) => {
      app.websocket('/', {}, async ({ socket }) => socket.send({ a: [1, null], ü: '€' }))
    })
    expect(await (await connect(server, '/')).next()).toBe('{"a":[1,null],"ü":"€"}')
  })

  test('bytes may be changed by the handler once they were sent', async () => {
    const server = await serve((app) => {
      app.websocket('/', {}, async ({ socket }) => {
        const bytes = new Uint8Array([1, 2, 3])
        const sent = socket.send(bytes)
        bytes.fill(9)
        await sent
      })
    })
    expect(await (await connect(server, '/')).next()).toEqual(Buffer.from([1, 2, 3]))
  })
})

const STRINGS: [string, AnySchema][] = [
  ['zod', z.string()],
  ['valibot', v.string()],
  ['arktype', type('string')],
]
const OBJECTS: [string, AnySchema][] = [
  ['zod', z.object({ n: z.number() })],
  ['valibot', v.object({ n: v.number() })],
  ['arktype', type({ n: 'number' })],
]
const UNIONS: [string, AnySchema][] = [
  ['zod', z.union([z.string(), z.object({ n: z.number() })])],
  ['valibot', v.union([v.string(), v.object({ n: v.number() })])],
  ['arktype', type('string').or({ n: 'number' })],
]

describe('received messages', () => {
  test.each(STRINGS)('a schema of strings gets raw text: %s', async (_, schema) => {
    const peer = await connect(await echo(schema), '/')
    for (const text of ['hello', '"quoted"', '{"n":1}', '5', 'null', '', '[1']) {
      peer.send(text)
      expect(await peer.json()).toEqual({ got: text })
    }
  })

  test.each(OBJECTS)('a schema of objects gets JSON: %s', async (_, schema) => {
    const peer = await connect(await echo(schema), '/')
    peer.send('{"n":1}')
    expect(await peer.json()).toEqual({ got: { n: 1 } })
    peer.send(' \n{"n":2}')
    expect(await peer.json()).toEqual({ got: { n: 2 } })
    peer.send('{"n":"one"}')
    const { code, reason } = await peer.ended()
    expect(code).toBe(1007)
    expect(reason).toMatch(/^Message 2: .*n/)
  })

  test.each(OBJECTS)(
    'what is not JSON, and binary, is refused by a schema of objects: %s',
    async (_, schema) => {
      const server = await echo(schema)
      for (const message of ['hello', '{"n":1', Buffer.from('{"n":1}')]) {
        const peer = await connect(server, '/')
        peer.send(message)
        expect(await peer.ended()).toMatchObject({
          code: 1007,
          reason: expect.stringMatching(/^Message 0: ./),
        })
      }
      expect(server.errors()).toEqual([])
    },
  )

  test.each(UNIONS)('a schema of both gets whichever fits: %s', async (_, schema) => {
    const peer = await connect(await echo(schema), '/')
    for (const [sent, got] of [
      ['{"n":1}', { n: 1 }],
      ['hello', 'hello'],
      ['"quoted"', '"quoted"'],
      ['{"m":1}', '{"m":1}'],
      ['{broken', '{broken'],
      ['5', '5'],
      ['true', 'true'],
      ['', ''],
    ] as const) {
      peer.send(sent)
      expect(await peer.json(), sent).toEqual({ got })
    }
  })

  test.each([
    ['enum', z.enum(['on', 'off']), 'on', 'on'],
    ['literals', type('"a" | "b"'), 'b', 'b'],
    ['number', z.number(), '5', 5],
    ['coerced number', z.coerce.number(), '5', 5],
    ['nullable string', z.string().nullable(), 'null', null],
    [
      'union of objects',
      z.discriminatedUnion('t', [z.object({ t: z.literal(1) }), z.object({ t: z.literal(2) })]),
      '{"t":2}',
      { t: 2 },
    ],
    ['morph of a string', type('string.json.parse'), '{"a":1}', { a: 1 }],
    ['transform', z.string().transform((s) => s.length), 'four', 4],
    ['asynchronous', z.string().refine(async (s) => s !== 'no'), 'yes', 'yes'],
    ['date', z.coerce.date().transform((d) => d.getUTCFullYear()), '2026-01-01', 2026],
    ['anything', z.unknown(), '{"a":[1]}', { a: [1] }],
  ])('%s', async (_, schema, sent, got) => {
    const peer = await connect(await echo(schema as AnySchema), '/')
    peer.send(sent)
    expect(await peer.json()).toEqual({ got })
  })

  test('binary for a schema that takes bytes', async () => {
    const peer = await connect(await echo(z.instanceof(Uint8Array)), '/')
    peer.send(Buffer.from([1, 2]))
    expect(await peer.json()).toEqual({ bytes: [1, 2] })
    peer.send('text')
    expect((await peer.ended()).code).toBe(1007)
  })

  test('the reason of a 1007 names the place, and fits into a close frame whatever the validator says', async () => {
    const schema = z.object({ items: z.array(z.object({ id: z.number('ü'.repeat(200)) })) })
    const peer = await connect(await echo(schema), '/')
    peer.send({ items: [{ id: 1 }, { id: 'x' }] })
    const { code, reason } = await peer.ended()
    expect(code).toBe(1007)
    expect(reason).toMatch(/^Message 0: items\.1\.id: ü+$/)
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
  })

  test('a message that is nested too deeply is refused, and not reported', async () => {
    const comment: z.ZodType = z.object({ reply: z.lazy(() => comment.optional()) })
    const server = await echo(comment)
    for (const depth of [129, 30_000]) {
      const peer = await connect(server, '/')
      peer.send(`${'{"reply":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`)
      expect(await peer.ended()).toMatchObject({
        code: 1007,
        reason: expect.stringContaining('128 levels') as unknown,
      })
    }
    expect(server.errors()).toEqual([])
  })

  test('__proto__ pollutes nothing', async () => {
    const peer = await connect(await echo(z.object({ n: z.number().optional() })), '/')
    peer.send('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
    expect(await peer.json()).toEqual({ got: {} })
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('the handler that reads an invalid message sees its loop end, and learns why', async () => {
    const seen: unknown[] = []
    const server = await serve((app) => {
      app.websocket('/', { receives: z.object({}) }, async ({ socket, after }) => {
        after(({ outcome, error }) => seen.push(outcome, (error as Error).message))
        for await (const message of socket) seen.push(message)
        seen.push((await socket.closed).code)
      })
    })
    const peer = await connect(server, '/')
    peer.send({})
    peer.send('nonsense')
    await peer.ended()
    await until(() => seen.length === 4, 'after() ran')
    expect(seen).toEqual([{}, 1007, 'error', expect.stringContaining('Message 1: not valid JSON')])
  })
})

describe('sent messages', () => {
  test.each(OBJECTS)('are validated: what does not pass is thrown, and not sent: %s', async (_, sends) => {
    let thrown: unknown
    const server = await serve((app) => {
      app.websocket('/', { sends }, async ({ socket }) => {
        await socket.send({ n: 1 })
        thrown = await socket.send({ n: 'one' } as never).catch((error: unknown) => error)
        await socket.send({ n: 2 })
      })
    })
    const peer = await connect(server, '/')
    expect([await peer.json(), await peer.json(), await peer.next()]).toEqual([{ n: 1 }, { n: 2 }, undefined])
    expect(await peer.ended()).toEqual({ code: 1000, reason: '' })
    expect(thrown).toMatchObject({
      name: 'SchemaMismatch',
      message: expect.stringMatching(/A message to send.*n/),
    })
  })

  test('are what the schema makes of them', async () => {
    const server = await serve((app) => {
      app.websocket('/', { sends: z.object({ at: z.date().transform((d) => d.getTime()) }) }, ({ socket }) =>
        socket.send({ at: new Date(5), secret: 'stays here' } as { at: Date }),
      )
    })
    expect(await (await connect(server, '/')).next()).toBe('{"at":5}')
  })

  test('keep their order, also when nobody awaits them', async () => {
    const server = await serve((app) => {
      app.websocket('/', { sends: z.number() }, async ({ socket }) => {
        for (let i = 0; i < 500; i++) void socket.send(i)
      })
    })
    const peer = await connect(server, '/')
    expect(await peer.take(500)).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
  })

  test('a mismatch that nobody awaits is logged, and ends neither the process nor the socket', async () => {
    const server = await serve((app) => {
      app.websocket('/', { sends: z.number() }, async ({ socket }) => {
        void socket.send('x' as never)
        await socket.send(1)
      })
    })
    expect(await (await connect(server, '/')).next()).toBe('1')
    expect(server.errors()).toEqual([expect.stringContaining('A message to send')])
  })

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a BigInt', 1n],
  ])('%s cannot be sent, and the handler is told', async (_, value) => {
    let thrown: unknown
    const server = await serve((app) => {
      app.websocket('/', {}, async ({ socket }) => {
        thrown = await socket.send(value).catch((error: unknown) => error)
      })
    })
    expect((await (await connect(server, '/')).ended()).code).toBe(1000)
    expect(thrown).toBeInstanceOf(TypeError)
  })
})

test('types: both ways, inferred from the route', async () => {
  await serve((app) => {
    const In = z.object({ a: z.coerce.number<string>() })
    const Out = v.object({ b: v.string() })
    app.websocket('/rooms/:id', { receives: In, sends: Out }, async ({ socket, params }) => {
      expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>()
      expectTypeOf(socket).toEqualTypeOf<WebSocketConnection<{ a: number }, { b: string }>>()
      for await (const message of socket) expectTypeOf(message).toEqualTypeOf<{ a: number }>()
      // @ts-expect-error -- b is a string
      await socket.send({ b: 1 })
      socket.follow(channel('right', Out))
      // @ts-expect-error -- what the channel carries is not what the route sends
      socket.follow(channel('wrong', z.number()))
    })
    // @ts-expect-error -- a misspelt option
    expect(() => app.websocket('/misspelt', { recieves: In }, () => {})).toThrow(/is not an option/)
  })
})
