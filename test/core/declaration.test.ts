/** Mistakes in declarations are found when they are made, also without the compiler. */
import { App, sse } from 'millrace'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

// Whoever does not run the compiler can write anything.
const declare = (options: object) => () => new App().get('/x', options as never, (() => 1) as never)
const socket = (options: object, handler: unknown = async () => {}) =>
  new App().websocket('/ws', options as never, handler as never)

describe('a route', () => {
  for (const [what, options, message] of [
    ['a misspelt option', { bdy: z.string() }, /GET \/x: "bdy" is not an option/],
    ['a format that was not called', { streams: sse }, /Call it, for example sse\(Schema\)/],
    ['a format by its name', { streams: 'sse' }, /"streams" takes formats/],
    ['a schema that is none', { query: { n: 1 } }, /"query" must be a Standard Schema/],
    ['one value and many', { returns: z.string(), streams: sse() }, /Keep one of them/],
    ['a dependency that is none', { use: { db: () => 1 } }, /uses "db", which is no dependency/],
  ] as const) {
    test(`refuses ${what}`, () => expect(declare(options)).toThrow(message))
  }

  test('takes every option there is', () => {
    expect(
      declare({ params: z.object({}), streams: [sse()], status: 200, timeouts: {}, onDisconnect: 'stop' }),
    ).not.toThrow()
  })
})

describe('a WebSocket', () => {
  test('refuses a misspelt option', () =>
    expect(() => socket({ recieves: z.string() })).toThrow(/"recieves" is not/))
  test('refuses a generator, which would never run', () =>
    expect(() => socket({}, async function* () {})).toThrow(/not a generator/))
  test('takes its options', () =>
    expect(() => socket({ receives: z.string(), origins: ['*'] })).not.toThrow())
})
