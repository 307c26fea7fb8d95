/** Mistakes in declarations are found when they are made, also without the compiler. */
import { App, dependency, event, file, HttpError, jsonl, Router, sse } from 'millrace'
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
    // Of "1mb" nothing could be more: the limit would be off.
    ['a limit in words', { bodyLimit: '1mb' }, /"bodyLimit" takes bytes from 0 up, as a number, not "1mb"/],
    ['a limit that is no number', { bodyLimit: NaN }, /not NaN/],
    ['a time in words', { timeouts: { first: '10s' } }, /timeouts.first of GET \/x takes milliseconds/],
    ['a time below 0', { timeouts: { first: -3 } }, /not -3/],
    ['a phase that there is not', { timeouts: { frist: 3 } }, /"frist" is not an option/],
    ['a status in words', { status: '201' }, /"status" takes a number from 200 to 599, not "201"/],
    ['a status that is none', { status: 99 }, /not 99/],
    [
      'a policy that there is not',
      { onDisconnect: 'finsh' },
      /"onDisconnect" is one of stop, finish, not "finsh"/,
    ],
    ['middleware that is no list', { middleware: () => {} }, /"middleware" takes a list of functions/],
    ['a body that is none', { body: { n: 'number' } }, /GET \/x: "body" takes a schema/],
  ] as const) {
    test(`refuses ${what}`, () => expect(declare(options)).toThrow(message))
  }

  test('refuses options behind the handler', () =>
    expect(() => new App().get('/x', (() => 1) as never, { status: 201 } as never)).toThrow(
      /GET \/x: options go before the handler/,
    ))

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
    ['App', { timeouts: { first: '10s' } }, /timeouts.first of new App\(\) takes milliseconds/],
    ['App', { bodyLimit: '1mb' }, /bodyLimit takes bytes from 0 up, as a number, not "1mb"/],
    ['App', { fileMemory: -1 }, /fileMemory takes bytes from 0 up/],
    ['App', { unwindMs: '5' }, /unwindMs takes milliseconds/],
    ['App', { log: { error() {} } }, /log takes a logger .*; debug, info, warn is missing/],
    ['App', { middleware: [1] }, /"middleware" takes a list of functions/],
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
    [{ limits: { requests: '100' } }, /limits.requests takes a count from 0 up, as a number, not "100"/],
    [{ limits: { headerBytes: NaN } }, /limits.headerBytes takes bytes from 0 up, as a number, not NaN/],
    [{ port: NaN }, /port takes a whole number from 0 to 65535, not "NaN". From the environment/],
    [{ port: 'http' }, /not "http"/],
    [{ port: '' }, /not ""/],
    [{ port: 65_536 }, /not "65536"/],
  ] as const)('listen(%j)', (options, message) =>
    expect(new App().listen(options as never)).rejects.toThrow(message),
  )

  test('a port that is taken, and a key that is none, say what to do', async () => {
    const first = new App()
    const { port } = await first.listen({ port: 0, signals: false })
    await expect(new App().listen({ port, signals: false })).rejects.toThrow(
      /is taken \(EADDRINUSE\). Stop what listens there/,
    )
    await first.close()
    await expect(new App().listen({ port: 0, signals: false, tls: { key: 'x', cert: 'y' } })).rejects.toThrow(
      /tls.key and tls.cert must be the texts of a PEM key and its certificate/,
    )
  })

  test('the grace of close is a time', async () => {
    const grace = '5s' as never
    const message = /grace takes milliseconds from 0 up, as a number, not "5s"/
    const app = new App()
    await expect(app.close({ grace })).rejects.toThrow(message)
    const listening = await app.listen({ port: 0, signals: false })
    await expect(listening.close({ grace })).rejects.toThrow(message)
    await app.close()
  })

  test('include takes routers', () => {
    expect(() => new App().include(undefined as never)).toThrow(/not undefined: is it imported\?/)
    expect(() => new App().include((() => {}) as never)).toThrow(/include takes a router, not function/)
  })

  test('a port as the environment has it', async () => {
    const app = new App()
    const { port } = await app.listen({ port: '0' as never, signals: false })
    expect(port).toBeGreaterThan(0)
    await app.close()
  })
})

test('parts of declarations', () => {
  expect(() => file({ maxbytes: 3 } as never)).toThrow(/file: "maxbytes" is not an option/)
  expect(() => file({ maxBytes: '3' } as never)).toThrow(/maxBytes takes/)
  expect(() => sse(z.string(), { heartbeet: 3 } as never)).toThrow(/sse: "heartbeet" is not an option/)
  expect(() => sse(z.string(), { heartbeat: '3s' } as never)).toThrow(/"heartbeat" takes milliseconds/)
  expect(() => jsonl(z.string(), { heartbeat: 3 } as never)).toThrow(/jsonl: "heartbeat" is not an option/)
  expect(() => dependency({ scope: 'singleton' } as never, () => 1)).toThrow(
    /scope of a dependency is one of request, handler, app, not "singleton"/,
  )
  expect(() => sse(z.string(), { invalid: 'dorp' as never })).toThrow(/"invalid" is one of fail, drop/)
  expect(() => dependency({ scop: 'app' } as never, () => 1)).toThrow(/dependency: "scop" is not/)
  expect(() => new HttpError('NOT_FUND' as never)).toThrow(/not "NOT_FUND". For a code of your own/)
})

test('the id of an event is a string', async () => {
  const log: unknown[] = []
  const quiet = () => {}
  const app = new App({
    log: { debug: quiet, info: quiet, warn: quiet, error: (fields) => log.push(fields) },
  })
  app.get('/', { streams: sse() }, function* () {
    yield event(1, { id: 1 as never })
  })
  expect((await app.fetch(new Request('http://a/'))).status).toBe(500)
  expect(String((log[0] as { err: unknown }).err)).toMatch(/SSE id must be a string, not a number/)
  await app.close()
})

test('a replacement cannot need what it replaces, on whatever way', () => {
  const app = new App()
  const db = dependency(() => 1)
  const over = dependency({ use: { db } }, ({ db }) => db)
  const further = dependency({ use: { over } }, ({ over }) => over)
  expect(() => app.override(db, over)).toThrow(/the replacement needs "db", which is what it replaces/)
  expect(() => app.override(db, further)).toThrow(/needs "db"/)
  app.override(
    over,
    dependency(() => 2),
  )
  expect(() => app.override(db, further)).not.toThrow()
})

describe('a WebSocket', () => {
  test('refuses a handler without options in front', () =>
    expect(() => new App().websocket('/ws', (async () => {}) as never, undefined as never)).toThrow(
      /WebSocket \/ws takes an object with options first, and then the function: pass \{\} for none/,
    ))
  test('refuses a limit in words', () =>
    expect(() => socket({ messageLimit: '1mb' })).toThrow(/"messageLimit" takes bytes/))
  test('refuses a misspelt option', () =>
    expect(() => socket({ recieves: z.string() })).toThrow(/"recieves" is not/))
  test('refuses a generator, which would never run', () =>
    expect(() => socket({}, async function* () {})).toThrow(/not a generator/))
  test('takes its options', () =>
    expect(() => socket({ receives: z.string(), origins: ['*'] })).not.toThrow())
})
