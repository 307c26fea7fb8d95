/** Mistakes in declarations are found when they are made, also without the compiler. */
import { App, Router, sse } from 'millrace'
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

describe('an app, a router and a server', () => {
  test.each([
    ['App', { titel: 'x' }, /new App\(\): "titel" is not an option. There are: title, /],
    ['App', { timeouts: { frist: 1 } }, /timeouts of new App\(\): "frist" is not an option/],
    ['App', 'Shop', /new App\(\) takes an object with options, not Shop/],
    ['Router', { prefx: '/a' }, /new Router\(\): "prefx" is not an option. There are: prefix, tags/],
    ['Router', { title: 'x' }, /"title" is not an option/],
  ] as const)('%s(%j)', (name, options, message) =>
    expect(() => (name === 'App' ? new App(options as never) : new Router(options as never))).toThrow(
      message,
    ),
  )

  test.each([
    [8123, /listen takes an object. Write listen\(\{ port: 8123 \}\)/],
    [{ prot: 1 }, /listen: "prot" is not an option/],
    [{ limits: { conections: 1 } }, /limits of listen: "conections" is not an option/],
    [{ port: NaN }, /port takes a whole number from 0 to 65535, not "NaN". From the environment/],
    [{ port: 'http' }, /not "http"/],
    [{ port: '' }, /not ""/],
    [{ port: 65_536 }, /not "65536"/],
  ] as const)('listen(%j)', (options, message) =>
    expect(new App().listen(options as never)).rejects.toThrow(message),
  )

  test('a port as the environment has it', async () => {
    const app = new App()
    const { port } = await app.listen({ port: '0' as never, signals: false })
    expect(port).toBeGreaterThan(0)
    await app.close()
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
